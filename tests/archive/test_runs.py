"""Whole runs with real processes and encoders, however they end."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
from pathlib import Path

import psutil
import pytest
from PIL import Image

from photoveil.archive.manifest import STATE_FOLDER
from tests.archive.house import COMMAND, PHOTOS, House, picture, sha, tree, wait_for


def _makers(house: House, out: Path | None = None) -> dict[str, str]:
    with sqlite3.connect((out or house.out) / STATE_FOLDER / "manifest.sqlite3") as db:
        found = dict(db.execute("SELECT path, maker FROM photos WHERE state = 'done'").fetchall())
    db.close()
    return {os.fsdecode(path): maker for path, maker in found.items()}


def _copies(house: House) -> int:
    return len(tree(house.out)) if house.out.exists() else 0


def test_a_library_becomes_the_same_tree_and_a_second_run_has_nothing_to_do(copied: House) -> None:
    originals, copies = tree(copied.library), tree(copied.out)
    told = copied.told
    assert originals.keys() == copies.keys()
    assert told["protected"] == told["photos"] == PHOTOS
    assert not told["failed"]
    assert all(copies[name] != data for name, data in originals.items())
    for name in originals:
        assert (copied.out / name).stat().st_mtime_ns == (copied.library / name).stat().st_mtime_ns
    before = {name: (copied.out / name).stat().st_ctime_ns for name in copies}

    reports = copied.root / "reports.jsonl"
    again = copied.run("--reports", str(reports))

    assert (again["protected"], again["copied"], again["already"]) == (0, 0, PHOTOS)
    assert {name: (copied.out / name).stat().st_ctime_ns for name in copies} == before
    lines = [json.loads(line) for line in reports.read_text("utf-8").splitlines()]
    assert {line["file"]: line["delivered"]["sha256"] for line in lines} == {
        name: sha(data) for name, data in copies.items()
    }
    assert all(line["psnr_db"] > 20 for line in lines)


def test_a_killed_run_goes_on_and_neither_kills_nor_processes_change_a_byte(
    house: House, finished: House
) -> None:
    expected = tree(finished.out)
    with house.start("--processes", "2") as running:
        wait_for(lambda: _copies(house) >= 3 or running.poll() is not None, "no copy was made")
        assert running.poll() is None
        children = psutil.Process(running.pid).children(recursive=True)
        running.kill()
    assert not psutil.wait_procs(children, timeout=200)[1], "processes outlived their parent"
    partly, done = tree(house.out), _makers(house)
    assert partly.items() <= expected.items(), "a half-written or different copy"
    assert 3 <= len(partly) < PHOTOS

    told = house.run("--dry-run")
    assert (told["already"], told["to_do"]) == (len(partly), PHOTOS - len(partly))
    with house.start("--processes", "1") as running:
        wait_for(lambda: _copies(house) > len(partly) or running.poll() is not None, "no more was made")
        _child(running).kill()  # a process that dies under the run loses no photo
        said, noted = running.communicate(timeout=800)
    assert running.returncode == 0, (said, noted)
    assert json.loads(said)["protected"] == PHOTOS - len(partly)
    assert tree(house.out) == expected
    assert tree(house.library) == tree(finished.library)
    assert not list((house.out / STATE_FOLDER / "parts").iterdir())
    makers = _makers(house)
    assert done.items() <= makers.items(), "a copy was made twice"
    assert len({maker.partition("#")[0] for name, maker in makers.items() if name not in done}) == 2


def _child(running: subprocess.Popen[str]) -> psutil.Process:
    children = psutil.Process(running.pid).children(recursive=True)
    (child,) = (each for each in children if any("spawn_main" in word for word in each.cmdline()))
    return child


def test_ctrl_c_finishes_what_is_in_hand(house: House, finished: House) -> None:
    with house.start("--processes", "1") as running:
        wait_for(lambda: _copies(house) >= 1 or running.poll() is not None, "no copy was made")
        running.send_signal(signal.SIGINT)
        said, noted = running.communicate(timeout=800)
    assert running.returncode == 130
    told = json.loads(said)
    assert told["interrupted"]
    assert "Finishing" in noted
    assert 1 <= told["protected"] < PHOTOS
    assert not told["failed"]
    assert len(tree(house.out)) == told["protected"] == len(_makers(house))
    assert tree(house.out).items() <= tree(finished.out).items()


def test_only_what_changed_is_done_and_what_fails_is_told_and_tried_again(house: House) -> None:
    for name in [*tree(house.library)][3:]:
        (house.library / name).unlink()
    kept = tree(house.library)
    first, second, third = kept
    house.put("broken.jpg", kept[first][:900])
    house.put("twin/again.jpg", kept[first])
    house.put("notes.txt", b"no photo")
    frames = [Image.new("RGB", (32, 32), (seed, 0, 0)) for seed in (0, 90, 180)]
    frames[0].save(house.library / "moving.gif", save_all=True, append_images=frames[1:])

    told = house.run("--processes", "1", code=1)
    assert (told["photos"], told["protected"], told["copied"]) == (6, 3, 1)
    assert [entry["file"] for entry in told["failed"]] == ["broken.jpg"]
    assert told["failed"][0]["error"]["title"] == "The photo is incomplete or damaged"
    assert [entry["file"] for entry in told["unchanged"]] == ["moving.gif"]
    assert told["passed_over"]["no_photos"] == 1
    before = tree(house.out)
    assert before.keys() == {*kept, "twin/again.jpg"}
    assert before["twin/again.jpg"] == before[first]

    house.put("broken.jpg", picture(77))  # mended
    house.put(second, picture(78))  # edited
    (house.out / third).unlink()
    (house.library / first).rename(house.library / "renamed.jpg")
    told = house.run("--processes", "1")
    after = tree(house.out)
    assert (told["protected"], told["copied"], told["already"], told["orphans"]) == (3, 1, 1, 1)
    assert not told["failed"]
    assert after[third] == before[third]
    assert after["renamed.jpg"] == after[first] == before[first]
    assert after[second] != before[second]
    assert "broken.jpg" in after

    told = house.run("--strength", "subtle", "--processes", "1")
    assert (told["protected"], told["copied"], told["already"]) == (4, 1, 0)
    stronger = tree(house.out)
    assert stronger.keys() == after.keys()
    assert all(stronger[name] != after[name] for name in (second, third, "renamed.jpg", "twin/again.jpg"))


def test_a_second_run_at_the_same_time_is_told_to_wait(house: House) -> None:
    with house.start("--processes", "1") as running:
        wait_for(lambda: (house.out / STATE_FOLDER / "manifest.sqlite3").exists(), "no manifest")
        running.send_signal(signal.SIGSTOP)  # however long the other takes, it is not done before
        refused = subprocess.run(
            [*COMMAND, "archive", str(house.library), str(house.out)],
            env=house.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        running.kill()
    assert refused.returncode == 1
    assert "Another run is working on this archive" in refused.stderr


@pytest.mark.parametrize("where", ["library", "library/deep/below", "."])
def test_output_and_library_must_lie_apart(house: House, where: str) -> None:
    told = subprocess.run(
        [*COMMAND, "archive", str(house.library), str(house.root / where)],
        env=house.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 2
    assert "outside the library" in told.stderr
    assert not (house.library / STATE_FOLDER).exists()


def test_a_dry_run_writes_nothing(house: House) -> None:
    told = house.run("--dry-run")
    assert (told["photos"], told["to_do"], told["protected"]) == (PHOTOS, PHOTOS, 0)
    assert told["to_do_bytes"] == told["bytes"] == sum(map(len, tree(house.library).values()))
    assert not house.out.exists()
