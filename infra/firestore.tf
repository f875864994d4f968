# The state: database, indexes, expiry, backups, rules, and who may read and write it.
#
# Indexes and field settings are declared in firestore.indexes.json, which `firebase deploy` and the
# emulators read as well.

locals {
  _firestore = jsondecode(file("${path.module}/firestore.indexes.json"))

  _indexes = { for index in local._firestore.indexes :
    "${index.collectionGroup} ${join(" ", [for f in index.fields : f.fieldPath])}" => index
  }
  _fields = { for field in local._firestore.fieldOverrides :
    "${field.collectionGroup} ${field.fieldPath}" => field
  }
}

resource "google_firestore_database" "default" {
  project     = var.project_id
  name        = "(default)"
  location_id = coalesce(var.firestore_location, var.region)
  type        = "FIRESTORE_NATIVE"

  point_in_time_recovery_enablement = var.point_in_time_recovery ? "POINT_IN_TIME_RECOVERY_ENABLED" : "POINT_IN_TIME_RECOVERY_DISABLED"

  # Taking the module down leaves the data; README.md says how to delete it on purpose.
  delete_protection_state = "DELETE_PROTECTION_ENABLED"
  deletion_policy         = "ABANDON"

  depends_on = [google_project_service.api]
}

resource "google_firestore_index" "index" {
  for_each = local._indexes

  project     = var.project_id
  database    = google_firestore_database.default.name
  collection  = each.value.collectionGroup
  query_scope = each.value.queryScope

  dynamic "fields" {
    for_each = each.value.fields
    content {
      field_path   = fields.value.fieldPath
      order        = lookup(fields.value, "order", null)
      array_config = lookup(fields.value, "arrayConfig", null)
    }
  }
}

resource "google_firestore_field" "field" {
  for_each = local._fields

  project    = var.project_id
  database   = google_firestore_database.default.name
  collection = each.value.collectionGroup
  field      = each.value.fieldPath

  # Without any entry: no index at all.
  index_config {
    dynamic "indexes" {
      for_each = each.value.indexes
      content {
        query_scope  = lookup(indexes.value, "queryScope", "COLLECTION")
        order        = lookup(indexes.value, "order", null)
        array_config = lookup(indexes.value, "arrayConfig", null)
      }
    }
  }

  dynamic "ttl_config" {
    for_each = lookup(each.value, "ttl", false) ? [true] : []
    content {}
  }
}

resource "google_firestore_backup_schedule" "daily" {
  project   = var.project_id
  database  = google_firestore_database.default.name
  retention = "604800s" # 7 days

  daily_recurrence {}
}

resource "google_firestore_backup_schedule" "weekly" {
  project   = var.project_id
  database  = google_firestore_database.default.name
  retention = "4838400s" # 8 weeks

  weekly_recurrence {
    day = "SUNDAY"
  }
}

# Rules are for browsers and phones: none of them has any business here. Servers come in by IAM.
resource "google_firebaserules_ruleset" "firestore" {
  project = var.project_id

  source {
    files {
      name    = "firestore.rules"
      content = file("${path.module}/firestore.rules")
    }
  }

  depends_on = [google_firestore_database.default]

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_firebaserules_release" "firestore" {
  project      = var.project_id
  name         = "cloud.firestore"
  ruleset_name = google_firebaserules_ruleset.firestore.name
}

resource "google_project_iam_member" "state" {
  for_each = { for name, f in local._functions : name => f.state if f.state != null }

  project = var.project_id
  role    = { read = "roles/datastore.viewer", write = "roles/datastore.user" }[each.value]
  member  = local._members[each.key]

  condition {
    title       = "sync state only"
    description = "The database of the sync, no other in the project"
    expression  = "resource.name == \"projects/${var.project_id}/databases/${google_firestore_database.default.name}\""
  }
}
