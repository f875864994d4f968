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

run "watches_at_its_own_address" {
  command = plan

  assert {
    condition     = google_cloudfunctions2_function.function["syncUser"].service_config[0].environment_variables["NOTIFICATIONS_URL"] == "https://google-push-123456789012.europe-west1.run.app"
    error_message = "Google notifies the function at its own address."
  }

  assert {
    condition     = google_cloud_run_service_iam_member.invoker["googlePush"].member == "allUsers" && google_cloudfunctions2_function.function["googlePush"].service_config[0].ingress_settings == "ALLOW_ALL"
    error_message = "Google's notifications carry no identity: the function is public."
  }
}

run "watches_nothing_when_told_so" {
  command = plan
  variables {
    notifications_url = "none"
  }

  assert {
    condition     = alltrue([for f in google_cloudfunctions2_function.function : f.service_config[0].environment_variables["NOTIFICATIONS_URL"] == ""])
    error_message = "No address, no channels."
  }
}

run "refuses_notifications_in_clear" {
  command         = plan
  expect_failures = [var.notifications_url]
  variables {
    notifications_url = "http://push.example.com"
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

run "lets_nobody_ask_who_is_free_unless_named" {
  command = plan

  assert {
    condition     = length(google_cloud_run_service_iam_member.availability) == 0 && !contains(keys(google_cloud_run_service_iam_member.invoker), "availability")
    error_message = "Without availability_members nobody may call it."
  }
}

run "refuses_people_as_availability_members" {
  command         = plan
  expect_failures = [var.availability_members]
  variables {
    availability_members = ["user:anna@example.com"]
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
