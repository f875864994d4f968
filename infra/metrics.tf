# Metrics out of the functions' log events. functions/log.ts declares the events; a test checks that
# every event and field named here exists there.

locals {
  _metric_prefix = "crm_google_sync"

  _counters = {
    function_failed  = { events = ["function.failed"], labels = ["function", "kind"], where = "", what = "Calls that ended in an unexpected error" }
    message_rejected = { events = ["message.rejected"], labels = ["topic", "reason"], where = "", what = "Messages that could not be read or were refused" }
    poll_fanout      = { events = ["poll.fanout"], labels = [], where = "", what = "Ticks of the poll: one a minute" }
    quota_refused    = { events = ["google.retry", "sync.run"], labels = ["reason"], where = " AND jsonPayload.reason=~\"(?i)(quota|limitexceeded|exhausted|429)\"", what = "Calls that Google refused for their number" }
    reauthorize      = { events = ["user.state"], labels = ["reason"], where = " AND jsonPayload.state=\"reauthorize\"", what = "Users that have to authorize again" }
    sync_parked      = { events = ["sync.parked"], labels = ["record", "reason"], where = "", what = "Records set aside" }
    sync_runs        = { events = ["sync.run"], labels = ["outcome"], where = "", what = "Runs of users' syncs" }
  }
}

resource "google_logging_metric" "counter" {
  for_each = local._counters

  project     = var.project_id
  name        = "${local._metric_prefix}/${each.key}"
  description = each.value.what
  filter      = "resource.type=\"cloud_run_revision\" AND jsonPayload.event=(${join(" OR ", [for event in each.value.events : "\"${event}\""])})${each.value.where}"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"

    dynamic "labels" {
      for_each = each.value.labels
      content {
        key         = labels.value
        value_type  = "STRING"
        description = "jsonPayload.${labels.value}"
      }
    }
  }

  label_extractors = { for label in each.value.labels : label => "EXTRACT(jsonPayload.${label})" }
  depends_on       = [google_project_service.api]
}

locals {
  _durations = {
    sync_run = { field = "ms", label = "outcome", what = "Duration of a user's sync, by outcome" }
    sync_lag = { field = "lagMs", label = "trigger", what = "From publishing a message to the commit of what it says, by what sent it" }
  }
}

resource "google_logging_metric" "duration" {
  for_each = local._durations

  project         = var.project_id
  name            = "${local._metric_prefix}/${each.key}_ms"
  description     = each.value.what
  filter          = "resource.type=\"cloud_run_revision\" AND jsonPayload.event=\"sync.run\" AND jsonPayload.${each.value.field}>=0"
  value_extractor = "EXTRACT(jsonPayload.${each.value.field})"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = "ms"

    labels {
      key         = each.value.label
      value_type  = "STRING"
      description = "jsonPayload.${each.value.label}"
    }
  }

  # 10 ms to 10 min, each bucket 1.4 times the last: a p95 read from it is right to 40 %.
  bucket_options {
    exponential_buckets {
      scale              = 10
      growth_factor      = 1.4
      num_finite_buckets = 34
    }
  }

  label_extractors = { (each.value.label) = "EXTRACT(jsonPayload.${each.value.label})" }
  depends_on       = [google_project_service.api]
}
