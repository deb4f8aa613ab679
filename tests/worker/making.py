"""Having a photo made by the child, and what is in the file then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from photoveil.worker.parent import Worker
from photoveil.worker.tasks import Delivered, Previews, Task, Unchanged


@dataclass(frozen=True)
class Maker:
    """Has photos made, by the ``usual`` task where no other is given; answers the outcome and the new file's bytes."""

    usual: Task

    async def __call__(
        self,
        worker: Worker,
        photo: Path,
        task: Task | None = None,
        *,
        previews: Previews | None = None,
        hear: Callable[[str, float], None] = lambda _stage, _share: None,
    ) -> tuple[Delivered | Unchanged, bytes]:
        part = photo.with_suffix(".part")
        outcome = await worker.protect(
            photo, photo.name, task or self.usual, part=part, progress=hear, previews=previews
        )
        return outcome, part.read_bytes() if part.exists() else b""
