"""What can keep an audit from being done."""

from __future__ import annotations

from photoveil.errors import PhotoveilError


class AuditError(PhotoveilError):
    """The audit cannot be done as asked."""

    code = "audit"
