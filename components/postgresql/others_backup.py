"""Servers whose backups others make, who have to say so before an upgrade of Label Studio migrates the database."""

from __future__ import annotations

from ..kubernetes.upgrade_backup import UpgradeBackup
from .settings import PostgresSettings

SAY_SO = "write postgresql.upgradeBackup: mine once you have made one"


def others_backup(settings: PostgresSettings) -> UpgradeBackup:
    """No job; and no advice where the settings say who makes the backup."""
    return UpgradeBackup(advice="" if settings.upgrade_backup == "mine" else SAY_SO)
