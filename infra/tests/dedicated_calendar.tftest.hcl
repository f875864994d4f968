# Appointments in a calendar of their own.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  project_id    = "example-crm-sync"
  region        = "europe-west1"
  calendar      = "dedicated"
  calendar_name = "Visits"
}

run "plans" {
  command = plan

  assert {
    condition     = alltrue([for f in google_cloudfunctions2_function.function : f.service_config[0].environment_variables["CALENDAR"] == "dedicated"])
    error_message = "What is asked for on the consent page and what is synchronised are one setting."
  }

  assert {
    condition     = alltrue([for f in google_cloudfunctions2_function.function : f.service_config[0].environment_variables["CALENDAR_NAME"] == "Visits"])
    error_message = "The name reaches the functions."
  }
}

run "refuses_another_calendar" {
  command         = plan
  expect_failures = [var.calendar]
  variables {
    calendar = "secondary"
  }
}

run "refuses_a_calendar_without_a_name" {
  command         = plan
  expect_failures = [var.calendar_name]
  variables {
    calendar_name = " "
  }
}
