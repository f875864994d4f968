# The functions, an account for each, and who may call them.
#
# A new function is one entry here: its topic (or public; neither: for callers
# that are named), its size, its rights. Account,
# subscription, dead letters, rights and source follow from it. The key is its name in
# functions/index.ts. A new topic is a line in topics.tf, a new row of rights one in README.md.

locals {
  _functions = {
    # What a person asks and decides: preview, journal, undo, release, erase. Rare, and one at a time; a
    # preview of a first sync holds a whole window of events. Reads tokens, and cannot delete them.
    admin = {
      topic       = null
      public      = false
      memory      = "512Mi"
      cpu         = "1"
      concurrency = 4
      instances   = 1
      timeout     = local._run_timeout

      state        = "write"
      kms          = "decrypt"
      tokens       = "read"
      oauth_client = true
      publishes    = [var.google_changes_topic, var.sync_user_topic]
    }

    # Serves people: pages of a few ms, and three calls to Google when someone connects. Shares an
    # instance among 40 requests; two instances serve a whole company's Monday morning.
    authorize = {
      topic       = null
      public      = true
      memory      = "512Mi"
      cpu         = "1"
      concurrency = 40
      instances   = 4
      timeout     = 60

      state        = "write"
      kms          = "encrypt"
      tokens       = "write"
      oauth_client = true
      publishes    = [var.sync_user_topic]
    }

    # A server of the CRM asks, a person waits: two or three reads for each user and a call or two at
    # Google, in which time others can ask. Reads tokens and the state, and can change neither.
    availability = {
      topic       = null
      public      = false
      memory      = "512Mi"
      cpu         = "1"
      concurrency = 20
      instances   = 4
      timeout     = 60

      state        = "read"
      kms          = "decrypt"
      tokens       = "read"
      oauth_client = true
      publishes    = []
    }

    # Stores intents and runs the user's sync: nearly all of the time it waits for Firestore and
    # Google, so 20 messages share one CPU. 120 MB at rest (npm run bench:cold), and a message has
    # at most 10 MB.
    crmChange = {
      topic       = "crm-changes"
      public      = false
      memory      = "512Mi"
      cpu         = "1"
      concurrency = 20
      instances   = var.max_instances
      timeout     = local._run_timeout

      state        = "write"
      kms          = "decrypt"
      tokens       = "use"
      oauth_client = true
      publishes    = [var.google_changes_topic, var.sync_user_topic]
    }

    # Google's notifications: a header and three documents each, most of them of our own writes. Public,
    # so its account may do nearly nothing, and an instance takes many at once: a stranger who floods it
    # costs two instances.
    googlePush = {
      topic       = null
      public      = true
      memory      = "256Mi"
      cpu         = "1"
      concurrency = 80
      instances   = 2
      timeout     = 30

      state        = "write"
      kms          = null
      tokens       = null
      oauth_client = false
      publishes    = [var.sync_user_topic]
    }

    # Once a night, one instance: three queries for each user, and deletions.
    maintain = {
      topic       = "maintain"
      public      = false
      memory      = "256Mi"
      cpu         = "0.333"
      concurrency = 1
      instances   = 1
      timeout     = 540

      state        = "write"
      kms          = null
      tokens       = null
      oauth_client = false
      publishes    = [var.sync_user_topic]
    }

    # One tick at a time is enough, and a second one would only repeat it: one instance, one
    # request, a third of a CPU. 300 s page through far more users than Workspace domains have.
    pollFanout = {
      topic       = "poll-tick"
      public      = false
      memory      = "256Mi"
      cpu         = "0.333"
      concurrency = 1
      instances   = 1
      timeout     = 300

      state        = "write"
      kms          = null
      tokens       = null
      oauth_client = false
      publishes    = [var.sync_user_topic]
    }

    # As crmChange, with a page of 2,500 events in memory at times: fewer runs share an instance,
    # with more memory.
    syncUser = {
      topic       = var.sync_user_topic
      public      = false
      memory      = "1Gi"
      cpu         = "1"
      concurrency = 10
      instances   = var.max_instances
      timeout     = local._run_timeout

      state        = "write"
      kms          = "decrypt"
      tokens       = "use"
      oauth_client = true
      publishes    = [var.google_changes_topic, var.sync_user_topic]
    }
  }

  # A run stops taking new work after run_seconds; the rest is for what it has begun. Pub/Sub waits
  # 10 s longer (subscriptions.tf), and it never waits more than 600 s.
  _run_timeout = var.run_seconds + 60

  # Of those that no topic feeds.
  _purposes = {
    admin        = "For admins: preview, journal, undo, release"
    authorize    = "Public: pages for the user"
    availability = "For the CRM: who is busy when, common free slots"
    googlePush   = "Public: Google's notifications of watch channels"
  }

  # crmChange -> crm-change
  _names = { for name, f in local._functions : name => lower(replace(name, "/([A-Z])/", "-$1")) }

  # Cloud Run's other address of a service, made of names alone: known before the function exists,
  # so a function can be told its own address. Also the audience of tokens that are sent to it.
  _urls = { for name, slug in local._names : name => "https://${slug}-${local._number}.${var.region}.run.app" }

  # Made of the resource, so that Terraform keeps the order, and of its id, so that a plan shows it.
  _members = { for name, account in google_service_account.function :
    name => "serviceAccount:${account.account_id}@${var.project_id}.iam.gserviceaccount.com"
  }
  _push_email = "${google_service_account.push.account_id}@${var.project_id}.iam.gserviceaccount.com"
}

resource "google_service_account" "function" {
  for_each = local._names

  project      = var.project_id
  account_id   = "fn-${each.value}"
  display_name = "Function ${each.value}"
  depends_on   = [google_project_service.api]
}

# Pub/Sub calls the workers as this account. It may do nothing else.
resource "google_service_account" "push" {
  project      = var.project_id
  account_id   = "pubsub-push"
  display_name = "Pub/Sub push to the functions"
  depends_on   = [google_project_service.api]
}

resource "google_cloudfunctions2_function" "function" {
  for_each = local._functions

  project     = var.project_id
  name        = local._names[each.key]
  location    = var.region
  description = lookup(local._purposes, each.key, "Worker of topic ${coalesce(each.value.topic, "?")}")
  labels      = local._labels

  build_config {
    runtime           = "nodejs24"
    entry_point       = each.key
    service_account   = google_service_account.build.id
    docker_repository = google_artifact_registry_repository.functions.id

    source {
      storage_source {
        bucket = google_storage_bucket.source.name
        object = google_storage_bucket_object.source[each.key].name
      }
    }

    # Security updates of the runtime's image without a deployment.
    automatic_update_policy {}
  }

  service_config {
    available_memory                 = each.value.memory
    available_cpu                    = each.value.cpu
    max_instance_request_concurrency = each.value.concurrency
    min_instance_count               = contains(var.warm_functions, each.key) ? 1 : 0
    max_instance_count               = each.value.instances
    timeout_seconds                  = each.value.timeout
    service_account_email            = trimprefix(local._members[each.key], "serviceAccount:")
    ingress_settings                 = each.value.topic == null ? "ALLOW_ALL" : "ALLOW_INTERNAL_ONLY"
    all_traffic_on_latest_revision   = true

    environment_variables = merge(local._settings, {
      PUSH_AUDIENCE        = local._urls[each.key]
      PUSH_SERVICE_ACCOUNT = local._push_email

      # Not a setting of ours: no probing for the metadata server. Not set on purpose: Node's
      # --enable-source-maps, which costs every start 130 ms and 70 MB (infra/where.ts reads them).
      METADATA_SERVER_DETECTION = "assume-present"

      # A small young generation: a thousand appointments in one message stay under 256 MiB.
      NODE_OPTIONS = "--max-semi-space-size=2"
      NODE_ENV     = "production"
    })
  }

  # Deploying needs the image builder's rights, starting needs the function's.
  depends_on = [
    google_artifact_registry_repository_iam_member.build,
    google_firestore_database.default,
    google_project_iam_member.build,
    google_storage_bucket_iam_member.build,
  ]

  lifecycle {
    precondition {
      condition     = length("${local._names[each.key]}-${local._number}") <= 63
      error_message = "The function's name is too long for its address."
    }
  }
}

# Workers: Pub/Sub's push account only. authorize: everybody; it has its own sessions. googlePush:
# everybody; each channel has its own token.
resource "google_cloud_run_service_iam_member" "invoker" {
  for_each = { for name, f in local._functions : name => f if f.public || f.topic != null }

  project  = var.project_id
  location = var.region
  service  = google_cloudfunctions2_function.function[each.key].name
  role     = "roles/run.invoker"
  member   = each.value.public ? "allUsers" : "serviceAccount:${local._push_email}"
}

# availability: the CRM's servers, and nobody while none is named.
resource "google_cloud_run_service_iam_member" "availability" {
  for_each = var.availability_members

  project  = var.project_id
  location = var.region
  service  = google_cloudfunctions2_function.function["availability"].name
  role     = "roles/run.invoker"
  member   = each.value
}

# admin: the people named, and nobody while none is.
resource "google_cloud_run_service_iam_member" "admin" {
  for_each = var.admin_members

  project  = var.project_id
  location = var.region
  service  = google_cloudfunctions2_function.function["admin"].name
  role     = "roles/run.invoker"
  member   = each.value
}
