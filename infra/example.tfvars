# A company with 350 users, in Belgium. Copy, change, and give it to terraform with -var-file.

project_id = "example-crm-sync"
region     = "europe-west1"

# The CRM runs in a project of its own and pulls changes from Google.
crm_members = ["serviceAccount:crm@example-crm.iam.gserviceaccount.com"]

# Its servers also ask when users are free.
availability_members = ["serviceAccount:crm@example-crm.iam.gserviceaccount.com"]

# Who may look at journals and previews, undo runs and release users.
admin_members = ["group:crm-sync-admins@example.com"]

# Notices
alert_emails    = ["it-operations@example.com"]
billing_account = "012345-6789AB-CDEF01"
budget          = 50

# 350 users, 8,300 entries a month: two instances would do; ten bound a mass change.
max_instances = 10

# Settings of the sync. Left out: poll every 300 s, 30 days back, 365 ahead, the primary calendar.
conflict_policy = {
  place           = "google" # where people meet is decided on the road
  "contact.title" = "google" # of one record type
}
