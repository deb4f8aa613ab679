"""Small pictures of the newest photos, before and after, for the history."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from photoveil.ledger.photos import discard
from photoveil.worker.tasks import Previews

log = logging.getLogger(__name__)

SIDES = ("before", "after")
_KEPT = 200
_SLACK = 20
"""How many more may gather before the oldest are removed: listing the folder for each photo would be a waste."""


class PreviewShelf:
    """The folder of previews, two files per job.

    Args:
        folder: where they are.
        wanted: whether the user wants previews to be made.
        keep: for how many of the newest photos.
    """

    def __init__(self, folder: Path, wanted: Callable[[], bool] = lambda: True, keep: int = _KEPT) -> None:
        self._folder = folder
        self._wanted = wanted
        self._keep = keep
        self._since_tidied = _SLACK

    def places(self, part: Path) -> Previews | None:
        """Where the worker may put the two files, beside ``part``; None where nobody wants them."""
        if not self._wanted():
            return None
        return Previews(part.with_suffix(".before"), part.with_suffix(".after"))

    def keep(self, made: Previews, jobs: Iterable[str]) -> None:
        """Take two files in for these jobs, if they were made. Blocks; a failure costs no more than the previews."""
        try:
            for job in jobs:
                for side, file in zip(SIDES, (made.before, made.after), strict=True):
                    if file.is_file():
                        file.chmod(0o600)
                        place = self.file(job, side)
                        discard(place)
                        os.link(file, place)
            self._tidy()
        except OSError as error:
            log.warning("a preview could not be kept: %s", error.strerror)
        finally:
            discard(made.before)
            discard(made.after)

    def file(self, job: str, side: str) -> Path:
        """Where one side of a job's preview is, if it was made and is still kept."""
        if side not in SIDES or not job.isalnum():
            raise ValueError("no such preview")
        return self._folder / f"{job}.{side}.webp"

    def has(self, job: str) -> bool:
        """Whether both sides are here."""
        return all(self.file(job, side).is_file() for side in SIDES)

    def remove(self, jobs: Iterable[str]) -> None:
        """Remove the previews of these jobs, or what there is of them. Blocks."""
        for job in jobs:
            for side in SIDES:
                discard(self.file(job, side))

    def clear(self) -> None:
        """Remove all previews, as when the user does not want them any more. Blocks."""
        for file in self._folder.glob("*.webp"):
            discard(file)

    def _tidy(self) -> None:
        self._since_tidied += 1
        if self._since_tidied < _SLACK:
            return
        self._since_tidied = 0
        files = sorted(self._folder.glob("*.webp"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
        for file in files[self._keep * len(SIDES) :]:
            discard(file)
