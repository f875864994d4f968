output "admin_url" {
  description = "Where admins ask and decide (README.md, Ask and decide)."
  value       = local._urls["admin"]
}

output "authorize_url" {
  description = "Where users connect their Google account."
  value       = local._settings.PUBLIC_URL
}

output "availability_url" {
  description = "Where the CRM's servers ask who is busy when; the audience of their ID tokens."
  value       = local._urls["availability"]
}

output "crm_changes_topic" {
  description = "Where the CRM publishes its changes."
  value       = google_pubsub_topic.topic["crm-changes"].id
}

output "crm_subscription" {
  description = "Where the CRM gets Google's changes, unless they are pushed to it."
  value       = google_pubsub_subscription.crm.id
}

output "dead_letters_subscription" {
  description = "Where messages end that could not be delivered."
  value       = google_pubsub_subscription.dead_letters.id
}

output "functions" {
  description = "Address of each function."
  value       = local._urls
}

output "google_changes_topic" {
  description = "Where Google's changes are published, for further subscribers."
  value       = google_pubsub_topic.topic[var.google_changes_topic].id
}
