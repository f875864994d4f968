# The functions' settings: a variable for each entry of functions/config.ts, with the same default.
# A test compares both sides. What is derived from resources, or makes sense only on a developer's
# machine, is listed in that test with the reason.

variable "calendar" {
  description = "Where appointments live: primary, the user's own calendar, or dedicated, one that the sync makes. Changing it asks every user to connect once more (README.md, Settings)."
  type        = string
  default     = "primary"

  validation {
    condition     = contains(["primary", "dedicated"], var.calendar)
    error_message = "primary or dedicated."
  }
}

variable "calendar_name" {
  description = "What a dedicated calendar is called when it is made. Users may rename theirs."
  type        = string
  default     = "CRM"

  validation {
    condition     = length(trimspace(var.calendar_name)) >= 1 && length(var.calendar_name) <= 100
    error_message = "1 to 100 characters."
  }
}

variable "conflict_policy" {
  description = "Who wins when both sides changed the same field: crm or google, per field, of all record types (title) or of one (contact.title). A field that is not named: crm."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for winner in values(var.conflict_policy) : contains(["crm", "google"], winner)])
    error_message = "Each value is crm or google, for example { place = \"google\" }."
  }
}

variable "google_changes_topic" {
  description = "Name of the topic with changes for the CRM (google-changes in the docs; Pub/Sub refuses names that begin with goog)."
  type        = string
  default     = "changes-from-google"

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9._~+%-]{2,254}$", var.google_changes_topic)) && !startswith(var.google_changes_topic, "goog")
    error_message = "A topic's name begins with a letter, has 3 to 255 letters, digits or - . _ ~ + %, and does not begin with goog, which Pub/Sub refuses."
  }
}

variable "invite_external" {
  description = "Write customers into events as guests too, not only colleagues. Nobody is mailed either way."
  type        = bool
  default     = false
  nullable    = false
}

variable "lease_seconds" {
  description = "How long a run holds a user before it must renew, in seconds: after a crash the user waits this long."
  type        = number
  default     = 60

  validation {
    condition     = var.lease_seconds >= 10 && floor(var.lease_seconds) == var.lease_seconds
    error_message = "A whole number of at least 10 seconds."
  }
}

variable "log_level" {
  description = "Least severity that is logged. Above info the metrics and alerts have nothing to count."
  type        = string
  default     = "info"

  validation {
    condition     = contains(["debug", "info", "warn", "error", "silent"], var.log_level)
    error_message = "One of debug, info, warn, error, silent."
  }
}

variable "notifications_url" {
  description = "Address of the googlePush function as Google reaches it, if it has a domain of its own. Empty: its own address on Cloud Run. none: no watch channels, Google is only polled."
  type        = string
  default     = ""

  validation {
    condition     = contains(["", "none"], var.notifications_url) || can(regex("^https://[^?#]+$", var.notifications_url))
    error_message = "none, or an address that begins with https://: Google notifies no other."
  }
}

variable "poll_seconds" {
  description = "Time between two polls of a user who has no watch channel, in seconds. Shorter is fresher and costs more (README.md, Cost)."
  type        = number
  default     = 300

  validation {
    condition     = var.poll_seconds >= 10 && floor(var.poll_seconds) == var.poll_seconds
    error_message = "A whole number of at least 10 seconds; below 60 it is rounded up by the minute's tick."
  }
}

variable "public_url" {
  description = "Address of the authorize function as browsers see it, if it has a domain of its own. Empty: its own address on Cloud Run."
  type        = string
  default     = ""

  validation {
    condition     = var.public_url == "" || can(regex("^https://[^/?#]+$", var.public_url))
    error_message = "https://host without a path."
  }
}

variable "records" {
  description = "The record types that are synchronised. Users are asked to permit just these; who has connected before is asked on his or her page, and the rest goes on meanwhile."
  type        = set(string)
  default     = ["appointment", "contact", "task"]
  nullable    = false

  validation {
    condition     = length(var.records) > 0 && length(setsubtract(var.records, ["appointment", "contact", "task"])) == 0
    error_message = "One or more of appointment, contact, task."
  }
}

variable "recurrence" {
  description = "What a series is for the CRM: occurrences, an appointment for each, or series, a record of its own with its exceptions beside it (README.md, Settings)."
  type        = string
  default     = "occurrences"

  validation {
    condition     = contains(["occurrences", "series"], var.recurrence)
    error_message = "occurrences or series."
  }
}

variable "run_seconds" {
  description = "After this many seconds a run stops taking new work. The functions' timeout and the ack deadline follow from it."
  type        = number
  default     = 240

  validation {
    condition     = var.run_seconds >= 10 && var.run_seconds <= 530 && floor(var.run_seconds) == var.run_seconds
    error_message = "A whole number from 10 to 530 seconds: Pub/Sub waits for a push 600 s at most."
  }
}

variable "safety_poll_seconds" {
  description = "Time between two polls of a calendar with a watch channel, in seconds, after a change; in quiet times it is twice that. Finds what a lost notification did not tell."
  type        = number
  default     = 43200

  validation {
    condition     = var.safety_poll_seconds >= 60 && floor(var.safety_poll_seconds) == var.safety_poll_seconds
    error_message = "A whole number of at least 60 seconds."
  }
}

variable "sync_user_topic" {
  description = "Name of the topic with one message for each user to synchronise."
  type        = string
  default     = "sync-user"

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9._~+%-]{2,254}$", var.sync_user_topic)) && !startswith(var.sync_user_topic, "goog")
    error_message = "A topic's name begins with a letter, has 3 to 255 letters, digits or - . _ ~ + %, and does not begin with goog, which Pub/Sub refuses."
  }
}

variable "token_secret_prefix" {
  description = "What the names of refresh tokens' secrets begin with. Rights are bound to it: no other secret of the project may begin so."
  type        = string
  default     = "crm-google-token"

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,100}$", var.token_secret_prefix)) && !startswith("oauth-client-id", var.token_secret_prefix) && !startswith("oauth-client-secret", var.token_secret_prefix)
    error_message = "1 to 100 letters, digits, - or _, and not the beginning of oauth-client-id or oauth-client-secret."
  }
}

variable "tombstone_days" {
  description = "How long deleted records are remembered, in days: an older echo of one could bring it back."
  type        = number
  default     = 90

  validation {
    condition     = var.tombstone_days >= 30 && floor(var.tombstone_days) == var.tombstone_days
    error_message = "A whole number of at least 30 days."
  }
}

variable "window_days_ahead" {
  description = "How far ahead entries are synchronised, in days."
  type        = number
  default     = 365

  validation {
    condition     = var.window_days_ahead >= 1 && var.window_days_ahead <= 3650 && floor(var.window_days_ahead) == var.window_days_ahead
    error_message = "A whole number of days from 1 to 3650."
  }
}

variable "window_days_back" {
  description = "How far back entries are synchronised, in days."
  type        = number
  default     = 30

  validation {
    condition     = var.window_days_back >= 0 && var.window_days_back <= 3650 && floor(var.window_days_back) == var.window_days_back
    error_message = "A whole number of days from 0 to 3650."
  }
}

locals {
  # The environment of every function; PUSH_AUDIENCE and PUSH_SERVICE_ACCOUNT are added in
  # functions.tf. No value here is a secret: secrets are named, and read when they are needed.
  _settings = {
    CALENDAR                   = var.calendar
    CALENDAR_NAME              = var.calendar_name
    CONFLICT_POLICY            = jsonencode(var.conflict_policy)
    GOOGLE_CHANGES_TOPIC       = var.google_changes_topic
    GOOGLE_CLOUD_PROJECT       = var.project_id
    INVITE_EXTERNAL            = tostring(var.invite_external)
    KMS_KEY                    = "projects/${var.project_id}/locations/${var.region}/keyRings/${google_kms_key_ring.sync.name}/cryptoKeys/${google_kms_crypto_key.tokens.name}"
    LEASE_SECONDS              = tostring(var.lease_seconds)
    LOG_LEVEL                  = var.log_level
    NOTIFICATIONS_URL          = var.notifications_url == "none" ? "" : var.notifications_url != "" ? var.notifications_url : local._urls["googlePush"]
    OAUTH_CLIENT_ID_SECRET     = "projects/${var.project_id}/secrets/${google_secret_manager_secret.oauth["oauth-client-id"].secret_id}/versions/${var.oauth_client_id_version}"
    OAUTH_CLIENT_SECRET_SECRET = "projects/${var.project_id}/secrets/${google_secret_manager_secret.oauth["oauth-client-secret"].secret_id}/versions/${var.oauth_client_secret_version}"
    POLL_SECONDS               = tostring(var.poll_seconds)
    PUBLIC_URL                 = var.public_url != "" ? var.public_url : local._urls["authorize"]
    RECORDS                    = join(",", var.records)
    RECURRENCE                 = var.recurrence
    RUN_SECONDS                = tostring(var.run_seconds)
    SAFETY_POLL_SECONDS        = tostring(var.safety_poll_seconds)
    SYNC_USER_TOPIC            = var.sync_user_topic
    TOKEN_SECRET_PREFIX        = var.token_secret_prefix
    TOMBSTONE_DAYS             = tostring(var.tombstone_days)
    WINDOW_DAYS_AHEAD          = tostring(var.window_days_ahead)
    WINDOW_DAYS_BACK           = tostring(var.window_days_back)
  }
}
