# The OAuth client in Secret Manager, and the rights on the secrets that hold refresh tokens.

locals {
  _oauth_secrets = toset(["oauth-client-id", "oauth-client-secret"])

  _oauth_readers = { for pair in setproduct([for name, f in local._functions : name if f.oauth_client], local._oauth_secrets) :
    "${pair[0]} ${pair[1]}" => { function = pair[0], secret = pair[1] }
  }
}

# Values come by gcloud (README.md, step 4): never through Terraform, whose state would keep them.
resource "google_secret_manager_secret" "oauth" {
  for_each = local._oauth_secrets

  project   = var.project_id
  secret_id = each.key
  labels    = local._labels

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_secret_manager_secret_iam_member" "oauth" {
  for_each = local._oauth_readers

  project   = var.project_id
  secret_id = google_secret_manager_secret.oauth[each.value.secret].secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = local._members[each.value.function]
}

# Refresh tokens: a secret for each user, made when he or she connects. Rights cannot be bound to
# secrets that do not exist yet, so they are bound to the name's prefix by an IAM condition. Creating
# cannot be narrowed that way (it is checked on the project, which has no secret's name), so it is a
# role of its own with nothing else in it: who has it can make a secret, and can neither read,
# change nor delete one of another name.
locals {
  _token_condition = "resource.name.startsWith(\"projects/${local._number}/secrets/${var.token_secret_prefix}-\")"

  _token_roles = {
    create = { title = "Refresh tokens: make the secret", permissions = ["secretmanager.secrets.create"] }
    write = { title = "Refresh tokens: store", permissions = [
      "secretmanager.versions.add",
      "secretmanager.versions.destroy",
      "secretmanager.versions.list",
    ] }
    read = { title = "Refresh tokens: read", permissions = ["secretmanager.versions.access"] }
    use = { title = "Refresh tokens: read and delete", permissions = [
      "secretmanager.secrets.delete",
      "secretmanager.versions.access",
    ] }
  }

  _token_rights = merge(
    { for name, f in local._functions : "${name} create" => { function = name, role = "create", condition = null } if f.tokens == "write" },
    { for name, f in local._functions : "${name} ${f.tokens}" => { function = name, role = f.tokens, condition = local._token_condition } if f.tokens != null },
  )
}

resource "google_project_iam_custom_role" "tokens" {
  for_each = local._token_roles

  project     = var.project_id
  role_id     = "crmGoogleSyncTokens${title(each.key)}"
  title       = each.value.title
  permissions = each.value.permissions
  depends_on  = [google_project_service.api]
}

resource "google_project_iam_member" "tokens" {
  for_each = local._token_rights

  project = var.project_id
  role    = "projects/${var.project_id}/roles/${google_project_iam_custom_role.tokens[each.value.role].role_id}"
  member  = local._members[each.value.function]

  dynamic "condition" {
    for_each = each.value.condition == null ? [] : [each.value.condition]
    content {
      title       = "refresh tokens only"
      description = "Secrets whose names begin with the prefix of refresh tokens"
      expression  = condition.value
    }
  }
}
