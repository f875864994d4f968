# What happens by the clock.

resource "google_cloud_scheduler_job" "poll" {
  project     = var.project_id
  region      = var.region
  name        = "poll-tick"
  description = "Every minute: dispatch the users that are due"
  schedule    = "* * * * *"
  time_zone   = "Etc/UTC"

  # Scheduler publishes as its own service agent, whose role includes it.
  pubsub_target {
    topic_name = google_pubsub_topic.topic["poll-tick"].id
    data       = base64encode("{}")
  }

  retry_config {
    retry_count          = 3
    min_backoff_duration = "5s"
    max_backoff_duration = "20s"
  }
}

resource "google_cloud_scheduler_job" "maintain" {
  project     = var.project_id
  region      = var.region
  name        = "maintain"
  description = "Every night: sweep what has expired, dispatch who was passed by"
  # Not on the hour, when everybody's jobs run.
  schedule  = "17 2 * * *"
  time_zone = "Etc/UTC"

  pubsub_target {
    topic_name = google_pubsub_topic.topic["maintain"].id
    data       = base64encode("{}")
  }

  retry_config {
    retry_count          = 3
    min_backoff_duration = "30s"
    max_backoff_duration = "300s"
  }
}
