"""What happens in a watched folder, from the file that appears to the copy beside it."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

from tests.watching.house import House, aged, copy_of, gif, jpeg
from tests.watching.house import house as built
from tests.watching.together import together

FLOOD = int(os.environ.get("PHOTOVEIL_TEST_FILES", "400"))
WRITERS = int(os.environ.get("PHOTOVEIL_TEST_WRITERS", "60"))


@together
async def test_a_new_photo_gets_a_copy_beside_it(house: House) -> None:
    rule = await house.watch()
    (house.tree / "a.jpg").write_bytes(jpeg(1))
    row = await house.state_of(rule, "a.jpg", "done")
    assert row.target == house.tree / "Protected" / "a.jpg"
    assert row.target.read_bytes() == copy_of(jpeg(1))
    assert (house.tree / "a.jpg").read_bytes() == jpeg(1)
    await house.calm(rule)
    state = house.state(rule)
    assert (state.mode, state.protected, state.waiting) == ("events", 1, 0)
    assert [path.name for path in (house.tree / "Protected").iterdir()] == ["a.jpg"]


@together
async def test_what_changed_while_nobody_watched_is_caught_up_with(place: Path) -> None:
    async with built(place) as house:
        rule = await house.watch()
        for number in range(3):
            (house.tree / f"{number}.jpg").write_bytes(jpeg(number))
        await house.calm(rule)
    (place / "photos" / "0.jpg").write_bytes(jpeg("new", 700))
    (place / "photos" / "1.jpg").rename(place / "photos" / "one.jpg")
    (place / "photos" / "2.jpg").unlink()
    (place / "photos" / "sub").mkdir()
    (place / "photos" / "sub" / "3.jpg").write_bytes(jpeg(3))
    async with built(place) as house:
        await house.state_of(rule, "0.jpg", "done")
        await house.state_of(rule, "one.jpg", "done")
        await house.state_of(rule, "sub/3.jpg", "done")
        await house.calm(rule)
        copies = {path.name: path.read_bytes() for path in (house.tree / "Protected").iterdir()}
        assert copies == {
            "0.jpg": copy_of(jpeg("new", 700)),
            "one.jpg": copy_of(jpeg(1)),
            "2.jpg": copy_of(jpeg(2)),
        }
        assert sum(house.calls.values()) == 2, "known photos were protected again"


@together
async def test_known_files_are_not_read_again(place: Path) -> None:
    async with built(place) as house:
        rule = await house.watch()
        (house.tree / "a.jpg").write_bytes(jpeg(1))
        (house.tree / "notes.txt").write_text("no photo")
        await house.calm(rule)
        before = await house.rows(rule)
        assert {path: row.state for path, row in before.items()} == {"a.jpg": "done", "notes.txt": "other"}
    async with built(place) as house:
        await house.until(lambda: house.state(rule).last_scan is not None)
        assert await house.rows(rule) == before


@together
async def test_a_slow_writer_is_waited_for(house: House) -> None:
    rule = await house.watch()
    data = jpeg(1, 5000)
    with (house.tree / "slow.jpg").open("wb") as file:
        for start in range(0, len(data), 1000):
            file.write(data[start : start + 1000])
            file.flush()
            await asyncio.sleep(0.3)
            assert start + 1000 >= len(data) or not house.made
    row = await house.state_of(rule, "slow.jpg", "done")
    assert row.target is not None
    assert row.target.read_bytes() == copy_of(data)
    assert house.calls.total() == 1


@together
async def test_a_writer_that_closes_half_way_is_waited_for(house: House) -> None:
    rule = await house.watch()
    data = jpeg(1, 5000)
    file = house.tree / "resumed.jpg"
    file.write_bytes(data[:2000])
    await asyncio.sleep(1.2)
    assert not house.made
    with file.open("ab") as more:
        more.write(data[2000:])
    await house.state_of(rule, "resumed.jpg", "done")
    assert house.calls.total() == 1


@together
async def test_savers_that_rename_lead_to_one_copy_of_the_last_version(house: House) -> None:
    rule = await house.watch()
    for number in range(5):
        part = house.tree / ".a.jpg.tmp"
        part.write_bytes(jpeg(number))
        part.replace(house.tree / "a.jpg")
        await asyncio.sleep(0.1)
    await house.calm(rule)
    assert (house.tree / "Protected" / "a.jpg").read_bytes() == copy_of(jpeg(4))
    assert len(list((house.tree / "Protected").iterdir())) == 1


@together
async def test_copies_with_kept_times_and_moved_folders_are_noticed(house: House, place: Path) -> None:
    rule = await house.watch()
    old = place / "old.jpg"
    old.write_bytes(jpeg(1))
    shutil.copy2(aged(old), house.tree / "copied.jpg")
    album = place / "album"
    (album / "inner").mkdir(parents=True)
    (album / "inner" / "b.jpg").write_bytes(jpeg(2))
    album.rename(house.tree / "album")
    os.link(old, house.tree / "linked.jpg")
    for path in ("copied.jpg", "album/inner/b.jpg", "linked.jpg"):
        await house.state_of(rule, path, "done")
    assert (house.tree / "album" / "inner" / "Protected" / "b.jpg").is_file()


@together
async def test_a_changed_photo_gets_a_new_copy_in_the_old_ones_place(house: House) -> None:
    rule = await house.watch()
    file = house.tree / "a.jpg"
    for version in (1, 2):
        file.write_bytes(jpeg(version, 600 + version))
        await house.state_of(rule, "a.jpg", "done")
        await house.calm(rule)
        assert (house.tree / "Protected" / "a.jpg").read_bytes() == copy_of(jpeg(version, 600 + version))
    assert len(list((house.tree / "Protected").iterdir())) == 1


@together
async def test_a_copy_that_somebody_edited_is_left_alone(house: House) -> None:
    rule = await house.watch()
    file, copy = house.tree / "a.jpg", house.tree / "Protected" / "a.jpg"
    file.write_bytes(jpeg(1))
    await house.calm(rule)
    copy.write_bytes(b"mine now")
    file.write_bytes(jpeg(2, 700))
    await house.until(lambda: (house.tree / "Protected" / "a (2).jpg").exists())
    await house.calm(rule)
    assert copy.read_bytes() == b"mine now"
    assert (house.tree / "Protected" / "a (2).jpg").read_bytes() == copy_of(jpeg(2, 700))
    file.rename(house.tree / "b.jpg")
    await house.state_of(rule, "b.jpg", "done")
    assert sorted(path.name for path in copy.parent.iterdir()) == ["a.jpg", "b.jpg"]
    assert copy.read_bytes() == b"mine now"


@together
async def test_names_that_are_taken_get_a_number(house: House) -> None:
    (house.tree / "Protected").mkdir()
    (house.tree / "Protected" / "a.jpg").write_bytes(b"somebody else's")
    rule = await house.watch()
    (house.tree / "a.jpg").write_bytes(jpeg(1))
    row = await house.state_of(rule, "a.jpg", "done")
    assert row.target == house.tree / "Protected" / "a (2).jpg"
    assert (house.tree / "Protected" / "a.jpg").read_bytes() == b"somebody else's"


@together
async def test_copies_of_another_format_do_not_collide(house: House) -> None:
    house.suffix = ".jpg"
    rule = await house.watch()
    (house.tree / "a.webp").write_bytes(jpeg(1))
    first = await house.state_of(rule, "a.webp", "done")
    (house.tree / "a.jpg").write_bytes(jpeg(2))
    second = await house.state_of(rule, "a.jpg", "done")
    assert first.target == house.tree / "Protected" / "a.jpg"
    assert second.target == house.tree / "Protected" / "a (2).jpg"
    (house.tree / "a.webp").rename(house.tree / "c.webp")
    moved = await house.state_of(rule, "c.webp", "done")
    assert moved.target == house.tree / "Protected" / "c.jpg"


@together
async def test_renames_take_the_copy_along_and_protect_nothing_twice(house: House) -> None:
    rule = await house.watch()
    (house.tree / "a.jpg").write_bytes(jpeg(1))
    (house.tree / "sub").mkdir()
    (house.tree / "sub" / "b.jpg").write_bytes(jpeg(2))
    await house.calm(rule)
    (house.tree / "a.jpg").rename(house.tree / "sub" / "moved.jpg")
    (house.tree / "sub").rename(house.tree / "other")
    await house.state_of(rule, "other/b.jpg", "done")
    row = await house.state_of(rule, "other/moved.jpg", "done")
    await house.calm(rule)
    assert row.target == house.tree / "other" / "Protected" / "moved.jpg"
    assert sorted(path.name for path in row.target.parent.iterdir()) == ["b.jpg", "moved.jpg"]
    assert not list((house.tree / "Protected").iterdir())
    assert len(await house.all_jobs()) == 2


@together
async def test_a_storm_of_renames_ends_with_one_copy_of_each(house: House) -> None:
    rule = await house.watch()
    for number in range(20):
        (house.tree / f"{number}.jpg").write_bytes(jpeg(number))
    for turn in range(30):
        for number in range(20):
            old, new = (f"{number}.jpg", f"{number}-{turn}.jpg")
            previous = old if turn == 0 else f"{number}-{turn - 1}.jpg"
            (house.tree / previous).rename(house.tree / new)
        await asyncio.sleep(0.03)
    await house.calm(rule)
    copies = {path.name: path.read_bytes() for path in (house.tree / "Protected").iterdir()}
    assert copies == {f"{number}-29.jpg": copy_of(jpeg(number)) for number in range(20)}


@together
async def test_deleting_an_original_leaves_its_copy(house: House) -> None:
    rule = await house.watch()
    file = house.tree / "a.jpg"
    file.write_bytes(jpeg(1))
    await house.calm(rule)
    file.unlink()
    await house.until(lambda: house.state(rule).protected == 0)
    assert (house.tree / "Protected" / "a.jpg").read_bytes() == copy_of(jpeg(1))
    file.write_bytes(jpeg(1))
    await house.state_of(rule, "a.jpg", "done")
    await house.calm(rule)
    assert [path.name for path in (house.tree / "Protected").iterdir()] == ["a.jpg"]


@together
async def test_our_own_copies_are_not_protected_again(house: House) -> None:
    rule = await house.watch()
    (house.tree / "a.jpg").write_bytes(jpeg(1))
    await house.calm(rule)
    shutil.copy(house.tree / "Protected" / "a.jpg", house.tree / "b.jpg")
    await house.state_of(rule, "b.jpg", "own")
    await house.calm(rule)
    assert house.calls.total() == 1
    assert len(list((house.tree / "Protected").iterdir())) == 1


@together
async def test_what_is_no_photo_or_none_of_our_business_is_passed_over(house: House) -> None:
    rule = await house.watch()
    outside = house.root / "outside"
    outside.mkdir()
    (outside / "x.jpg").write_bytes(jpeg("outside"))
    (house.tree / "loop").symlink_to(house.tree)
    (house.tree / "away").symlink_to(outside)
    (house.tree / "link.jpg").symlink_to(outside / "x.jpg")
    os.mkfifo(house.tree / "pipe.jpg")
    for name in (".hidden.jpg", "b.jpg.part", "c.jpg.crdownload", "d.jpg~", ".~lock.e.jpg#", "f.jpg.tmp"):
        (house.tree / name).write_bytes(jpeg(name))
    for folder in (".stversions", "@eaDir", "__MACOSX", ".Trash-1000", "Protected", ".dropbox.cache"):
        (house.tree / folder).mkdir()
        (house.tree / folder / "x.jpg").write_bytes(jpeg(folder))
    (house.tree / "film.mp4").write_bytes(b"\0\0\0\x18ftypisom" + bytes(100))
    (house.tree / "raw.nef").write_bytes(b"II*\0" + bytes(100))
    (house.tree / "empty.jpg").touch()
    (house.tree / "real.jpg").write_bytes(jpeg("real"))
    await house.state_of(rule, "real.jpg", "done")
    await house.watching.rescan()
    await house.calm(rule)
    assert [job.name for job in await house.all_jobs()] == ["real.jpg"]
    assert {p for p, row in (await house.rows(rule)).items() if row.state == "other"} == {
        "film.mp4",
        "raw.nef",
        "empty.jpg",
    }


@together
async def test_animations_and_failures_are_told_with_their_reason(house: House) -> None:
    rule = await house.watch()

    def fail(_: Path, data: bytes) -> None:
        if data == jpeg("bad"):
            raise ZeroDivisionError

    house.fail = fail
    (house.tree / "moving.gif").write_bytes(gif(1))
    (house.tree / "bad.jpg").write_bytes(jpeg("bad"))
    assert "animation" in ((await house.state_of(rule, "moving.gif", "unchanged")).reason or "")
    assert (await house.state_of(rule, "bad.jpg", "failed")).reason
    await house.calm(rule)
    assert (house.state(rule).unchanged, house.state(rule).failed) == (1, 1)
    house.fail = lambda _path, _data: None
    await house.watching.rescan(rule.id)
    await house.state_of(rule, "bad.jpg", "done")


@together
async def test_a_flood_of_files_is_protected_once_each(house: House) -> None:
    rule = await house.watch()
    for number in range(FLOOD):
        folder = house.tree / f"{number // 250}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.jpg").write_bytes(jpeg(number, 60))
    await house.until(lambda: house.state(rule).protected == FLOOD, 200 + FLOOD / 20)
    await house.calm(rule)
    assert len(house.made) == FLOOD
    assert set(house.made.values()) == {1}
    assert len(await house.all_jobs()) == FLOOD
    assert len(list(house.tree.rglob("Protected/*.jpg"))) == FLOOD


@together
async def test_many_slow_writers_are_each_protected_once(house: House) -> None:
    rule = await house.watch()

    async def dawdle(number: int) -> None:
        data = jpeg(number, 3000)
        with (house.tree / f"{number}.jpg").open("wb") as file:
            for start in range(0, len(data), 1200):
                file.write(data[start : start + 1200])
                file.flush()
                await asyncio.sleep(0.7)

    await asyncio.gather(*(dawdle(number) for number in range(WRITERS)))
    await house.until(lambda: house.state(rule).protected == WRITERS)
    await house.calm(rule)
    assert set(house.made.values()) == {1}
    assert len(await house.all_jobs()) == WRITERS
