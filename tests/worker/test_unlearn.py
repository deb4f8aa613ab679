"""Photos made unlearnable in the real child, with tiny models: what is told, refused, cancelled and never fetched."""

from __future__ import annotations

import asyncio
import io
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PIL import Image

from photoveil.methods import UNLEARNABLE
from photoveil.unlearnable.errors import UnlearnableError
from photoveil.unlearnable.telling import left_to_learn
from photoveil.worker.parent import Worker
from photoveil.worker.tasks import ChildError, Delivered, Previews, Task
from tests.unlearnable.small_vlm import small_vlm
from tests.worker.making import Maker

ME = Task("anna", UNLEARNABLE, "balanced", "starter", "strip-location")
made = Maker(ME)


@pytest.fixture(scope="module")
def vlm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_vlm("llava", tmp_path_factory.mktemp("vlm") / "small-llava")


def photo_at(path: Path, width: int = 320, height: int = 240, mode: str = "RGB") -> Path:
    gradient = Image.radial_gradient("L").resize((width, height))
    picture = Image.merge("RGB", [gradient.rotate(90 * channel) for channel in range(3)])
    picture.convert(mode).save(path, quality=95)
    return path


@asynccontextmanager
async def working(models: Path, folder: Path, vlm: Path | str) -> AsyncIterator[Worker]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PHOTOVEIL_MODELS", str(models))
        worker = Worker(personas=folder / "personas", unlearnable_model=str(vlm))
        try:
            yield worker
        finally:
            await worker.close()


async def given_up_in_the_middle(worker: Worker, photo: Path) -> None:
    begun = asyncio.Event()

    def hear(stage: str, share: float) -> None:
        if stage == "protect" and share > 0:
            begun.set()

    work = asyncio.create_task(made(worker, photo, hear=hear))
    await begun.wait()
    child = worker.pid
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert worker.pid == child
    assert not photo.with_suffix(".part").exists()


async def test_the_model_has_less_to_learn_from_the_delivered_file(
    models: Path, vlm: Path, tmp_path: Path
) -> None:
    photo = photo_at(tmp_path / "portrait.jpg")
    stages: list[str] = []
    previews = Previews(tmp_path / "before", tmp_path / "after")
    async with working(models, tmp_path, vlm) as worker:
        await given_up_in_the_middle(worker, photo)
        found, data = await made(worker, photo, previews=previews, hear=lambda stage, _: stages.append(stage))
        grey, _ = await made(worker, photo_at(tmp_path / "grey.png", mode="L"))
        beside, _ = await made(worker, photo, Task("anna", "antithetical", "subtle", "starter", "keep"))
    assert isinstance(found, Delivered)
    with Image.open(io.BytesIO(data)) as copy:
        assert (copy.format, copy.size) == ("JPEG", (320, 240))
    assert list(dict.fromkeys(stages)) == ["decode", "prepare", "protect", "write", "measure"]
    report, told = found.report, found.report["unlearnable"]
    assert (report["method"], report["strength"], report["encoders"]) == (UNLEARNABLE, "balanced", [])
    assert report["psnr_db"] >= 29
    assert (told["model"], told["epsilon"]) == ("small-llava", 8)
    alone, together = told["answer_loss"], told["answer_loss_with_words"]
    for channel in ("as_delivered", "jpeg75", "resize1080_jpeg75", "resize540_jpeg75"):
        assert together[channel] < alone[channel] < alone["original"]
    assert "of the lesson is left in photo and words" in left_to_learn(told)
    assert told["words"].isascii()
    assert "anna" not in told["words"].lower()
    assert any("alt text" in note for note in report["notes"])
    assert {witness["name"] for witness in told["witnesses"]}
    assert all(cosine <= 1.0001 for witness in told["witnesses"] for cosine in witness["cosine"].values())
    assert isinstance(grey, Delivered)
    with Image.open(tmp_path / "grey.part") as copy:
        assert copy.mode == "L"
    assert isinstance(beside, Delivered)
    assert beside.report["encoders"]
    assert all(preview.exists() for preview in (previews.before, previews.after))


async def test_without_a_model_nothing_is_started(models: Path, tmp_path: Path) -> None:
    photo = photo_at(tmp_path / "portrait.jpg")
    async with working(models, tmp_path, "") as worker:
        with pytest.raises(UnlearnableError) as refused:
            await made(worker, photo)
        assert worker.pid is None
        assert not await worker.teach([photo, photo], ME, lambda _stage, _share: None)
    assert "unlearnable_model" in refused.value.as_dict()["remedy"]


async def test_a_model_that_cannot_be_used_says_why_and_another_can_be_chosen(
    models: Path, vlm: Path, tmp_path: Path
) -> None:
    photo = photo_at(tmp_path / "portrait.jpg")
    pickled = Path(shutil.copytree(vlm, tmp_path / "pickled"))
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    broken = Path(shutil.copytree(vlm, tmp_path / "broken"))
    (broken / "model.safetensors").write_bytes((vlm / "model.safetensors").read_bytes()[:-5000])
    no_vlm = tmp_path / "no-vlm"
    no_vlm.mkdir()
    (no_vlm / "config.json").write_text('{"model_type": "gpt2"}')
    async with working(models, tmp_path, tmp_path / "nowhere") as worker:
        for folder in (tmp_path / "nowhere", pickled, broken, no_vlm):
            worker.unlearnable_model = str(folder)
            with pytest.raises(ChildError) as refused:
                await made(worker, photo)
            told = refused.value.as_dict()
            assert told["code"] == "unlearnable"
            assert told["remedy"]
            assert folder.name in told["reason"]
        child = worker.pid
        worker.unlearnable_model = str(vlm)
        found, _ = await made(worker, photo)
        assert isinstance(found, Delivered)
        assert worker.pid == child
