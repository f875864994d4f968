# Everything switched on.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  project_id         = "example-crm-sync"
  region             = "europe-west1"
  firestore_location = "eur3"
  public_url         = "https://sync.example.com"
  alert_emails       = ["it-operations@example.com"]
  billing_account    = "012345-6789AB-CDEF01"
  budget             = 200
  crm_members        = ["serviceAccount:crm@example-crm.iam.gserviceaccount.com"]
  repository         = "projects/example-crm-sync/locations/europe-west1/connections/git/repositories/sync"
  deployer           = "deployer@example-crm-sync.iam.gserviceaccount.com"
  planner            = "planner@example-crm-sync.iam.gserviceaccount.com"
  state_bucket       = "example-crm-sync-terraform"
  warm_functions     = ["crmChange"]
  run_seconds        = 400
  conflict_policy    = { place = "google" }
}

run "plans" {
  command = plan

  assert {
    condition     = output.authorize_url == "https://sync.example.com"
    error_message = "The pages are at their own domain."
  }

  assert {
    condition     = google_firestore_database.default.location_id == "eur3"
    error_message = "The database may lie elsewhere than the functions."
  }

  assert {
    condition     = google_cloudfunctions2_function.function["crmChange"].service_config[0].min_instance_count == 1 && google_cloudfunctions2_function.function["syncUser"].service_config[0].min_instance_count == 0
    error_message = "Warm is what was asked for."
  }

  assert {
    condition     = google_cloudfunctions2_function.function["syncUser"].service_config[0].timeout_seconds == 460 && google_pubsub_subscription.worker["syncUser"].ack_deadline_seconds == 470
    error_message = "Timeout and ack deadline follow run_seconds."
  }

  assert {
    condition     = google_cloudbuild_trigger.trigger["apply"].approval_config[0].approval_required && !google_cloudbuild_trigger.trigger["plan"].approval_config[0].approval_required
    error_message = "Only applying needs approval."
  }

  assert {
    condition     = google_billing_budget.monthly[0].amount[0].specified_amount[0].units == "200"
    error_message = "The budget is the one asked for."
  }
}

run "refuses_a_pipeline_without_accounts" {
  command         = plan
  expect_failures = [google_cloudbuild_trigger.trigger]
  variables {
    deployer = ""
  }
}
