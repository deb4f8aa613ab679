"""A photo from start to end, with the starters and a model that answers over HTTP."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from skimage.data import astronaut

from photoveil.assistant.choices import Choices, choice
from photoveil.assistant.codes import readable
from photoveil.assistant.front import Front, Measured, Point
from photoveil.assistant.history import History
from photoveil.assistant.parameters import Parameters, Treatment
from photoveil.assistant.regions import Region, find
from photoveil.assistant.sight import Recognition, Resemblance
from photoveil.assistant.sitting import NothingPrivateError, Sitting, sit
from photoveil.cli import main
from photoveil.cli.assist import _write_front
from photoveil.paths import Paths
from photoveil.photos import Format, Photo, decode
from photoveil.protection import catalogue
from photoveil.protection.encoders import Encoder, load_encoders

FACE = Region("face", (0.34, 0.05, 0.56, 0.38))


@pytest.fixture(scope="module")
def encoders() -> list[Encoder]:
    return load_encoders(catalogue.model_set("starter"), torch.device("cpu"))


@dataclass
class Model:
    """Tells how bright the upper left and how light the middle is; remembers what it was shown."""

    address: str = ""
    shown: list[np.ndarray] = field(default_factory=list)

    def answer(self, body: dict[str, Any]) -> str:
        text, picture = body["messages"][0]["content"]
        data = base64.b64decode(picture["image_url"]["url"].partition(",")[2])
        pixels = np.asarray(Image.open(io.BytesIO(data)))
        self.shown.append(pixels)
        corner = pixels[: len(pixels) // 3, : pixels.shape[1] // 4].mean()
        return f"{text}: {'bright' if corner > 90 else 'dark'} corner"


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    model = Model()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told = {"choices": [{"message": {"content": model.answer(body)}, "finish_reason": "stop"}]}
            data = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    model.address = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield model
    server.shutdown()
    thread.join()
    server.server_close()


def test_recognition_goes_from_one_to_nothing(encoders: list[Encoder]) -> None:
    photo = astronaut()
    recognition = Recognition(encoders[:1], photo, [FACE])
    hidden = photo.copy()
    hidden[20:200, 165:300] = photo[20:200, 165:300].mean(axis=(0, 1))

    assert recognition.left(photo) == pytest.approx([1.0], abs=0.02)
    assert recognition.left(hidden)[0] < 0.35


async def test_resemblance_does_not_look_at_what_is_private(encoders: list[Encoder]) -> None:
    photo = astronaut()
    resemblance = Resemblance(encoders[:1], photo, [FACE])
    without_face, without_rest = photo.copy(), np.full_like(photo, 128)
    without_face[60:170, 190:270] = 0
    without_rest[20:200, 165:300] = photo[20:200, 165:300]

    assert (await resemblance.agreement(photo))[0] == pytest.approx(1.0, abs=0.02)
    assert (await resemblance.agreement(without_face))[0] > 0.9
    assert (await resemblance.agreement(without_rest))[0] < 0.5


async def test_the_slider_goes_from_useful_to_private(encoders: list[Encoder]) -> None:
    pixels = astronaut()
    photo = Photo.from_pixels(pixels, name="me.png")
    history, steps = History(), list[tuple[int, int]]()

    sitting = await sit(
        photo, [FACE], encoders, history, queries=12, progress=lambda *step: steps.append(step)
    )
    useful, usual, private = (sitting.deliver(place) for place in (0.0, 0.5, 1.0))

    assert steps == [(n, 12) for n in range(1, 13)]
    assert len(history.records) == 1
    assert useful.told["leak"] >= usual.told["leak"] >= private.told["leak"]
    assert useful.told["loss"] <= usual.told["loss"] <= private.told["loss"]
    assert private.told["recognised_by_witnesses"] < 0.6
    assert usual.told["answers_kept"] is None
    assert usual.encoded.name == "me.png"
    delivered = decode(usual.encoded.data, name="me.png").pixels
    assert delivered.shape == pixels.shape
    assert (delivered[60:170, 190:270] != pixels[60:170, 190:270]).any()
    assert (photo.pixels == pixels).all()


async def test_samples_of_sixteen_bits_do_not_carry_the_hidden_face_along(encoders: list[Encoder]) -> None:
    grey = astronaut()[..., 1]
    deep = grey.astype(np.uint16) * 257 + np.arange(512, dtype=np.uint16) % 100
    plain = Photo.from_pixels(grey, name="deep.png", format=Format.PNG)
    photo = replace(plain, source=replace(plain.source, deep=deep))

    copy = (await sit(photo, [FACE], encoders, History(), queries=3)).deliver(1.0)

    assert np.asarray(Image.open(io.BytesIO(copy.encoded.data))).dtype == np.uint8


async def test_a_photo_without_anything_private_is_not_passed_on(encoders: list[Encoder]) -> None:
    with pytest.raises(NothingPrivateError, match="--box"):
        await sit(Photo.from_pixels(astronaut()), [], encoders, History())


async def test_a_code_that_machines_read_is_hidden_from_them(encoders: list[Encoder]) -> None:
    code = cv2.QRCodeEncoder.create().encode("https://example.org/ticket/17")
    code = cv2.resize(code, None, fx=5, fy=5, interpolation=cv2.INTER_NEAREST)
    pixels = np.array(astronaut())
    side = code.shape[0]
    pixels[300 : 300 + side + 20, 40 : 40 + side + 20] = 255
    pixels[310 : 310 + side, 50 : 50 + side] = code[..., None]
    photo = Photo.from_pixels(pixels, name="ticket.png")
    regions = [region for region in find(pixels) if region.kind == "code"]
    assert readable(pixels)
    assert regions

    sitting = await sit(photo, regions, encoders[:1], History(), queries=8)
    copy = sitting.deliver_unread(0.0)

    assert not readable(decode(copy.encoded.data, name="ticket.png").pixels)


def test_the_command_asks_the_model_and_writes_copies(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PHOTOVEIL_HOME", str(tmp_path / "home"))
    photo = Image.fromarray(astronaut())
    photo.save("me.jpg", quality=92, exif=_exif())
    original = Path("me.jpg").read_bytes()

    code = main(
        [
            *("assist", "me.jpg", "missing.jpg", "-o", "out", "--front", "front", "--json"),
            *("--prompt", "what is bright", "--queries", "5", "--slider", "60"),
            *("--endpoint", model.address, "--model", "tiny", "--model-set", "starter"),
        ]
    )

    assert code == 1
    told, missing = json.loads(capsys.readouterr().out)
    assert missing["error"]["code"] == "file"
    assert told["output"] == "out/me.jpg"
    assert told["answers_kept"] == 1.0
    assert [region["kind"] for region in told["regions"]] == ["face"]
    assert [entry["slider"] for entry in told["front"]] == [0, 25, 50, 75, 100]
    assert len(list(Path("front").iterdir())) == 6
    assert Path("me.jpg").read_bytes() == original
    with Image.open("out/me.jpg") as copy:
        assert copy.size == photo.size
        assert not copy.getexif()
    # The original once, then the copies; never at full size where that is larger.
    assert len(model.shown) == 6
    assert (tmp_path / "home" / "default" / "state" / "assistant" / "history.jsonl").stat().st_size > 100


def tickets(encoders: list[Encoder], *hidden: Region, spared: tuple[Region, ...] = ()) -> Sitting:
    """A photo with two codes, one below the other, of which the most useful copy shows everything."""
    pixels = np.full((600, 300, 3), 255, np.uint8)
    for number in (0, 1):
        code = cv2.QRCodeEncoder.create().encode(f"ticket {number}")
        code = cv2.resize(np.asarray(code), (200, 200), interpolation=cv2.INTER_NEAREST)
        pixels[300 * number + 50 : 300 * number + 250, 50:250] = code[..., None]
    kinds = {region.kind for region in hidden}
    bare, blank = (
        Parameters({kind: Treatment("recolour", strength, 0.0) for kind in kinds}) for strength in (0.0, 1.0)
    )
    front = Front.of([Point(bare, Measured(1.0, 0.0)), Point(blank, Measured(0.0, 0.9))])
    witnesses = Recognition(encoders[:1], pixels, hidden)
    photo = Photo.from_pixels(pixels, name="tickets.png")
    return Sitting(photo, hidden, spared, front, False, witnesses, pixels)


def read(data: bytes) -> list[bool]:
    """Whether the upper code can be read, and the lower."""
    pixels = decode(data, name="tickets.png").pixels
    return [readable(pixels[top : top + 300]) for top in (0, 300)]


UPPER, LOWER = (0.1, 0.05, 0.9, 0.45), (0.1, 0.55, 0.9, 0.95)


def test_no_copy_of_the_front_shows_a_code_that_can_be_read(encoders: list[Encoder], tmp_path: Path) -> None:
    sitting = tickets(encoders, Region("code", UPPER), Region("code", LOWER))
    assert read(sitting.deliver(0.0).encoded.data) == [True, True]

    told = _write_front(tmp_path, Path("tickets.png"), sitting)

    assert [read(Path(one["output"]).read_bytes()) for one in told] == [[False, False]] * 5


def test_a_code_that_somebody_framed_is_not_read_and_one_that_he_left_may_be(encoders: list[Encoder]) -> None:
    sitting = tickets(encoders, Region("chosen", UPPER), spared=(Region("code", LOWER),))
    assert read(sitting.deliver(0.0).encoded.data) == [True, True]

    assert read(sitting.deliver_unread(0.0).encoded.data) == [False, True]


def test_who_has_chosen_to_hide_nothing_gets_no_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PHOTOVEIL_HOME", str(tmp_path / "home"))
    Image.fromarray(astronaut()).save("me.png")
    photo = hashlib.sha256(Path("me.png").read_bytes()).hexdigest()
    left = {"kind": "face", "box": [0.3, 0.1, 0.6, 0.5], "hidden": False}
    Choices(Paths.of().assistant_choices).keep(choice(photo, [left]))

    code = main(["assist", "me.png", "-o", "out", "--json", "--model-set", "starter"])

    error = json.loads(capsys.readouterr().out)["error"]
    assert (code, error["code"]) == (1, "nothing_private")
    assert "on its page" in error["reason"]
    assert not list(Path("out").iterdir())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--endpoint", "https://models.example.org/v1", "--model", "m"), "example.org"),
        (("--endpoint", "https://models.example.org/v1", "--model", "m", "--remote"), "example.org"),
        (("--endpoint", "http://127.0.0.1:9/v1"), "--model"),
        (("--box", "nonsense"), "no box"),
        (("--front", "."), "--front"),
    ],
)
def test_nothing_is_done_or_sent_before_all_is_well(
    arguments: tuple[str, ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PHOTOVEIL_HOME", str(tmp_path / "home"))

    code = main(["assist", "me.jpg", "-o", "out", *arguments])

    assert code in (1, 2)
    assert said in capsys.readouterr().err
    assert not list(Path("out").glob("*"))


def _exif() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = "my desk at home"
    return exif.tobytes()
