# When a person is needed, and what he or she does then.

locals {
  _run = "resource.type=\"cloud_run_revision\""

  _worker_subscriptions = join(" OR ", [for name, s in google_pubsub_subscription.worker : "resource.labels.subscription_id=\"${s.name}\""])

  # threshold null: the alert fires when nothing is counted for the duration.
  _alerts = {
    dead_letters = {
      name     = "Messages in the dead letters"
      severity = "ERROR"
      filter   = "resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=\"${google_pubsub_subscription.dead_letters.name}\" AND metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\""
      aligner  = "ALIGN_MAX", reducer = "REDUCE_SUM", period = "300s", duration = "0s", threshold = 0
      runbook  = <<-E
        A message was delivered ${local._delivery_attempts} times and refused each time. It is kept for 31 days.
        1. Look: `gcloud pubsub subscriptions pull dead-letters --limit=10 --format=json` (without --auto-ack: it stays).
           The attribute CloudPubSubDeadLetterSourceSubscription says which function refused it.
        2. Find the reason in the log: `jsonPayload.event="function.failed"` of that function.
        3. When the cause is gone, publish the data again to the topic it came from, and pull with --auto-ack.
           Repeating is harmless: an older version than the stored one is dropped.
      E
    }

    reauthorize = {
      name     = "Users have to authorize again"
      severity = "WARNING"
      filter   = "${local._run} AND metric.type=\"logging.googleapis.com/user/${google_logging_metric.counter["reauthorize"].name}\""
      aligner  = "ALIGN_DELTA", reducer = "REDUCE_SUM", period = "3600s", duration = "0s", threshold = 4
      runbook  = <<-E
        Five or more users within an hour: not single people who withdrew their consent.
        1. Reason in the log: `jsonPayload.event="user.state" AND jsonPayload.state="reauthorize"`.
        2. After 7 days each: the OAuth app is in status Testing. Publish it; everybody has to connect once more.
        3. All at once: client secret rotated or deleted without a new version here, app blocked by the
           Workspace admin (admin_policy_enforced), or session length set for Google Cloud apps (invalid_rapt).
        4. Reason scopesChanged: the setting calendar was changed, and everybody has to consent once.
        5. The users see it on their page and connect again. Their changes are kept until then.
      E
    }

    sync_lag = {
      name     = "Sync lag p95 above 30 s"
      severity = "ERROR"
      filter   = "${local._run} AND metric.type=\"logging.googleapis.com/user/${google_logging_metric.duration["sync_lag"].name}\" AND metric.label.trigger=\"crm\""
      aligner  = "ALIGN_PERCENTILE_95", reducer = "REDUCE_PERCENTILE_95", period = "300s", duration = "600s", threshold = 30000
      runbook  = <<-E
        For ten minutes one change of the CRM in twenty took longer than 30 s from being published to being in Google.
        1. Compare `jsonPayload.lagMs` with `jsonPayload.ms` of the sync.run events. Much more lag than duration: the
           message waited. See the alert on waiting messages; instances at their most? Raise max_instances.
        2. Alike: the runs are slow. See the alerts on slow syncs and on quota refusals.
        3. Single users (`jsonPayload.userId`), after an outage or a mass change: it passes.
      E
    }

    messages_waiting = {
      name     = "Messages wait too long"
      severity = "ERROR"
      filter   = "resource.type=\"pubsub_subscription\" AND (${local._worker_subscriptions}) AND metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\""
      aligner  = "ALIGN_PERCENTILE_95", reducer = "REDUCE_MAX", period = "300s", duration = "300s", threshold = 300
      runbook  = <<-E
        For five minutes the oldest message of a worker has been waiting for more than five.
        1. Dashboard: which subscription? Are its pushes refused (function.failed), or too slow (duration)?
        2. Refused: read the reason in the log. Google's own outages are on the status dashboards; messages
           come back by themselves for about six hours.
        3. Too slow: instances at their most? Raise max_instances. One user alone (a mass change)? It passes.
      E
    }

    sync_duration = {
      name     = "Sync p95 above 30 s"
      severity = "WARNING"
      filter   = "${local._run} AND metric.type=\"logging.googleapis.com/user/${google_logging_metric.duration["sync_run"].name}\""
      aligner  = "ALIGN_PERCENTILE_95", reducer = "REDUCE_PERCENTILE_95", period = "900s", duration = "900s", threshold = 30000
      runbook  = <<-E
        One sync in twenty took longer than 30 s, for half an hour.
        1. Are many users connecting (first syncs read a whole calendar)? Then it passes.
        2. Quota refusals in the dashboard: the waiting is ours. See that alert.
        3. Otherwise Google or Firestore is slow: compare `jsonPayload.writes` and `jsonPayload.ms` of the sync.run events.
      E
    }

    error_rate = {
      name     = "Functions fail"
      severity = "ERROR"
      filter   = "${local._run} AND metric.type=\"logging.googleapis.com/user/${google_logging_metric.counter["function_failed"].name}\""
      aligner  = "ALIGN_DELTA", reducer = "REDUCE_SUM", period = "600s", duration = "0s", threshold = 10
      runbook  = <<-E
        More than ten unexpected failures in ten minutes. Messages are kept and tried again.
        1. Log: `jsonPayload.event="function.failed"`: function, kind and reason.
        2. Since a deployment? Route back: `gcloud run services update-traffic NAME --to-revisions=REVISION=100`,
           then revert the commit. Old and new revisions can work side by side.
        3. kind later with a reason of Firestore, KMS or Secret Manager: check rights (npm run check:infra, then
           terraform plan: does it want to change a binding?) and Google's status page.
      E
    }

    quota = {
      name     = "Google refuses calls for their number"
      severity = "WARNING"
      filter   = "${local._run} AND metric.type=\"logging.googleapis.com/user/${google_logging_metric.counter["quota_refused"].name}\""
      aligner  = "ALIGN_DELTA", reducer = "REDUCE_SUM", period = "600s", duration = "600s", threshold = 100
      runbook  = <<-E
        More than 100 refusals in ten minutes, twice in a row. Nothing is lost: calls are spread and tried again.
        1. Which quota: console, APIs and services, Google Calendar API, Quotas.
        2. After a mass change in the CRM: it passes. Steadily: raise poll_seconds, lower max_instances, or ask
           for more quota on that page.
      E
    }

    scheduler_silent = {
      name     = "Scheduler is silent"
      severity = "ERROR"
      filter   = "${local._run} AND metric.type=\"logging.googleapis.com/user/${google_logging_metric.counter["poll_fanout"].name}\""
      aligner  = "ALIGN_DELTA", reducer = "REDUCE_SUM", period = "300s", duration = "900s", threshold = null
      runbook  = <<-E
        No poll for 15 minutes. Changes of the CRM still arrive; changes in Google wait.
        1. `gcloud scheduler jobs describe poll-tick --location=REGION`: paused? Then resume it.
        2. Does pollFanout fail? `jsonPayload.event="function.failed" AND jsonPayload.function="pollFanout"`.
        3. Is log_level above info? Then the tick is not counted: set it back.
      E
    }
  }
}

resource "google_monitoring_notification_channel" "email" {
  for_each = var.alert_emails

  project      = var.project_id
  display_name = each.key
  type         = "email"
  labels       = { email_address = each.key }
  depends_on   = [google_project_service.api]
}

resource "google_monitoring_alert_policy" "alert" {
  for_each = local._alerts

  project               = var.project_id
  display_name          = each.value.name
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = [for channel in google_monitoring_notification_channel.email : channel.id]
  user_labels           = local._labels

  conditions {
    display_name = each.value.name

    dynamic "condition_threshold" {
      for_each = each.value.threshold == null ? [] : [each.value]
      content {
        filter          = condition_threshold.value.filter
        comparison      = "COMPARISON_GT"
        threshold_value = condition_threshold.value.threshold
        duration        = condition_threshold.value.duration

        aggregations {
          alignment_period     = condition_threshold.value.period
          per_series_aligner   = condition_threshold.value.aligner
          cross_series_reducer = condition_threshold.value.reducer
        }
      }
    }

    dynamic "condition_absent" {
      for_each = each.value.threshold == null ? [each.value] : []
      content {
        filter   = condition_absent.value.filter
        duration = condition_absent.value.duration

        aggregations {
          alignment_period     = condition_absent.value.period
          per_series_aligner   = condition_absent.value.aligner
          cross_series_reducer = condition_absent.value.reducer
        }
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = each.value.runbook
  }

  alert_strategy {
    auto_close = "86400s"
  }
}
