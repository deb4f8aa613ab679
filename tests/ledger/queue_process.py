"""A queue in a process of its own, to be killed: uploads and folder files until all is done, then it leaves by itself.

``python -m tests.ledger.queue_process``: for every folder on standard input, a fork of this process works there; its
number is printed when it begins. The first one submits the photos, later ones find them in rows. An empty line asks
how it ended: until then its number is nobody else's. Forks, because starting an interpreter takes longer than all the
work.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import traceback
from pathlib import Path

from photoveil.ledger.jobs import JobRow
from photoveil.photos import free_name
from photoveil.worker.tasks import Delivered, Outcome
from tests.ledger.desk import Desk, desk_at, sha

UPLOADS, FILES = 40, 80


class SlowDesk(Desk):
    """Takes a moment for everything, and notes each photo that it protected."""

    async def protect(self, photo: Path, *about: object, **rest: object) -> Outcome:
        await asyncio.sleep(0.004)
        self.go.set()
        made = await super().protect(photo, *about, **rest)  # type: ignore[arg-type]
        await asyncio.sleep(0.004)
        return made

    async def place(self, row: JobRow, copy: Path, made: Delivered) -> Path:
        assert row.target is not None
        if not row.target.exists():  # one's own work of before is recognised
            part = free_name(row.target.parent, f".{row.target.name}.part")
            await asyncio.to_thread(shutil.copyfile, copy, part)
            await asyncio.sleep(0.002)
            part.replace(row.target)
        assert sha(row.target.read_bytes()) == made.sha256
        return row.target


async def main(folder: Path) -> None:
    async with desk_at(folder, kind=SlowDesk) as desk:
        mark = folder / "submitted"
        if not mark.exists():
            for number in range(UPLOADS):
                await desk.send(b"upload %d" % number, f"u{number}.jpg", client=f"c{number}")
            await desk.drop(*((b"file %d" % number, f"f{number}.jpg") for number in range(FILES)))
            mark.touch()
        sys.stdout.write(f"{os.getpid()}\n")
        sys.stdout.flush()
        while sum(desk.jobs.counts().values()):  # noqa: ASYNC110 - short, and nobody tells when all is done
            await asyncio.sleep(0.002)


def work(folder: Path) -> None:
    try:
        asyncio.run(main(folder))
    except BaseException:  # noqa: BLE001 - whatever it is, the parent's loop must not go on in the child
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def serve() -> None:
    child = 0
    for line in sys.stdin:
        if folder := line.strip():
            child = os.fork()
            if not child:
                work(Path(folder))
            continue
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"ended {os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
