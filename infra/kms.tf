# The key that wraps refresh tokens, and who may encrypt or decrypt with it. No account may do both.

resource "google_kms_key_ring" "sync" {
  project    = var.project_id
  name       = "crm-google-sync"
  location   = var.region
  depends_on = [google_project_service.api]
}

resource "google_kms_crypto_key" "tokens" {
  name     = "refresh-tokens"
  key_ring = google_kms_key_ring.sync.id
  purpose  = "ENCRYPT_DECRYPT"

  # 90 days. Old versions stay enabled: they still decrypt what they encrypted.
  rotation_period = "7776000s"

  # A version that is destroyed by mistake can be restored for 30 days.
  destroy_scheduled_duration = "2592000s"

  version_template {
    algorithm        = "GOOGLE_SYMMETRIC_ENCRYPTION"
    protection_level = "SOFTWARE"
  }

  # Without the key every user has to authorize again, and KMS keys cannot be made anew under
  # the same name.
  lifecycle {
    prevent_destroy = true
  }
}

resource "google_kms_crypto_key_iam_member" "tokens" {
  for_each = { for name, f in local._functions : name => f.kms if f.kms != null }

  crypto_key_id = google_kms_crypto_key.tokens.id
  role          = { encrypt = "roles/cloudkms.cryptoKeyEncrypter", decrypt = "roles/cloudkms.cryptoKeyDecrypter" }[each.value]
  member        = local._members[each.key]
}
