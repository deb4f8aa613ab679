"""Folders are added, changed, switched off and removed while everything runs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from photoveil.ledger.jobs import State
from photoveil.settings import FolderRule
from tests.watching.house import House, copy_of, jpeg
from tests.watching.house import house as built
from tests.watching.together import together


@together
async def test_a_removed_folder_is_forgotten_and_its_copies_stay(house: House) -> None:
    rule = await house.watch()
    (house.tree / "a.jpg").write_bytes(jpeg(1))
    await house.state_of(rule, "a.jpg", "done")
    house.go.clear()
    for number in range(5):
        (house.tree / f"{number}.jpg").write_bytes(jpeg(f"waiting {number}"))
    await house.until(lambda: house.state(rule).waiting == 5 and house.jobs.counts()["queued"] == 4)
    await house.store.remove_folder(rule.id)
    await house.until(lambda: not any(house.jobs.counts().values()))
    assert house.watching.states() == []
    async with asyncio.timeout(60):
        while await house.rows(rule):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.02)
    assert {job.state for job in await house.all_jobs()} == {State.DONE, State.CANCELLED}
    assert (house.tree / "Protected" / "a.jpg").read_bytes() == copy_of(jpeg(1))
    house.go.set()
    (house.tree / "late.jpg").write_bytes(jpeg("late"))
    rule = await house.watch()
    await house.state_of(rule, "late.jpg", "done")
    await house.calm(rule)
    assert len(list((house.tree / "Protected").iterdir())) == 7


@together
async def test_a_folder_switched_off_waits_and_goes_on_when_switched_on(house: House) -> None:
    rule = await house.watch()
    house.go.clear()
    for number in range(3):
        (house.tree / f"{number}.jpg").write_bytes(jpeg(number))
    await house.until(lambda: house.jobs.counts()["queued"] == 2)
    off = await house.store.put_folder(replace(rule, enabled=False))
    await house.until(lambda: house.state(off).mode == "off" and not any(house.jobs.counts().values()))
    house.go.set()
    (house.tree / "3.jpg").write_bytes(jpeg(3))
    await asyncio.sleep(0.6)
    assert house.calls.total() == 0
    await house.store.put_folder(rule)
    await house.until(lambda: house.state(rule).protected == 4)


@together
async def test_a_changed_strength_is_for_new_photos_and_for_all_at_a_rescan(house: House) -> None:
    rule = await house.watch()
    (house.tree / "old.jpg").write_bytes(jpeg("old"))
    await house.calm(rule)
    rule = await house.store.put_folder(replace(rule, strength="strong"))
    (house.tree / "new.jpg").write_bytes(jpeg("new"))
    await house.state_of(rule, "new.jpg", "done")
    await house.calm(rule)
    copies = house.tree / "Protected"
    assert (copies / "new.jpg").read_bytes() == copy_of(jpeg("new"), "strong")
    assert (copies / "old.jpg").read_bytes() == copy_of(jpeg("old"))
    await house.watching.rescan(rule.id)
    await house.until(lambda: (copies / "old.jpg").read_bytes() == copy_of(jpeg("old"), "strong"))
    await house.calm(rule)
    assert sorted(path.name for path in copies.iterdir()) == ["new.jpg", "old.jpg"]
    assert len(await house.all_jobs()) == 3


@together
async def test_a_changed_output_moves_to_its_place_at_a_rescan(house: House) -> None:
    rule = await house.watch()
    (house.tree / "sub").mkdir()
    (house.tree / "sub" / "a.jpg").write_bytes(jpeg(1))
    await house.calm(rule)
    mirror = house.root / "mirror"
    rule = await house.store.put_folder(replace(rule, output="mirror", mirror=mirror))
    await house.watching.rescan()
    await house.until(lambda: (mirror / "sub" / "a.jpg").exists())
    await house.calm(rule)
    assert not list((house.tree / "sub" / "Protected").iterdir())
    (mirror / "sub" / "a.jpg").unlink()
    await house.watching.rescan()
    await house.until(lambda: (mirror / "sub" / "a.jpg").exists())
    assert house.calls.total() == 1


@together
async def test_a_folder_without_its_subfolders(house: House) -> None:
    rule = await house.watch(recursive=False)
    (house.tree / "sub").mkdir()
    (house.tree / "sub" / "a.jpg").write_bytes(jpeg(1))
    (house.tree / "b.jpg").write_bytes(jpeg(2))
    await house.state_of(rule, "b.jpg", "done")
    await house.calm(rule)
    assert house.calls.total() == 1
    rule = await house.store.put_folder(replace(rule, recursive=True))
    await house.state_of(rule, "sub/a.jpg", "done")


@together
async def test_several_folders_with_rules_of_their_own(house: House) -> None:
    rules = []
    for strength in ("subtle", "strong"):
        folder = house.root / strength
        folder.mkdir()
        rules.append(await house.watch(folder, strength=strength))
    for rule in rules:
        (rule.path / "same.jpg").write_bytes(jpeg(1))
    for rule in rules:
        row = await house.state_of(rule, "same.jpg", "done")
        assert row.target is not None
        assert row.target.read_bytes() == copy_of(jpeg(1), rule.strength or "")


@together
async def test_a_job_that_the_user_gave_up_is_not_offered_again(place: Path) -> None:
    async with built(place) as house:
        rule = await house.watch()
        house.go.clear()
        for name in ("a.jpg", "b.jpg"):
            (house.tree / name).write_bytes(jpeg(name))
        await house.until(lambda: house.jobs.counts() == {"queued": 1, "running": 1})
        for job in await house.all_jobs():
            assert await house.jobs.cancel_id(job.job)
        house.go.set()
    async with built(place) as house:
        await house.state_of(rule, "a.jpg", "cancelled")
        await house.state_of(rule, "b.jpg", "cancelled")
        await house.watching.rescan()
        await house.until(lambda: house.state(rule).protected == 2)


@together
async def test_a_folder_that_is_not_there_yet(house: House) -> None:
    later = house.root / "later"
    later.mkdir()
    rule = await house.store.put_folder(FolderRule(later, enabled=False))
    later.rmdir()
    await house.store.put_folder(replace(rule, enabled=True))
    await house.until(lambda: house.state(rule).mode == "missing")
    later.mkdir()
    (later / "a.jpg").write_bytes(jpeg(1))
    await house.state_of(rule, "a.jpg", "done")
