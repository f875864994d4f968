# Topics, who may publish to each, and the dead letters.

locals {
  # What each topic carries. Messages stay in the region of the installation.
  _topics = {
    "crm-changes"              = "Changes in the CRM, published by the CRM"
    (var.google_changes_topic) = "Changes in Google, for the CRM"
    "poll-tick"                = "Every minute, from Scheduler: look who is due"
    (var.sync_user_topic)      = "One message for each user whose sync is due"
    "maintain"                 = "Once a day, from Scheduler: sweep, and look who was passed by"
    "dead-letters"             = "Messages that could not be delivered"
  }

  _publishers = merge(
    merge([for name, f in local._functions : {
      for topic in f.publishes : "${name} ${topic}" => { topic = topic, member = local._members[name] }
    }]...),
    { for member in var.crm_members : "crm ${member}" => { topic = "crm-changes", member = member } },
    # Without this right Pub/Sub drops what it cannot deliver.
    { "pubsub dead-letters" = { topic = "dead-letters", member = local._pubsub_agent } },
  )
}

resource "google_pubsub_topic" "topic" {
  for_each = local._topics

  project = var.project_id
  name    = each.key
  labels  = local._labels

  # For google-changes: a CRM that subscribes late, or lost its state, can seek back a week.
  message_retention_duration = each.key == var.google_changes_topic ? "604800s" : null

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }

  depends_on = [google_project_service.api]
}

resource "google_pubsub_topic_iam_member" "publisher" {
  for_each = local._publishers

  project = var.project_id
  topic   = google_pubsub_topic.topic[each.value.topic].name
  role    = "roles/pubsub.publisher"
  member  = each.value.member
}

# A dead letter topic without a subscription loses its messages.
resource "google_pubsub_subscription" "dead_letters" {
  project = var.project_id
  name    = "dead-letters"
  topic   = google_pubsub_topic.topic["dead-letters"].id
  labels  = local._labels

  ack_deadline_seconds       = 60
  message_retention_duration = "2678400s" # 31 days, the most that Pub/Sub keeps

  expiration_policy {
    ttl = ""
  }
}
