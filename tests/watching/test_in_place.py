"""The copy takes the photo's own place: only when the original is in the vault, and only if it is still the same."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path

import pytest

from photoveil.watching import outputs
from photoveil.watching.errors import HardLinked
from photoveil.worker.tasks import SourceChanged
from tests.watching.house import House, aged, copy_of, jpeg, sha
from tests.watching.together import together


@together
async def test_the_original_is_in_the_vault_before_the_copy_takes_its_place(house: House) -> None:
    file = house.tree / "a.jpg"
    file.write_bytes(jpeg(1))
    aged(file).chmod(0o640)
    before = file.stat()
    rule = await house.watch(output="in-place")
    row = await house.state_of(rule, "a.jpg", "replaced")
    assert file.read_bytes() == copy_of(jpeg(1))
    assert (file.stat().st_mode, file.stat().st_mtime_ns) == (before.st_mode, before.st_mtime_ns)
    assert (row.sha256, row.made) == (sha(jpeg(1)), sha(copy_of(jpeg(1))))
    (item,) = await house.vault.items()
    assert b"".join([piece async for piece in await house.vault.open(item.item)]) == jpeg(1)
    await house.calm(rule)
    assert house.calls.total() == 1
    assert [path.name for path in house.tree.iterdir()] == ["a.jpg"]


@together
async def test_renamed_touched_and_copied_results_are_ours(house: House) -> None:
    rule = await house.watch(output="in-place")
    file = house.tree / "a.jpg"
    file.write_bytes(jpeg(1))
    await house.state_of(rule, "a.jpg", "replaced")
    file.rename(house.tree / "b.jpg")
    row = await house.state_of(rule, "b.jpg", "replaced")
    assert row.sha256 == sha(jpeg(1))
    os.utime(house.tree / "b.jpg")
    (house.tree / "c.jpg").write_bytes(copy_of(jpeg(1)))
    await house.state_of(rule, "c.jpg", "own")
    await house.watching.rescan()
    await house.calm(rule)
    assert house.calls.total() == 1


@together
async def test_a_changed_photo_is_replaced_again(house: House) -> None:
    rule = await house.watch(output="in-place")
    file = house.tree / "a.jpg"
    for version in (1, 2):
        file.write_bytes(jpeg(version, 600 + version))
        await house.until(lambda: file.read_bytes() == copy_of(jpeg(version, 600 + version)))  # noqa: B023
        await house.calm(rule)
    assert len(await house.vault.items()) == 2


@together
async def test_an_original_that_was_put_back_stays(house: House) -> None:
    rule = await house.watch(output="in-place")
    file = house.tree / "a.jpg"
    file.write_bytes(jpeg(1))
    await house.state_of(rule, "a.jpg", "replaced")
    (item,) = await house.vault.items()
    assert await house.vault.restore(item.item) == file
    row = await house.state_of(rule, "a.jpg", "unchanged")
    assert "put back" in (row.reason or "")
    await house.calm(rule)
    assert file.read_bytes() == jpeg(1)
    (house.tree / "again.jpg").write_bytes(jpeg(1))
    await house.state_of(rule, "again.jpg", "unchanged")


@together
async def test_a_full_vault_leaves_the_photo_as_it_was(house: House) -> None:
    house.vault_limit = 10
    rule = await house.watch(output="in-place")
    file = house.tree / "a.jpg"
    file.write_bytes(jpeg(1))
    await house.until(lambda: any(key.startswith("vault") for key in house.told()))
    assert file.read_bytes() == jpeg(1)
    assert [path.name for path in house.tree.iterdir()] == ["a.jpg"]
    house.vault_limit = 1 << 30
    await house.watching.rescan(rule.id)
    for job in await house.all_jobs():
        await house.jobs.retry(job.job)
    await house.state_of(rule, "a.jpg", "replaced")


@together
async def test_a_photo_with_two_names_is_refused(house: House) -> None:
    rule = await house.watch(output="in-place")
    elsewhere = house.root / "elsewhere.jpg"
    elsewhere.write_bytes(jpeg(1))
    os.link(elsewhere, house.tree / "a.jpg")
    row = await house.state_of(rule, "a.jpg", "failed")
    assert "2 names" in (row.reason or "")
    assert elsewhere.read_bytes() == jpeg(1)
    assert not await house.vault.items()


@together
async def test_a_photo_that_changed_while_it_was_protected_is_not_replaced(house: House) -> None:
    rule = await house.watch(output="in-place")
    house.go.clear()
    file = house.tree / "a.jpg"
    file.write_bytes(jpeg(1))
    await house.until(lambda: house.jobs.counts()["running"])
    kept = house.vault.keep

    async def slow_keep(*args: object, **named: object) -> str:
        item = await kept(*args, **named)  # type: ignore[arg-type]
        file.write_bytes(jpeg(2, 800))  # the last moment
        return item

    house.watching._placing._vault.keep = slow_keep  # type: ignore[method-assign]
    house.go.set()
    await house.until(lambda: file.read_bytes() == jpeg(2, 800))
    await asyncio.sleep(0.1)
    assert file.read_bytes() == jpeg(2, 800)
    house.watching._placing._vault.keep = kept  # type: ignore[method-assign]
    await house.until(lambda: file.read_bytes() == copy_of(jpeg(2, 800)))
    await house.calm(rule)


@together
async def test_another_format_takes_another_name_and_the_original_leaves(house: House) -> None:
    house.suffix = ".jpg"
    rule = await house.watch(output="in-place")
    (house.tree / "a.jpg").write_bytes(jpeg("other"))
    await house.state_of(rule, "a.jpg", "replaced")
    (house.tree / "a.heic").write_bytes(jpeg(1))
    await house.until(lambda: not (house.tree / "a.heic").exists())
    await house.calm(rule)
    assert (house.tree / "a (2).jpg").read_bytes() == copy_of(jpeg(1))
    assert (house.tree / "a.jpg").read_bytes() == copy_of(jpeg("other"))
    originals = {item.name: item for item in await house.vault.items(before=None, limit=9)}
    await house.vault.restore(originals["a.heic"].item)
    await house.state_of(rule, "a.heic", "unchanged")
    await house.calm(rule)
    assert (house.tree / "a.heic").read_bytes() == jpeg(1)


@together
async def test_originals_are_kept_for_copies_elsewhere_where_the_rule_says_so(house: House) -> None:
    rule = await house.watch(keep_originals=True)
    (house.tree / "a.jpg").write_bytes(jpeg(1))
    await house.state_of(rule, "a.jpg", "done")
    assert [item.name for item in await house.vault.items()] == ["a.jpg"]


def test_replacing_checks_at_the_last_moment(tmp_path: Path) -> None:
    file, copy = tmp_path / "a.jpg", tmp_path / "copy"
    file.write_bytes(b"now")
    copy.write_bytes(b"copy")
    with pytest.raises(SourceChanged):
        outputs.put_in_place(copy, file, sha(b"before"), "job")
    os.link(file, tmp_path / "twin")
    with pytest.raises(HardLinked):
        outputs.put_in_place(copy, file, sha(b"now"), "job")
    file.unlink()
    file.symlink_to(tmp_path / "twin")
    with pytest.raises(SourceChanged):
        outputs.put_in_place(copy, file, sha(b"now"), "job")
    assert (tmp_path / "twin").read_bytes() == b"now"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jpg", "copy", "twin"]


@pytest.mark.parametrize("can_exchange", [True, False])
def test_what_is_saved_after_the_last_look_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can_exchange: bool
) -> None:
    if not can_exchange:
        monkeypatch.setattr(outputs, "exchange", _cannot)
    file, copy = tmp_path / "a.jpg", tmp_path / "copy"
    file.write_bytes(b"now")
    copy.write_bytes(b"copy")
    outputs.put_in_place(copy, file, sha(b"now"), "job")
    assert file.read_bytes() == b"copy"
    file.write_bytes(b"now")
    looked = outputs.check_source

    def looked_and_saved(source: Path, original: str) -> None:
        looked(source, original)
        new = tmp_path / "new"
        new.write_bytes(b"edited")
        new.replace(source)

    monkeypatch.setattr(outputs, "check_source", looked_and_saved)
    if can_exchange:
        with pytest.raises(SourceChanged):
            outputs.put_in_place(copy, file, sha(b"now"), "job")
        assert file.read_bytes() == b"edited"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jpg", "copy"]


def _cannot(*_: object) -> None:
    raise OSError(errno.EINVAL, "this drive cannot")


def test_extended_attributes_are_kept(tmp_path: Path) -> None:
    file, copy = tmp_path / "a.jpg", tmp_path / "copy"
    file.write_bytes(b"now")
    copy.write_bytes(b"copy")
    try:
        os.setxattr(file, "user.rating", b"5")
    except (OSError, AttributeError):
        pytest.skip("no extended attributes here")
    outputs.put_in_place(copy, file, sha(b"now"), "job")
    assert os.getxattr(file, "user.rating") == b"5"
    assert file.read_bytes() == b"copy"
