"""Photos for AI assistants in the real child, with the tiny models: what is hidden, told, remembered and asked."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
from aiohttp import web
from PIL import Image

from photoveil.endpoint import RemoteRefusedError
from photoveil.methods import ASSISTANT
from photoveil.worker import assist
from photoveil.worker.parent import Worker
from photoveil.worker.tasks import NOTHING_PRIVATE, Assisting, Delivered, Previews, Task, Unchanged
from tests.tiny_models import tiny_models

ME = Task("me", ASSISTANT, "50", "starter", "keep")
FAR = "https://assistant.example.org/v1"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models(tmp_path_factory.mktemp("models"))


def scene(width: int = 320, height: int = 240, *, seed: int = 1) -> Image.Image:
    """Nothing but soft colours: finders see faces and codes in noise."""
    gradient = Image.radial_gradient("L").resize((width, height))
    return Image.merge("RGB", [gradient.rotate(90 * channel * seed) for channel in range(3)])


def with_code(path: Path, *, seed: int = 1) -> Path:
    """A photo with a ticket's QR code on it, and a note of where it was taken."""
    code = cv2.QRCodeEncoder.create().encode(f"ticket {seed} of a person")
    picture = scene(seed=seed)
    picture.paste(Image.fromarray(np.asarray(code)).resize((120, 120), Image.Resampling.NEAREST), (26, 40))
    picture.save(path, quality=95, exif=_exif())
    return path


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010E] = "at home"
    return exif


def readable(data: bytes) -> bool:
    """Whether a machine can still read the code."""
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    return bool(cv2.QRCodeDetector().detectAndDecode(pixels)[0])


@asynccontextmanager
async def working(models: Path, folder: Path, assisting: Assisting | None = None) -> AsyncIterator[Worker]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PHOTOVEIL_MODELS", str(models))
        patch.delenv("PHOTOVEIL_ENDPOINT_KEY", raising=False)
        worker = Worker(personas=folder / "personas", assisting=assisting)
        try:
            yield worker
        finally:
            await worker.close()


async def made(
    worker: Worker,
    photo: Path,
    task: Task = ME,
    *,
    previews: Previews | None = None,
    hear: Callable[[str, float], None] = lambda _stage, _share: None,
) -> tuple[Delivered | Unchanged, bytes]:
    part = photo.with_suffix(".part")
    outcome = await worker.protect(photo, photo.name, task, part=part, progress=hear, previews=previews)
    return outcome, part.read_bytes() if part.exists() else b""


async def test_what_is_private_is_hidden_and_the_report_says_how_well(models: Path, tmp_path: Path) -> None:
    photo = with_code(tmp_path / "ticket.jpg")
    assert readable(photo.read_bytes())
    history = tmp_path / "state" / "history.jsonl"
    stages: list[str] = []
    previews = Previews(tmp_path / "before", tmp_path / "after")
    async with working(models, tmp_path, Assisting(history)) as worker:
        found, data = await made(worker, photo, previews=previews, hear=lambda stage, _: stages.append(stage))
        again, _ = await made(worker, with_code(tmp_path / "other.jpg", seed=2))
    assert isinstance(found, Delivered)
    assert isinstance(again, Delivered)
    assert not readable(data)
    with Image.open(io.BytesIO(data)) as copy:
        assert (copy.format, copy.size) == ("JPEG", (320, 240))
        assert not copy.getexif()  # also where the settings keep notes
    report = found.report
    assert (report["method"], report["strength"], report["encoders"]) == ("assistant", "50", [])
    assert report["delivered"]["sha256"] == found.sha256
    assert report["psnr_db"] < 40
    told = report["assistant"]
    assert [region["kind"] for region in told["regions"]] == ["code"]
    assert told["slider"] == 50
    assert told["asked"] is None
    assert 0 <= told["recognised_by_witnesses"] <= 1
    assert 0 <= told["agreement"] <= 1
    assert list(dict.fromkeys(stages)) == ["decode", "prepare", "protect", "write", "measure"]
    for preview in (previews.before, previews.after):
        with Image.open(preview) as small:
            assert small.size == (320, 240)
    remembered = [json.loads(line) for line in history.read_text().splitlines()]
    assert [record["kinds"] for record in remembered] == [["code"], ["code"]]
    assert "ticket" not in history.read_text()
    assert not (tmp_path / "personas").exists()  # nothing is learnt of a person


async def test_the_slider_changes_the_copy(models: Path, tmp_path: Path) -> None:
    photo = with_code(tmp_path / "ticket.jpg")
    async with working(models, tmp_path) as worker:
        useful, first = await made(worker, photo, Task("me", ASSISTANT, "0", "starter", "keep"))
        private, last = await made(worker, photo, Task("me", ASSISTANT, "100", "starter", "keep"))
    assert isinstance(useful, Delivered)
    assert isinstance(private, Delivered)
    assert first != last
    assert useful.report["assistant"]["loss"] <= private.report["assistant"]["loss"]
    assert useful.report["assistant"]["leak"] >= private.report["assistant"]["leak"]


async def test_where_nothing_is_found_only_the_notes_go(models: Path, tmp_path: Path) -> None:
    noted, plain = tmp_path / "noted.jpg", tmp_path / "plain.bmp"
    scene().save(noted, quality=95, exif=_exif())
    scene().save(plain)
    async with working(models, tmp_path) as worker:
        found, data = await made(worker, noted)
        passed, nothing = await made(worker, plain)
    assert isinstance(found, Delivered)
    assert found.report["assistant"]["regions"] == []
    assert any("nothing was hidden" in note for note in found.report["notes"])
    with Image.open(io.BytesIO(data)) as copy:
        assert not copy.getexif()
    # A copy that is the very photo would be taken for our own output from then on, on every site.
    assert passed == Unchanged(NOTHING_PRIVATE)
    assert not nothing


async def test_photos_to_protect_and_to_hide_on_go_together(models: Path, tmp_path: Path) -> None:
    photo = with_code(tmp_path / "ticket.jpg")
    other = tmp_path / "other.png"
    scene(96, 64).save(other)
    # The child's first: what encoders make at their first use must serve both.
    async with working(models, tmp_path) as worker:
        (hidden, _), (protected, _) = await asyncio.gather(
            made(worker, photo), made(worker, other, Task("me", "antithetical", "subtle", "starter", "keep"))
        )
    assert isinstance(hidden, Delivered)
    assert isinstance(protected, Delivered)
    assert "assistant" in hidden.report
    assert protected.report["encoders"]


async def test_who_no_longer_wants_it_is_obeyed(models: Path, tmp_path: Path) -> None:
    photo = with_code(tmp_path / "ticket.jpg")
    begun = asyncio.Event()

    def hear(stage: str, share: float) -> None:
        if stage == "protect" and share > 0:
            begun.set()

    async with working(models, tmp_path) as worker:
        work = asyncio.create_task(made(worker, photo, hear=hear))
        await begun.wait()
        child = worker.pid
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert worker.pid == child
        assert not photo.with_suffix(".part").exists()
        again, _ = await made(worker, photo)
        assert isinstance(again, Delivered)


@asynccontextmanager
async def model(answer: Callable[[bytes], Awaitable[web.Response]]) -> AsyncIterator[str]:
    """A model that is asked, on this computer."""

    async def chat(request: web.Request) -> web.Response:
        return await answer(await request.read())

    app = web.Application(client_max_size=1 << 24)
    app.router.add_post("/v1/chat/completions", chat)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


async def test_a_model_is_asked_only_where_one_is_chosen(models: Path, tmp_path: Path) -> None:
    asked = 0

    async def answer(_question: bytes) -> web.Response:
        nonlocal asked
        asked += 1
        return web.json_response({"choices": [{"message": {"content": "a ticket on a table"}}]})

    photo = with_code(tmp_path / "ticket.jpg")
    async with model(answer) as url, working(models, tmp_path) as worker:
        await made(worker, photo)
        assert asked == 0
        worker.assisting = Assisting(endpoint=url, model="tiny")
        found, _ = await made(worker, photo)
    assert isinstance(found, Delivered)
    told = found.report["assistant"]
    assert told["asked"] == f"tiny at {url}"
    assert told["answers_kept"] == 1.0
    assert told["queries"] == 10
    assert asked == 3 * (1 + told["queries"])


async def test_a_model_that_fails_leaves_it_to_the_encoders(models: Path, tmp_path: Path) -> None:
    async def answer(_question: bytes) -> web.Response:
        return web.Response(status=404)

    photo = with_code(tmp_path / "ticket.jpg")
    async with model(answer) as url, working(models, tmp_path, Assisting(None, url, "tiny")) as worker:
        found, data = await made(worker, photo)
    assert isinstance(found, Delivered)
    assert not readable(data)
    assert found.report["assistant"]["asked"] is None
    assert any("The encoders judged instead" in note for note in found.report["notes"])


async def test_nothing_is_sent_elsewhere_without_that_very_yes(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = with_code(tmp_path / "ticket.jpg")
    async with working(models, tmp_path, Assisting(None, FAR, "tiny")) as worker:
        found, _ = await made(worker, photo)
    assert isinstance(found, Delivered)
    assert found.report["assistant"]["asked"] is None
    assert any("assistant.example.org" in note for note in found.report["notes"])

    monkeypatch.delenv("PHOTOVEIL_ENDPOINT_KEY", raising=False)
    for other in (
        "https://other.example.org/v1",
        "https://assistant.example.org/v2",
        "https://example.org/v1",
    ):
        with pytest.raises(RemoteRefusedError):
            await assist.chosen_endpoint(Assisting(None, FAR, "tiny", other).as_header())
    agreed = await assist.chosen_endpoint(Assisting(None, FAR, "tiny", FAR).as_header())
    assert agreed is not None
    assert (agreed.url, agreed.remote_allowed) == (FAR, True)
    unencrypted = Assisting(
        None, "http://assistant.example.org/v1", "tiny", "http://assistant.example.org/v1"
    )
    with pytest.raises(RemoteRefusedError):
        await assist.chosen_endpoint(unencrypted.as_header())
    for none in (Assisting(None, "", "tiny"), Assisting(None, FAR, "")):
        assert await assist.chosen_endpoint(none.as_header()) is None
