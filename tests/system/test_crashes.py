"""Kill -9 of daemon and worker at random moments, while photos stream in from a browser and into watched folders.

Nothing may be lost: every original stays as it was or lies in the vault, no half-written file is ever seen, every job
ends done or with a reason, and the ledger stays whole. ``make test-system`` kills 200 times, ``make test`` less often.
"""

from __future__ import annotations

import os
import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from photoveil.api.client import DaemonClient
from tests.system.rig import System, note, photo, send, sha256, system, whole

KILLS = int(os.environ.get("PHOTOVEIL_TEST_KILLS", "16"))
SEED = int(os.environ.get("PHOTOVEIL_TEST_SEED", "20261121"))
_SETTINGS = """\
on_battery = "work"
when_busy = "work"

[[folders]]
path = "{beside}"

[[folders]]
path = "{inplace}"
output = "in-place"
"""


@dataclass
class World:
    """All photos there ever were, and the system they are given to."""

    system: System
    beside: Path
    inplace: Path
    draws: random.Random
    made: int = 0
    originals: dict[Path, str] = field(default_factory=dict)
    replaced: dict[Path, bytes] = field(default_factory=dict)
    jobs: dict[str, str] = field(default_factory=dict)
    refused: int = 0
    looks: int = 0

    def next_photo(self) -> bytes:
        self.made += 1
        return photo(self.made, (40 + self.draws.randrange(60), 40), self.draws.choice(["JPEG", "PNG"]))

    def drop(self, folder: Path) -> None:
        """A photo appears in a folder, as a camera import writes it: in pieces."""
        data = self.next_photo()
        suffix = ".png" if data.startswith(b"\x89PNG") else ".jpg"
        file = folder / self.draws.choice(["", "a", "b/c"]) / f"photo {self.made:05d}{suffix}"
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as out:
            out.write(data[:100])
            out.flush()
            out.write(data[100:])
        if folder == self.beside:
            self.originals[file] = sha256(data)
        else:
            self.replaced[file] = data

    def upload(self, client: DaemonClient) -> None:
        data = self.next_photo()
        job = send(client, data, f"upload {self.made}.jpg")
        if job is None:
            self.refused += 1
        else:
            self.jobs[job] = sha256(data)


def _stream(world: World, client: DaemonClient, end: threading.Event) -> None:
    while not end.is_set():
        world.upload(client)
        world.drop(world.beside)
        world.drop(world.inplace)
        end.wait(world.draws.uniform(0, 0.15))


def _look(world: World) -> None:
    """What must be true at every moment, also while nothing runs."""
    world.looks += 1
    assert world.system.rows("PRAGMA integrity_check") == [("ok",)]
    for file, digest in world.originals.items():
        assert sha256(file.read_bytes()) == digest, file
    kept = {digest for (digest,) in world.system.rows("SELECT sha256 FROM vault_items")}
    for file, data in world.replaced.items():
        assert file.read_bytes() == data or sha256(data) in kept, file
    for folder in (world.beside, world.inplace):
        for file in folder.rglob("*"):
            assert file.name.startswith(".") or not file.is_file() or whole(file), file


def _live(world: World, client: DaemonClient, seconds: float, kill_worker: bool) -> None:
    end = threading.Event()
    stream = threading.Thread(target=_stream, args=(world, client, end))
    stream.start()
    try:
        time.sleep(seconds / 2)
        if kill_worker:
            world.system.kill_worker()
        time.sleep(seconds / 2)
        world.system.kill()
    finally:
        end.set()
        stream.join()


def _try_again(running: System) -> int:
    """A photo at which three daemons in a row died is given up; the user has it tried again. How many there were."""
    failed = running.rows("SELECT job, kind FROM jobs WHERE state = 'failed' AND error IS NOT NULL")
    for job, kind in failed:
        if kind == "folder":
            running.local().call("retry", job=job)
    running.idle()
    return len(failed)


def _settled(world: World) -> None:
    """Nothing was lost, nothing done twice, nothing left lying about."""
    running = world.system
    open_ones = running.rows(
        "SELECT state, count(*) FROM jobs WHERE state IN ('queued', 'running') GROUP BY state"
    )
    assert open_ones == []
    silent = running.rows(
        "SELECT job, state FROM jobs WHERE state NOT IN ('done') AND error IS NULL AND reason IS NULL"
    )
    assert silent == []
    known = dict(running.rows("SELECT job, state FROM jobs"))
    assert set(world.jobs) <= set(known)
    for file, digest in world.originals.items():
        copies = list((file.parent / "Protected").glob(f"{file.stem}*"))
        assert len(copies) == 1, (file, copies)
        assert whole(copies[0])
        assert sha256(copies[0].read_bytes()) != digest
    for folder in (world.beside, world.inplace):
        left = [file for file in folder.rglob(".*") if file.is_file()]
        assert left == []


def _vault_has(world: World) -> int:
    """Every photo that was protected in place can be had back, bit for bit."""
    items = {path: item for item, path in world.system.rows("SELECT item, path FROM vault_items")}
    client = world.system.local()
    back = world.system.home / "back"
    back.mkdir()
    for file, data in world.replaced.items():
        assert file.read_bytes() != data, f"{file} was not protected"
        time.sleep(0.03)  # no faster than one client may ask
        told = client.call("vault/restore", item=items[str(file)], to=str(back))
        restored = Path(told["path"])
        assert restored.read_bytes() == data
        restored.unlink()
    return len(world.replaced)


def test_nothing_is_lost_when_processes_die(tmp_path: Path) -> None:
    with system(tmp_path / "home") as running:
        beside, inplace = tmp_path / "beside", tmp_path / "in place"
        for folder in (beside, inplace):
            folder.mkdir()
        running.settings(_SETTINGS.format(beside=beside, inplace=inplace))
        world = World(running, beside, inplace, random.Random(SEED))
        running.start()
        browser = running.browser()
        workers = 0
        for number in range(KILLS):
            kill_worker = number % 3 == 1
            workers += kill_worker
            _live(world, running.again(browser), world.draws.uniform(0.02, 1.6), kill_worker)
            _look(world)
            running.start()
        running.idle()
        failed = _try_again(running)
        _look(world)
        _settled(world)
        vaulted = _vault_has(world)
        done = sum(1 for (state,) in running.rows("SELECT state FROM jobs") if state == "done")
        assert running.stop() == 0
        note(
            "crashes",
            seed=SEED,
            daemon_kills=KILLS,
            worker_kills=workers,
            photos=world.made,
            uploads_accepted=len(world.jobs),
            uploads_not_accepted=world.refused,
            folder_photos=len(world.originals),
            photos_in_place=vaulted,
            jobs_done=done,
            jobs_that_gave_up_with_a_reason=failed,
            looks_without_a_lost_original_or_partial_file=world.looks,
        )
