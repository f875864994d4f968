# The project: its number, the APIs that are switched on, and who its service agents are.

data "google_project" "this" {
  project_id = var.project_id
}

locals {
  _number = data.google_project.this.number

  # Google's own account that delivers Pub/Sub messages. README.md, step 2, makes sure it exists.
  _pubsub_agent = "serviceAccount:service-${local._number}@gcp-sa-pubsub.iam.gserviceaccount.com"

  _apis = toset(concat([
    "artifactregistry.googleapis.com",
    "calendar-json.googleapis.com",
    "cloudbuild.googleapis.com",
    "cloudfunctions.googleapis.com",
    "cloudkms.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "cloudscheduler.googleapis.com",
    "firebaserules.googleapis.com",
    "firestore.googleapis.com",
    "iam.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "people.googleapis.com",
    "pubsub.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "storage.googleapis.com",
    "tasks.googleapis.com",
  ], local._has_budget ? ["billingbudgets.googleapis.com"] : []))
}

resource "google_project_service" "api" {
  for_each = local._apis

  project = var.project_id
  service = each.key

  # Taking the module down must not switch off what others in the project use.
  disable_on_destroy = false
}
