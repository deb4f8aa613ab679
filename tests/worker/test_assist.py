"""Photos for AI assistants in the real child, with the tiny models: what is hidden, told, remembered and asked."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import pytest_asyncio
from aiohttp import web
from PIL import Image

from photoveil.assistant.choices import Choices, choice
from photoveil.assistant.history import History, Subject, Trial
from photoveil.assistant.parameters import Space
from photoveil.assistant.search import AT_FIRST, ENOUGH, WARM
from photoveil.endpoint import RemoteRefusedError
from photoveil.methods import ASSISTANT
from photoveil.worker import assist
from photoveil.worker.parent import Worker
from photoveil.worker.tasks import (
    NOTHING_PRIVATE,
    Assisting,
    ChildError,
    Delivered,
    Previews,
    Task,
    Unchanged,
)
from tests.worker.making import Maker

pytestmark = pytest.mark.asyncio(loop_scope="module")

ME = Task("me", ASSISTANT, "50", "starter", "keep")
made = Maker(ME)
FAR = "https://assistant.example.org/v1"


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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def child(models: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Worker]:
    """One for all tests: to start it takes longer than what most of them ask of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PHOTOVEIL_MODELS", str(models))
        patch.delenv("PHOTOVEIL_ENDPOINT_KEY", raising=False)
        worker = Worker(personas=tmp_path_factory.mktemp("child") / "personas")
        try:
            yield worker
        finally:
            await worker.close()


@pytest.fixture
def worker(child: Worker, tmp_path: Path) -> Worker:
    """The child, with so much history that ten queries are enough."""
    child.assisting = Assisting(warm(tmp_path / "warm.jsonl"))
    return child


def warm(file: Path, photos: int = WARM) -> Path:
    """A history of photos alike, and each said what is good: all but hidden at little loss."""
    history, space = History(file), Space(("code",))
    vectors = [np.array([style, 0.9, 0.2, 0.1, 0.1, 0.1]) for style in (0.1, 0.4, 0.6, 0.9)]
    trials = [Trial(tuple(space.full(v)), 0.1 + i / 20, 0.1 - i / 50) for i, v in enumerate(vectors)]
    for light in range(photos):
        history.learn(Subject(("code",), (light / 10, 0.5, 0.2, -0.5, 0.4, 0.3)), trials)
    return file


async def test_what_is_private_is_hidden_and_the_report_says_how_well(worker: Worker, tmp_path: Path) -> None:
    photo = with_code(tmp_path / "ticket.jpg")
    assert readable(photo.read_bytes())
    history = warm(tmp_path / "state" / "history.jsonl", WARM - 1)
    stages: list[str] = []
    known = personas(worker)
    previews = Previews(tmp_path / "before", tmp_path / "after")
    worker.assisting = Assisting(history)
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
    assert (told["asked"], told["left"], told["chosen"]) == (None, [], False)
    assert (told["queries"], again.report["assistant"]["queries"]) == (AT_FIRST, ENOUGH)
    assert 0 <= told["recognised_by_witnesses"] <= 1
    assert 0 <= told["agreement"] <= 1
    assert list(dict.fromkeys(stages)) == ["decode", "prepare", "protect", "write", "measure"]
    for preview in (previews.before, previews.after):
        with Image.open(preview) as small:
            assert small.size == (320, 240)
    remembered = [json.loads(line) for line in history.read_text().splitlines()]
    assert [record["kinds"] for record in remembered] == [["code"]] * (WARM + 1)
    assert "ticket" not in history.read_text()
    assert personas(worker) == known  # nothing is learnt of a person


async def test_the_slider_changes_the_copy(worker: Worker, tmp_path: Path) -> None:
    photo = with_code(tmp_path / "ticket.jpg")
    useful, first = await made(worker, photo, Task("me", ASSISTANT, "0", "starter", "keep"))
    # From the same history the same search comes to the same trade-offs; each photo that is made adds to it.
    worker.assisting = Assisting(warm(tmp_path / "as before.jsonl"))
    private, last = await made(worker, photo, Task("me", ASSISTANT, "100", "starter", "keep"))
    assert isinstance(useful, Delivered)
    assert isinstance(private, Delivered)
    assert first != last
    assert useful.report["assistant"]["loss"] <= private.report["assistant"]["loss"]
    assert useful.report["assistant"]["leak"] >= private.report["assistant"]["leak"]


async def test_where_nothing_is_found_only_the_notes_go(worker: Worker, tmp_path: Path) -> None:
    noted, plain = tmp_path / "noted.jpg", tmp_path / "plain.bmp"
    scene().save(noted, quality=95, exif=_exif())
    scene().save(plain)
    found, data = await made(worker, noted)
    previews = Previews(tmp_path / "before", tmp_path / "after")
    passed, nothing = await made(worker, plain, previews=previews)
    assert isinstance(found, Delivered)
    assert found.report["assistant"]["regions"] == []
    assert any("nothing was hidden" in note for note in found.report["notes"])
    with Image.open(io.BytesIO(data)) as copy:
        assert not copy.getexif()
    # A copy that is the very photo would be taken for our own output from then on, on every site.
    assert passed == Unchanged(NOTHING_PRIVATE)
    assert not nothing
    assert previews.before.exists()  # so that its owner can draw what was missed
    assert previews.after.exists()


async def test_photos_to_protect_and_to_hide_on_go_together(worker: Worker, tmp_path: Path) -> None:
    photo = with_code(tmp_path / "ticket.jpg")
    other = tmp_path / "other.png"
    scene(96, 64).save(other)
    # A child's first: what encoders make at their first use must serve both.
    await worker.close()
    (hidden, _), (protected, _) = await asyncio.gather(
        made(worker, photo), made(worker, other, Task("us", "antithetical", "subtle", "starter", "keep"))
    )
    assert isinstance(hidden, Delivered)
    assert isinstance(protected, Delivered)
    assert "assistant" in hidden.report
    assert protected.report["encoders"]


async def test_what_the_user_has_chosen_is_hidden_and_nothing_else(worker: Worker, tmp_path: Path) -> None:
    photo = with_code(tmp_path / "ticket.jpg")
    code = {"kind": "code", "box": [0.05, 0.1, 0.5, 0.7], "hidden": False}
    own = {"kind": "chosen", "box": [0.6, 0.2, 0.9, 0.8], "hidden": True}
    found, data = await made(worker, photo, chosen(worker, photo, [code, own]))
    assert isinstance(found, Delivered)
    told = found.report["assistant"]
    assert told["chosen"] is True
    assert [(region["kind"], region["box"]) for region in told["regions"]] == [("chosen", own["box"])]
    assert [(region["kind"], region["box"]) for region in told["left"]] == [("code", code["box"])]
    assert set(told["parameters"]["regions"]) == {"chosen"}
    before, after = (
        np.asarray(Image.open(io.BytesIO(d)).convert("RGB"), float) for d in (photo.read_bytes(), data)
    )
    moved = np.abs(after - before).mean(axis=2)
    assert moved[72:168, 208:272].mean() > 2 * moved[:, :96].mean()


async def test_who_chooses_to_hide_nothing_gets_the_photo_without_its_notes(
    worker: Worker, tmp_path: Path
) -> None:
    photo = with_code(tmp_path / "ticket.jpg")
    code = {"kind": "code", "box": [0.05, 0.1, 0.5, 0.7], "hidden": False}
    found, data = await made(worker, photo, chosen(worker, photo, [code]))
    assert isinstance(found, Delivered)
    assert readable(data)
    with Image.open(io.BytesIO(data)) as copy:
        assert not copy.getexif()
    assert any(note.startswith("As you chose") for note in found.report["notes"])


async def test_a_choice_that_nobody_knows_any_more_makes_no_copy(worker: Worker, tmp_path: Path) -> None:
    photo = with_code(tmp_path / "ticket.jpg")
    task = chosen(worker, photo, [{"kind": "chosen", "box": [0.1, 0.1, 0.9, 0.9], "hidden": True}])
    chosen(worker, photo, [])
    with pytest.raises(ChildError) as held:
        await made(worker, photo, task)
    assert held.value.as_dict()["code"] == "region"
    assert not photo.with_suffix(".part").exists()


def chosen(worker: Worker, photo: Path, regions: list[dict[str, Any]]) -> Task:
    """What the user wants of this photo, and the task that says so."""
    file = photo.with_name("regions.jsonl")
    worker.assisting = replace(worker.assisting, choices=file)
    wish = choice(hashlib.sha256(photo.read_bytes()).hexdigest(), regions)
    choices = Choices(file)
    choices.keep(wish)
    return ME.about(wish.photo, choices)


def personas(worker: Worker) -> set[str]:
    """The files of those of whom something was learnt."""
    folder = worker._personas
    return {file.name for file in folder.iterdir()} if folder.exists() else set()


async def test_who_no_longer_wants_it_is_obeyed(worker: Worker, tmp_path: Path) -> None:
    photo = with_code(tmp_path / "ticket.jpg")
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


async def test_a_model_is_asked_only_where_one_is_chosen(worker: Worker, tmp_path: Path) -> None:
    asked = 0

    async def answer(_question: bytes) -> web.Response:
        nonlocal asked
        asked += 1
        return web.json_response({"choices": [{"message": {"content": "a ticket on a table"}}]})

    photo = with_code(tmp_path / "ticket.jpg")
    async with model(answer) as url:
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


async def test_a_model_that_fails_leaves_it_to_the_encoders(worker: Worker, tmp_path: Path) -> None:
    async def answer(_question: bytes) -> web.Response:
        return web.Response(status=404)

    photo = with_code(tmp_path / "ticket.jpg")
    async with model(answer) as url:
        worker.assisting = replace(worker.assisting, endpoint=url, model="tiny")
        found, data = await made(worker, photo)
    assert isinstance(found, Delivered)
    assert not readable(data)
    assert found.report["assistant"]["asked"] is None
    assert any("The encoders judged instead" in note for note in found.report["notes"])


async def test_nothing_is_sent_elsewhere_without_that_very_yes(
    worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = with_code(tmp_path / "ticket.jpg")
    worker.assisting = replace(worker.assisting, endpoint=FAR, model="tiny")
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
