"""Many files at once and many slow writers: each photo is protected exactly once.

``make test-system`` drops 10,000 files and lets 1,000 writers dawdle, ``make test`` fewer.
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from tests.system.rig import note, photo, sha256, system, wait_until, whole

FILES = int(os.environ.get("PHOTOVEIL_TEST_FILES", "400"))
WRITERS = int(os.environ.get("PHOTOVEIL_TEST_WRITERS", "60"))
_SETTINGS = """\
on_battery = "work"
when_busy = "work"
previews = false

[[folders]]
path = "{folder}"
output = "mirror"
mirror = "{mirror}"
"""
_PIECES = 6


async def _dawdle(file: Path, data: bytes) -> None:
    """A writer that takes several seconds."""
    step = len(data) // _PIECES + 1
    with file.open("wb") as out:
        for start in range(0, len(data), step):
            out.write(data[start : start + step])
            out.flush()
            await asyncio.sleep(0.7)


async def _write_slowly(folder: Path, first: int) -> None:
    await asyncio.gather(*(_dawdle(folder / f"slow {n}.jpg", photo(first + n)) for n in range(WRITERS)))


def test_every_file_of_a_flood_is_protected_once(tmp_path: Path) -> None:
    folder, mirror = tmp_path / "photos", tmp_path / "protected"
    folder.mkdir()
    with system(tmp_path / "home") as running:
        running.settings(_SETTINGS.format(folder=folder, mirror=mirror))
        running.start()
        started = time.monotonic()
        for number in range(FILES):
            place = folder / f"{number // 500:03d}"
            place.mkdir(exist_ok=True)
            (place / f"{number}.jpg").write_bytes(photo(number))
        dropped = time.monotonic() - started
        asyncio.run(_write_slowly(folder, FILES))
        total = FILES + WRITERS
        limit = 300 + total / 4
        done = "SELECT count(*) FROM jobs WHERE state = 'done'"
        wait_until(lambda: running.rows(done)[0][0] >= total, limit)
        seconds = time.monotonic() - started
        running.idle()
        jobs = running.rows("SELECT original, count(*) FROM jobs GROUP BY original")
        assert len(jobs) == total
        assert {count for _, count in jobs} == {1}, "a photo was protected twice"
        copies = [file for file in mirror.rglob("*") if file.is_file()]
        assert len(copies) == total
        assert all(whole(file) for file in copies)
        originals = {sha256(file.read_bytes()) for file in folder.rglob("*.jpg")}
        assert originals == {original for original, _ in jobs}
        assert running.stop() == 0
    note(
        "flood",
        files=FILES,
        slow_writers=WRITERS,
        protected_once=total,
        protected_twice=0,
        seconds_to_drop=round(dropped, 1),
        seconds_in_all=round(seconds, 1),
    )
