# The least that an installation says: project and region.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  project_id = "example-crm-sync"
  region     = "europe-west1"
}

run "plans" {
  command = plan

  assert {
    condition     = output.authorize_url == "https://authorize-123456789012.europe-west1.run.app"
    error_message = "The pages are at the function's own address."
  }

  assert {
    condition     = length(google_billing_budget.monthly) == 0 && length(google_cloudbuild_trigger.trigger) == 0 && length(google_monitoring_notification_channel.email) == 0
    error_message = "Nothing that was not asked for."
  }

  assert {
    condition     = length(google_pubsub_subscription.crm.push_config) == 0
    error_message = "The CRM pulls."
  }

  assert {
    condition     = alltrue([for s in google_pubsub_subscription.worker : s.ack_deadline_seconds >= 300 && s.ack_deadline_seconds <= 600])
    error_message = "Pub/Sub waits for the function, and 600 s at most."
  }

  assert {
    condition     = google_firestore_database.default.location_id == "europe-west1"
    error_message = "The database is in the region."
  }
}

run "refuses_a_topic_that_begins_with_goog" {
  command         = plan
  expect_failures = [var.google_changes_topic]
  variables {
    google_changes_topic = "google-changes"
  }
}

run "refuses_a_run_longer_than_a_push" {
  command         = plan
  expect_failures = [var.run_seconds]
  variables {
    run_seconds = 590
  }
}

run "refuses_rights_for_everybody" {
  command         = plan
  expect_failures = [var.crm_members]
  variables {
    crm_members = ["allUsers"]
  }
}

run "lets_nobody_call_admin_unless_named" {
  command = plan

  assert {
    condition     = length(google_cloud_run_service_iam_member.admin) == 0 && !contains(keys(google_cloud_run_service_iam_member.invoker), "admin")
    error_message = "Without admin_members nobody may call it."
  }
}

run "refuses_everybody_as_admin" {
  command         = plan
  expect_failures = [var.admin_members]
  variables {
    admin_members = ["allUsers"]
  }
}

run "refuses_a_token_prefix_that_covers_the_oauth_client" {
  command         = plan
  expect_failures = [var.token_secret_prefix]
  variables {
    token_secret_prefix = "oauth"
  }
}

run "refuses_an_unknown_winner" {
  command         = plan
  expect_failures = [var.conflict_policy]
  variables {
    conflict_policy = { place = "newest" }
  }
}
