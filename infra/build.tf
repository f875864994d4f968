# From bundle to image: the zips, where they lie, and the account that builds images from them.

locals {
  # npm run bundle writes them; same commit, same zip.
  _zips = { for name in keys(local._functions) : name => "${path.module}/dist/${name}.zip" }

  # In a project of its own nobody else writes to Google's staging bucket of the same region.
  _staging = "projects/_/buckets/gcf-v2-sources-${local._number}-${var.region}"
}

resource "google_storage_bucket" "source" {
  project  = var.project_id
  name     = "${var.project_id}-function-source"
  location = var.region
  labels   = local._labels

  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true # bundles can be built again

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age = 365
    }
  }

  depends_on = [google_project_service.api]
}

# The hash in the name makes a changed bundle a new deployment, and an unchanged one none.
resource "google_storage_bucket_object" "source" {
  for_each = local._zips

  bucket       = google_storage_bucket.source.name
  name         = "${each.key}-${try(filesha256(each.value), "not-built")}.zip"
  source       = each.value
  content_type = "application/zip"

  lifecycle {
    precondition {
      # The bucket's address is not known before it exists: a first plan works without bundles.
      condition     = fileexists(each.value) || google_storage_bucket.source.url == ""
      error_message = "There is no bundle of ${each.key}: run npm run bundle first."
    }
  }
}

resource "google_artifact_registry_repository" "functions" {
  project       = var.project_id
  location      = var.region
  repository_id = "functions"
  description   = "Images of the functions"
  format        = "DOCKER"
  labels        = local._labels

  cleanup_policies {
    id     = "keep-recent"
    action = "KEEP"
    most_recent_versions {
      keep_count = 5
    }
  }

  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"
    condition {
      older_than = "2592000s"
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_service_account" "build" {
  project      = var.project_id
  account_id   = "function-build"
  display_name = "Builds the functions' images"
  depends_on   = [google_project_service.api]
}

locals {
  _build_member = "serviceAccount:${google_service_account.build.account_id}@${var.project_id}.iam.gserviceaccount.com"

  _build_roles = {
    "roles/logging.logWriter" = null
    # Functions copies the zip into a bucket of its own, which does not exist before the first
    # deployment: the right is given by the bucket's name.
    "roles/storage.objectViewer" = "resource.name.startsWith(\"${local._staging}\")"
  }
}

resource "google_project_iam_member" "build" {
  for_each = local._build_roles

  project = var.project_id
  role    = each.key
  member  = local._build_member

  dynamic "condition" {
    for_each = each.value == null ? [] : [each.value]
    content {
      title      = "function sources only"
      expression = condition.value
    }
  }
}

resource "google_storage_bucket_iam_member" "build" {
  bucket = google_storage_bucket.source.name
  role   = "roles/storage.objectViewer"
  member = local._build_member
}

resource "google_artifact_registry_repository_iam_member" "build" {
  project    = var.project_id
  location   = var.region
  repository = google_artifact_registry_repository.functions.name
  role       = "roles/artifactregistry.writer"
  member     = local._build_member
}
