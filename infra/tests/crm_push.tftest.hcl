# Changes from Google are pushed to the CRM's endpoint.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  project_id        = "example-crm-sync"
  region            = "europe-west1"
  crm_push_endpoint = "https://crm.example.com/google-changes"
  crm_members       = ["serviceAccount:crm@example-crm.iam.gserviceaccount.com"]
}

run "pushes" {
  command = plan

  assert {
    condition     = google_pubsub_subscription.crm.push_config[0].push_endpoint == "https://crm.example.com/google-changes"
    error_message = "Pushed to the endpoint."
  }

  assert {
    condition     = google_pubsub_subscription.crm.push_config[0].oidc_token[0].service_account_email == "pubsub-push-crm@example-crm-sync.iam.gserviceaccount.com"
    error_message = "With a token of an account that may do nothing here."
  }

  assert {
    condition     = length([for key, b in google_pubsub_subscription_iam_member.subscriber : key if startswith(key, "crm ")]) == 0
    error_message = "Nobody pulls from a push subscription."
  }

  assert {
    condition     = length(google_pubsub_subscription.crm.dead_letter_policy) == 1
    error_message = "What the CRM refuses for hours is kept."
  }
}

run "in_order" {
  command = plan
  variables {
    crm_message_ordering = true
  }

  assert {
    condition     = google_pubsub_subscription.crm.enable_message_ordering && length(google_pubsub_subscription.crm.dead_letter_policy) == 0
    error_message = "Order without dead letters, which can stall a user's later messages."
  }
}

run "refuses_an_endpoint_in_clear" {
  command         = plan
  expect_failures = [var.crm_push_endpoint]
  variables {
    crm_push_endpoint = "http://crm.example.com/google-changes"
  }
}
