# Push subscriptions of the workers, and the CRM's subscription of google-changes.
#
# Own subscriptions instead of Eventarc's: only so can the ack deadline, the dead letter policy and
# the expiry be set. No ordering: nothing here depends on it.

locals {
  _workers = { for name, f in local._functions : name => f if f.topic != null }

  # Tries of one message, 10 s apart at first and 10 min in the end: about six hours.
  _delivery_attempts = 40
}

resource "google_pubsub_subscription" "worker" {
  for_each = local._workers

  project = var.project_id
  name    = local._names[each.key]
  topic   = google_pubsub_topic.topic[each.value.topic].id
  labels  = local._labels

  # The deadline is the push's timeout: longer than the function's, so that a message is never
  # delivered again while its first delivery is still at work.
  ack_deadline_seconds       = each.value.timeout + 10
  message_retention_duration = "604800s"

  push_config {
    push_endpoint = local._urls[each.key]

    oidc_token {
      service_account_email = local._push_email
      audience              = local._urls[each.key]
    }
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.topic["dead-letters"].id
    max_delivery_attempts = local._delivery_attempts
  }

  # The default is to delete a subscription that was idle for 31 days.
  expiration_policy {
    ttl = ""
  }

  depends_on = [google_cloud_run_service_iam_member.invoker]
}

# The CRM's: pull, or push to its endpoint. There is one even before the CRM listens, so that
# nothing is lost.
resource "google_service_account" "crm_push" {
  count = var.crm_push_endpoint == "" ? 0 : 1

  project      = var.project_id
  account_id   = "pubsub-push-crm"
  display_name = "Pub/Sub push to the CRM"
  depends_on   = [google_project_service.api]
}

resource "google_pubsub_subscription" "crm" {
  project = var.project_id
  name    = "to-crm"
  topic   = google_pubsub_topic.topic[var.google_changes_topic].id
  labels  = local._labels

  ack_deadline_seconds       = 60
  message_retention_duration = "2678400s"
  enable_message_ordering    = var.crm_message_ordering

  dynamic "push_config" {
    for_each = google_service_account.crm_push
    content {
      push_endpoint = var.crm_push_endpoint

      # An account without any right: its token proves who calls, and opens nothing here.
      oidc_token {
        service_account_email = "${push_config.value.account_id}@${var.project_id}.iam.gserviceaccount.com"
        audience              = var.crm_push_endpoint
      }
    }
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  # With ordering a dead-lettered message can stall the later ones of its user.
  dynamic "dead_letter_policy" {
    for_each = var.crm_message_ordering ? [] : [local._delivery_attempts]
    content {
      dead_letter_topic     = google_pubsub_topic.topic["dead-letters"].id
      max_delivery_attempts = dead_letter_policy.value
    }
  }

  expiration_policy {
    ttl = ""
  }
}

locals {
  _subscribers = merge(
    # Moving a message to the dead letters acknowledges it on its own subscription.
    { for name, s in google_pubsub_subscription.worker : "pubsub ${s.name}" => { subscription = s.name, member = local._pubsub_agent } },
    var.crm_message_ordering ? {} : { "pubsub to-crm" = { subscription = google_pubsub_subscription.crm.name, member = local._pubsub_agent } },
    var.crm_push_endpoint != "" ? {} : { for member in var.crm_members : "crm ${member}" => { subscription = google_pubsub_subscription.crm.name, member = member } },
  )
}

resource "google_pubsub_subscription_iam_member" "subscriber" {
  for_each = local._subscribers

  project      = var.project_id
  subscription = each.value.subscription
  role         = "roles/pubsub.subscriber"
  member       = each.value.member
}
