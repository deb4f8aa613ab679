"""Watched folders: what changes in them is noticed, offered to the queue, and the copies are put where they belong."""

from __future__ import annotations

from photoveil.watching.watching import FolderState, Watching

__all__ = ["FolderState", "Watching"]
