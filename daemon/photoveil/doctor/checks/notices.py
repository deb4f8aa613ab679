"""What the running daemon itself has to tell."""

from __future__ import annotations

from collections.abc import Iterator

from photoveil.doctor.model import Finding
from photoveil.doctor.patient import Patient

_ELSEWHERE = {"settings", "inotify_limit", "folder_missing", "vault_full", "regions_unreadable"}
"""Codes of matters that have a check of their own."""


def look(patient: Patient) -> Iterator[Finding]:
    """Hand on every notice that is at hand."""
    for notice in patient.overview["notices"]:
        if notice["code"] not in _ELSEWHERE:
            yield Finding(f"notice_{notice['code']}", notice["title"], notice["reason"], notice["remedy"])
