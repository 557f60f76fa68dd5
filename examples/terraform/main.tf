# A backup of a database instance. The provider is set up in provider.tf, which apply.sh makes.

terraform {
  required_providers {
    opentelekomcloud = {
      source  = "opentelekomcloud/opentelekomcloud"
      version = "~> 1.36"
    }
  }
}

variable "instance_id" {
  description = "The DB instance to back up."
  type        = string
}

resource "opentelekomcloud_rds_backup_v3" "nightly" {
  instance_id = var.instance_id
  name        = "nightly"
  description = "Made by Terraform."
}

output "backup" {
  value = {
    id     = opentelekomcloud_rds_backup_v3.nightly.id
    status = opentelekomcloud_rds_backup_v3.nightly.status
  }
}
