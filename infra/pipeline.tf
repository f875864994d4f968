# Cloud Build: every push is checked and planned; main is applied after somebody approved.
#
# The two accounts are not made here: a module that grants its own deployer could also widen it.

locals {
  _has_pipeline = var.repository != ""

  _triggers = {
    plan  = { description = "Checks and plan of every branch", branch = ".*", account = var.planner, apply = "no", approval = false }
    apply = { description = "Applies main, after approval", branch = "^main$", account = var.deployer, apply = "yes", approval = true }
  }
}

resource "google_cloudbuild_trigger" "trigger" {
  for_each = local._has_pipeline ? local._triggers : {}

  project         = var.project_id
  location        = var.region
  name            = "crm-google-sync-${each.key}"
  description     = each.value.description
  filename        = "cloudbuild.yaml"
  service_account = "projects/${var.project_id}/serviceAccounts/${each.value.account}"

  repository_event_config {
    repository = var.repository
    push {
      branch = each.value.branch
    }
  }

  approval_config {
    approval_required = each.value.approval
  }

  substitutions = {
    _APPLY        = each.value.apply
    _STATE_BUCKET = var.state_bucket
  }

  lifecycle {
    precondition {
      condition     = each.value.account != "" && var.state_bucket != ""
      error_message = "With repository, set planner, deployer and state_bucket too."
    }
  }

  depends_on = [google_project_service.api]
}
