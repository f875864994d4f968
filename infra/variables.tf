# What an installation needs to know besides the settings of the functions (settings.tf).

variable "admin_members" {
  description = "Who may call the admin function (preview, journal, undo, release): principals such as group:crm-admins@example.com. Empty: nobody."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.admin_members : can(regex("^(serviceAccount|group|user|principal|principalSet):.+$", member))])
    error_message = "Each is serviceAccount:, group:, user:, principal: or principalSet: with a name. Not allUsers."
  }
}

variable "alert_emails" {
  description = "Who is mailed when an alert fires. Empty: alerts are only shown in the console."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for email in var.alert_emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", email))])
    error_message = "Each is an e-mail address."
  }
}

variable "availability_members" {
  description = "Servers that may ask when users are busy and free: service accounts such as serviceAccount:crm@example-crm.iam.gserviceaccount.com, or groups of them. Empty: none."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.availability_members : can(regex("^(serviceAccount|group):.+$", member))])
    error_message = "Each is serviceAccount: or group: with a name. People are refused by the function."
  }
}

variable "billing_account" {
  description = "Billing account of the budget alert, such as 012345-6789AB-CDEF01. Empty: no budget."
  type        = string
  default     = ""

  validation {
    condition     = var.billing_account == "" || can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.billing_account))
    error_message = "Three groups of six hexadecimal digits, as gcloud billing accounts list shows it."
  }
}

variable "budget" {
  description = "Monthly budget in units of the billing account's currency; alerts at 50, 90 and 100 %."
  type        = number
  default     = 50

  validation {
    condition     = var.budget >= 1 && floor(var.budget) == var.budget
    error_message = "A whole number of at least 1."
  }
}

variable "crm_members" {
  description = "Who the CRM is: principals that publish crm-changes and pull changes from Google, such as serviceAccount:crm@example-crm.iam.gserviceaccount.com."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.crm_members : can(regex("^(serviceAccount|group|user|principal|principalSet):.+$", member))])
    error_message = "Each is serviceAccount:, group:, user:, principal: or principalSet: with a name. Not allUsers."
  }
}

variable "crm_message_ordering" {
  description = "Deliver changes to the CRM in order per user. Cannot be changed later without making the subscription anew, and switches its dead letters off: they can stall a user's later messages."
  type        = bool
  default     = false
  nullable    = false
}

variable "crm_push_endpoint" {
  description = "HTTPS address of the CRM that changes from Google are pushed to, with an OIDC token. Empty: the CRM pulls."
  type        = string
  default     = ""

  validation {
    condition     = var.crm_push_endpoint == "" || can(regex("^https://[^/?#]+", var.crm_push_endpoint))
    error_message = "An https address."
  }
}

variable "deployer" {
  description = "E-mail of the service account that Cloud Build deploys as (README.md, step 7). Needed with repository."
  type        = string
  default     = ""

  validation {
    condition     = var.deployer == "" || can(regex("^[^@\\s]+@[a-z0-9-]+\\.iam\\.gserviceaccount\\.com$", var.deployer))
    error_message = "The e-mail address of a service account."
  }
}

variable "firestore_location" {
  description = "Location of the database, such as eur3. Cannot be changed later. Null: the region."
  type        = string
  default     = null
}

variable "max_instances" {
  description = "Most instances of each worker: bounds cost and the load on Google's APIs. 10 for some hundred users, 50 for 35,000."
  type        = number
  default     = 10

  validation {
    condition     = var.max_instances >= 1 && var.max_instances <= 1000 && floor(var.max_instances) == var.max_instances
    error_message = "A whole number from 1 to 1000."
  }
}

variable "oauth_client_id_version" {
  description = "Version of the secret oauth-client-id that is used. Pinned: a new version is used when this changes."
  type        = number
  default     = 1

  validation {
    condition     = var.oauth_client_id_version >= 1 && floor(var.oauth_client_id_version) == var.oauth_client_id_version
    error_message = "A version number, 1 or more."
  }
}

variable "oauth_client_secret_version" {
  description = "Version of the secret oauth-client-secret that is used. Pinned: a new version is used when this changes."
  type        = number
  default     = 1

  validation {
    condition     = var.oauth_client_secret_version >= 1 && floor(var.oauth_client_secret_version) == var.oauth_client_secret_version
    error_message = "A version number, 1 or more."
  }
}

variable "planner" {
  description = "E-mail of the service account that Cloud Build checks and plans as: may read everything and change nothing (README.md, step 7). Needed with repository."
  type        = string
  default     = ""

  validation {
    condition     = var.planner == "" || can(regex("^[^@\\s]+@[a-z0-9-]+\\.iam\\.gserviceaccount\\.com$", var.planner))
    error_message = "The e-mail address of a service account."
  }
}

variable "point_in_time_recovery" {
  description = "Keep every version of the state for 7 days, to restore to any minute. About doubles the cost of storage, which is small."
  type        = bool
  default     = true
  nullable    = false
}

variable "project_id" {
  description = "Project of the installation. Best one of its own."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "A project id: 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "region" {
  description = "Region of everything: functions, messages, key, secrets, and the database unless firestore_location is set."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "A region such as europe-west1."
  }
}

variable "repository" {
  description = "Cloud Build repository (2nd generation) to deploy from, projects/P/locations/L/connections/C/repositories/R. Empty: no triggers."
  type        = string
  default     = ""

  validation {
    condition     = var.repository == "" || can(regex("^projects/[^/]+/locations/[^/]+/connections/[^/]+/repositories/[^/]+$", var.repository))
    error_message = "projects/P/locations/L/connections/C/repositories/R"
  }
}

variable "state_bucket" {
  description = "Bucket with Terraform's state, for the triggers. Needed with repository."
  type        = string
  default     = ""
}

variable "warm_functions" {
  description = "Functions that keep one instance running: no cold starts, for a monthly price (README.md, Cost)."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for name in var.warm_functions : contains(keys(local._functions), name)])
    error_message = "Names of functions, such as crmChange."
  }
}

locals {
  _labels = { app = "crm-google-sync" }
}
