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
