terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "6.50.0"
    }
  }

  # Bucket and prefix: terraform init -backend-config=bucket=... (README.md, step 3).
  backend "gcs" {
    prefix = "crm-google-sync"
  }
}

provider "google" {
  project = var.project_id
  region  = var.region

  # Budgets are billed to a quota project; without this an admin's own credentials are refused.
  user_project_override = true
  billing_project       = var.project_id
}
