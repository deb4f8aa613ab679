"""Photos of an audit: opened when wanted, copies from where the user says, and a model in this process."""

import asyncio
import io
import stat
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lab.real_vlm import tiny
from photoveil.audit import local
from photoveil.audit.errors import AuditError
from photoveil.audit.gallery import Gallery, looked_at
from photoveil.audit.local import LocalAsker
from photoveil.audit.manipulations import TITLES, Manipulation
from photoveil.audit.pictures import Box, shown
from photoveil.cli.audit import Copying, _folder
from photoveil.cli.inputs import FileError, UsageError
from photoveil.errors import PhotoveilError
from photoveil.paths import Paths
from photoveil.worker.tasks import Task
from tests.tiny_models import tiny_models

FACE: Box = (0.3, 0.2, 0.6, 0.6)


def saved(file: Path, colour: tuple[int, int, int]) -> Path:
    pixels = np.full((60, 80, 3), colour, np.uint8)
    pixels[12:36, 24:48] = np.random.default_rng(1).integers(0, 255, (24, 24, 3))
    Image.fromarray(pixels).save(file)
    return file


def no_face(_picture: Image.Image) -> Sequence[Box]:
    return []


def colour_of(data: bytes) -> tuple[int, ...]:
    return tuple(round(v, -1) for v in np.asarray(Image.open(io.BytesIO(data)))[1, 1].astype(int).tolist())


async def own_copies(folder: Path, home: Path) -> Copying:
    return Copying(folder, None, Paths("default", home, home, home, home), "cpu")


async def test_every_picture_is_of_its_photo(tmp_path: Path) -> None:
    files = [saved(tmp_path / "a.png", (200, 40, 40)), saved(tmp_path / "b.png", (40, 200, 40))]
    copies = tmp_path / "copies"
    copies.mkdir()
    saved(copies / "a.png", (40, 40, 200))
    saved(copies / "b.jpg", (200, 200, 40))
    pieces = [looked_at(file, no_face, [FACE]) for file in files]
    copying = await own_copies(copies, tmp_path)
    async with copying.into(tmp_path / "unused") as protect:
        gallery = Gallery(pieces, protect)
        originals = [colour_of((await gallery.show(n, Manipulation.ORIGINAL)).data) for n in (0, 1, 0)]
        assert originals == [(200, 40, 40), (40, 200, 40), (200, 40, 40)]
        assert colour_of((await gallery.show(0, Manipulation.PROTECTED)).data) == (40, 40, 200)
        assert colour_of((await gallery.show(1, Manipulation.PROTECTED)).data) == (200, 200, 40)
        assert colour_of((await gallery.show(0, Manipulation.WHITE)).data) == (260, 260, 260)
        captions = [caption for caption, _ in await gallery.samples(tuple(Manipulation))]
    assert captions == [TITLES[what] for what in Manipulation]


async def test_without_a_face_nothing_is_shown_that_needs_one(tmp_path: Path) -> None:
    piece = looked_at(saved(tmp_path / "a.png", (200, 40, 40)), no_face)
    copying = await own_copies(tmp_path, tmp_path)
    async with copying.into(tmp_path) as protect:
        captions = [caption for caption, _ in await Gallery([piece], protect).samples(tuple(Manipulation))]
    assert captions == [
        TITLES[w] for w in (Manipulation.ORIGINAL, Manipulation.PROTECTED, Manipulation.BLANK)
    ]


async def test_a_missing_copy_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    file = saved(tmp_path / "a[1].png", (200, 40, 40))
    empty = tmp_path / "copies"
    empty.mkdir()
    copying = await own_copies(empty, tmp_path)
    async with copying.into(tmp_path) as protect:
        with pytest.raises(FileError, match="copy is missing"):
            await protect(file)


def test_an_audit_that_ended_before_its_first_answer_goes_on(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "audit")
    (folder / "protected").mkdir()
    assert _folder(folder) == folder
    assert stat.S_IMODE((folder / "answers.jsonl").stat().st_mode) == 0o600
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="something else"):
        _folder(tmp_path)
    assert not (tmp_path / "answers.jsonl").exists()


def test_what_is_no_photo_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(b"not a photo")
    with pytest.raises(PhotoveilError):
        looked_at(file, no_face)
    with pytest.raises(AuditError, match="cannot be read"):
        looked_at(tmp_path / "gone.jpg", no_face)


def test_a_model_on_disk_answers(tmp_path: Path) -> None:
    folder = tiny.make_model("llava", tmp_path / "model", ["who is this person"])
    asker = LocalAsker(folder, longest=4)
    picture = shown(Image.new("RGB", (40, 30), "red"))
    answers = [asyncio.run(asker.ask(picture.data, "image/jpeg", "who is this?")) for _ in range(2)]
    assert answers[0].text == answers[1].text
    assert answers[0].seconds > 0
    assert asker.name.startswith("model (")


def test_a_model_that_breaks_down_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.json").write_text("{}")

    def broken(**_: object) -> None:
        raise RuntimeError("not enough memory: you tried to allocate\nmore")

    monkeypatch.setattr(local, "_load", lambda *_: broken)
    picture = shown(Image.new("RGB", (8, 8)))
    with pytest.raises(AuditError, match="cannot answer") as caught:
        asyncio.run(LocalAsker(tmp_path).ask(picture.data, "image/jpeg", "?"))
    assert caught.value.reason.endswith("you tried to allocate")


def test_a_folder_without_a_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="no model"):
        LocalAsker(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(AuditError, match="cannot be loaded"):
        asyncio.run(LocalAsker(tmp_path).ask(b"", "image/jpeg", "?"))


async def test_copies_are_made_as_the_product_makes_them_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHOTOVEIL_MODELS", str(tiny_models(tmp_path / "models")))
    home = tmp_path / "home"
    paths = Paths("default", home, home, home, home)
    paths.prepare()
    file = saved(tmp_path / "a.png", (200, 40, 40))
    task = Task("me", "antithetical", "subtle", "starter", "strip-all")
    copying = Copying(None, task, paths, "cpu")
    async with copying.into(tmp_path / "copies") as protect:
        first = await protect(file)
    (kept,) = (tmp_path / "copies").iterdir()
    assert first == kept.read_bytes() != file.read_bytes()
    before = kept.stat()
    async with copying.into(tmp_path / "copies") as protect:
        assert await protect(file) == first
    assert kept.stat().st_mtime_ns == before.st_mtime_ns
    assert Image.open(io.BytesIO(first)).size == (80, 60)
