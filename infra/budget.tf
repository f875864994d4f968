# A mail before the bill.

locals {
  _has_budget = var.billing_account != ""
}

resource "google_billing_budget" "monthly" {
  count = local._has_budget ? 1 : 0

  billing_account = var.billing_account
  display_name    = "CRM and Google in sync"

  budget_filter {
    projects = ["projects/${local._number}"]
  }

  amount {
    specified_amount {
      units = tostring(var.budget)
    }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1]
    content {
      threshold_percent = threshold_rules.value
    }
  }

  all_updates_rule {
    monitoring_notification_channels = [for channel in google_monitoring_notification_channel.email : channel.id]
    disable_default_iam_recipients   = false
  }

  depends_on = [google_project_service.api]
}
