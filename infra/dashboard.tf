# One page that says how it is.

locals {
  # Of a metric made from logs, and of one that Google measures.
  _logged = { for key, metric in google_logging_metric.counter : key => "${local._run} AND metric.type=\"logging.googleapis.com/user/${metric.name}\"" }
  _pubsub = "resource.type=\"pubsub_subscription\" AND metric.type=\"pubsub.googleapis.com/subscription"

  # title, filter, aligner, reducer, label that makes the lines
  _charts = [
    ["Users' syncs, by outcome", local._logged.sync_runs, "ALIGN_DELTA", "REDUCE_SUM", "metric.label.outcome"],
    ["Sync lag, p95 (ms)", "${local._run} AND metric.type=\"logging.googleapis.com/user/${google_logging_metric.duration["sync_lag"].name}\"", "ALIGN_DELTA", "REDUCE_PERCENTILE_95", "metric.label.trigger"],
    ["Duration of a sync, p95 (ms)", "${local._run} AND metric.type=\"logging.googleapis.com/user/${google_logging_metric.duration["sync_run"].name}\"", "ALIGN_DELTA", "REDUCE_PERCENTILE_95", ""],
    ["Oldest waiting message (s)", "${local._pubsub}/oldest_unacked_message_age\"", "ALIGN_MAX", "REDUCE_MAX", "resource.label.subscription_id"],
    ["Waiting messages", "${local._pubsub}/num_undelivered_messages\"", "ALIGN_MAX", "REDUCE_SUM", "resource.label.subscription_id"],
    ["Failures, by function", local._logged.function_failed, "ALIGN_DELTA", "REDUCE_SUM", "metric.label.function"],
    ["Refused messages, by reason", local._logged.message_rejected, "ALIGN_DELTA", "REDUCE_SUM", "metric.label.reason"],
    ["Records set aside, by reason", local._logged.sync_parked, "ALIGN_DELTA", "REDUCE_SUM", "metric.label.reason"],
    ["Calls refused for their number", local._logged.quota_refused, "ALIGN_DELTA", "REDUCE_SUM", "metric.label.reason"],
    ["Users that have to authorize again", local._logged.reauthorize, "ALIGN_DELTA", "REDUCE_SUM", "metric.label.reason"],
    ["Requests, by kind of response", "${local._run} AND metric.type=\"run.googleapis.com/request_count\"", "ALIGN_DELTA", "REDUCE_SUM", "metric.label.response_code_class"],
    ["Instances", "${local._run} AND metric.type=\"run.googleapis.com/container/instance_count\"", "ALIGN_MAX", "REDUCE_SUM", "resource.label.service_name"],
    ["Memory, p95", "${local._run} AND metric.type=\"run.googleapis.com/container/memory/utilizations\"", "ALIGN_PERCENTILE_95", "REDUCE_MAX", "resource.label.service_name"],
  ]
}

resource "google_monitoring_dashboard" "sync" {
  project    = var.project_id
  depends_on = [google_project_service.api]

  dashboard_json = jsonencode({
    displayName = "CRM and Google in sync"
    mosaicLayout = {
      columns = 48
      tiles = [for i, chart in local._charts : {
        xPos   = (i % 3) * 16
        yPos   = floor(i / 3) * 16
        width  = 16
        height = 16
        widget = {
          title = chart[0]
          xyChart = {
            dataSets = [{
              plotType = "LINE"
              timeSeriesQuery = {
                timeSeriesFilter = {
                  filter = chart[1]
                  aggregation = {
                    alignmentPeriod    = "60s"
                    perSeriesAligner   = chart[2]
                    crossSeriesReducer = chart[3]
                    groupByFields      = chart[4] == "" ? [] : [chart[4]]
                  }
                }
              }
            }]
          }
        }
      }]
    }
  })
}
