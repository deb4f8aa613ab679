"""Several photos together, the child's side: the studio with real encoders and photos, in this process."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from photoveil.photos import decode
from photoveil.protection import Persona
from photoveil.protection.roster import file_of
from photoveil.worker import studio
from photoveil.worker.frames import Header, read_frame
from photoveil.worker.ladder import REST_SECONDS
from photoveil.worker.outlet import Order, Outlet
from photoveil.worker.studio import Sitter, Studio
from tests.worker.test_ladder import Machine
from tests.worker.test_studio import moving, photo

pytestmark = pytest.mark.usefixtures("quick")


class Wire(io.BytesIO):
    """What the parent would hear; ``on`` is called with each frame as it is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.on: Callable[[bytes], None] = lambda _data: None

    def write(self, data: Any, /) -> int:
        self.on(bytes(data))
        return super().write(data)

    def frames(self) -> list[tuple[Header, bytes]]:
        self.seek(0)
        found = []
        while (frame := read_frame(self)) is not None:
            found.append(frame)
        return found


class House:
    """A studio whose encoders live on a pretended machine."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        self.machine = machine
        self.folder = folder
        self.wire = Wire()
        self.studio = Studio()
        self.studio._ladder = machine.ladder

    def order(self, number: int, data: bytes, **about: Any) -> Order:
        header = {
            "op": "protect",
            "model_set": "starter",
            "device": "auto",
            "persona": "anna",
            "method": "antithetical",
            "strength": "subtle",
            "metadata": "strip-location",
            "name": f"{number}.png",
            "compare": False,
            "previews": False,
            "personas": str(self.folder / "personas"),
            **about,
        }
        return Order(header, data, Outlet(self.wire, number))

    def photos(self, count: int) -> list[Order]:
        made = [photo(self.folder / f"{number}.png", seed=number) for number in range(count)]
        return [self.order(number, path.read_bytes()) for number, path in enumerate(made)]

    def protect(self, orders: Sequence[Order]) -> dict[int, tuple[Header, bytes]]:
        """The answer to each; there is no more than one."""
        self.studio.do(orders)
        answers = {}
        for header, payload in self.wire.frames():
            if header["event"] not in ("progress", "device", "picture"):
                assert header["id"] not in answers
                answers[header["id"]] = header, payload
        return answers

    def told(self, event: str, word: str) -> list[Any]:
        return [header[word] for header, _ in self.wire.frames() if header["event"] == event]


def notes(answers: dict[int, tuple[Header, bytes]]) -> list[list[str]]:
    return [header["result"]["report"]["notes"] for _, (header, _) in sorted(answers.items())]


FEWER = "Memory ran short; fewer photos than usual were protected at once."
SPARING = "Memory ran short; a second attempt that spares it succeeded."
PROCESSOR = "The graphics card had no memory left; the processor did the work."


def test_each_has_its_own_end(models: Path, tmp_path: Path) -> None:
    house = House(Machine(models), tmp_path)
    orders = house.photos(3)
    grey = Image.linear_gradient("L").resize((40, 120))
    grey.save(tmp_path / "grey.png")
    orders += [
        house.order(3, (tmp_path / "grey.png").read_bytes(), previews=True),
        house.order(4, moving(tmp_path / "moving.gif").read_bytes()),
        house.order(5, b"no photo"),
        house.order(6, (tmp_path / "0.png").read_bytes(), persona="bert"),
    ]
    orders[1].outlet.cancelled.set()
    answers = house.protect(orders)
    events = [answers[number][0]["event"] for number in range(7)]
    assert events == ["result", "cancelled", "result", "result", "unchanged", "error", "result"]
    assert answers[5][0]["error"]["code"] == "not-a-photo"
    assert [header["of"] for header, _ in house.wire.frames() if header["event"] == "picture"] == [
        "before",
        "after",
    ]
    for number, size, mode in ((0, (96, 64), "RGB"), (3, (40, 120), "L")):
        header, data = answers[number]
        result = header["result"]
        assert ((result["width"], result["height"]), result["bytes"]) == (size, len(data))
        assert result["report"]["delivered"]["sha256"] == decode(data, name="a.png").source.sha256
        with Image.open(io.BytesIO(data)) as delivered:
            assert delivered.mode == mode
    assert answers[6][0]["result"]["report"]["persona"] == "bert"


def test_what_a_persona_learnt_is_kept_before_anything_made_with_it_is_told(
    models: Path, tmp_path: Path
) -> None:
    house = House(Machine(models), tmp_path)
    file = file_of(tmp_path / "personas", "anna")
    kept: list[int] = []

    def look(data: bytes) -> None:
        if b'"event":"result"' in data:
            known = Persona.load(file.parent, "anna") if file.exists() else Persona("anna")
            kept.append(len(known.sketches))

    house.wire.on = look
    house.protect(house.photos(3))
    assert kept == [3, 3, 3]


def test_a_persona_that_cannot_be_read_is_no_matter_of_the_others(models: Path, tmp_path: Path) -> None:
    house = House(Machine(models), tmp_path)
    (tmp_path / "personas").mkdir()
    file_of(tmp_path / "personas", "bert").write_bytes(b"damaged")
    first, second, third = house.photos(3)
    second.header["persona"] = "bert"
    answers = house.protect([first, second, third])
    assert [answers[number][0]["event"] for number in range(3)] == ["result", "error", "result"]


@pytest.mark.usefixtures("card")
def test_memory_that_runs_short_lowers_the_number_first(models: Path, tmp_path: Path) -> None:
    house = House(Machine(models, cuda=1), tmp_path)
    answers = house.protect(house.photos(4))
    assert notes(answers) == [[FEWER]] * 4
    assert house.told("device", "batch") == [4] * 4 + [2] * 4
    assert house.machine.loaded == ["cuda"]


@pytest.mark.usefixtures("card")
def test_then_one_by_one_then_sparing_then_the_processor(models: Path, tmp_path: Path) -> None:
    house = House(Machine(models, cuda=3), tmp_path)
    assert notes(house.protect(house.photos(4))) == [[SPARING]] * 4
    assert house.told("device", "batch")[::4] == [4, 2, 1, 1]
    house = House(Machine(models, cuda=4), tmp_path)
    assert notes(house.protect(house.photos(4))) == [[PROCESSOR]] * 4
    assert house.machine.loaded == ["cuda", "cpu"]
    assert house.told("device", "batch")[-1] == 4


@pytest.mark.usefixtures("card")
def test_later_there_are_as_many_again(models: Path, tmp_path: Path) -> None:
    house = House(Machine(models, cuda=1), tmp_path)
    house.protect(house.photos(4))
    house.machine.now = REST_SECONDS + 1
    house.wire = Wire()
    assert notes(house.protect(house.photos(4))) == [[]] * 4


@pytest.mark.usefixtures("card")
def test_what_is_delivered_before_memory_runs_short_is_not_made_again(models: Path, tmp_path: Path) -> None:
    house = House(Machine(models), tmp_path)
    delivered: list[bytes] = []

    def look(data: bytes) -> None:
        if b'"event":"result"' in data:
            delivered.append(data)
            house.machine.full["cuda"] = 1 if len(delivered) == 1 else 0

    house.wire.on = look
    answers = house.protect(house.photos(3))
    assert notes(answers) == [[], [FEWER], [FEWER]]


def test_without_any_memory_each_is_told(models: Path, tmp_path: Path) -> None:
    house = House(Machine(models, cpu=10_000), tmp_path)
    answers = house.protect(house.photos(2))
    assert ["not enough memory" in header["error"]["reason"] for header, _ in answers.values()] == [True] * 2


def test_one_that_does_not_fit_is_no_matter_of_the_others(models: Path, tmp_path: Path) -> None:
    """Its turn comes alone on the lowest rung, and there it fails by itself."""
    house = House(Machine(models), tmp_path)
    orders = house.photos(3)

    def look(data: bytes) -> None:
        if b'"stage":"prepare"' in data and b'"fraction":0.0' in data:
            house.machine.full["cpu"] = 1 if b'"id":1,' in data else 0

    house.wire.on = look
    answers = house.protect(orders)
    assert [answers[number][0]["event"] for number in range(3)] == ["result", "error", "result"]


def test_an_encoder_that_fails_is_told_of_every_photo(models: Path, tmp_path: Path) -> None:
    house = House(Machine(models), tmp_path)

    def stumble(_kind: str) -> None:
        raise RuntimeError("shapes do not fit")

    house.machine._pass = stumble  # type: ignore[method-assign,assignment]
    answers = house.protect(house.photos(2))
    assert [answers[number][0]["event"] for number in range(2)] == ["error", "error"]


def test_no_more_is_decoded_at_once_than_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(studio, "MOST_PIXELS", 2 * 96 * 64)
    wire = Wire()
    data = photo(tmp_path / "a.png").read_bytes()
    Image.new("RGB", (200, 100)).save(tmp_path / "large.png")
    large = (tmp_path / "large.png").read_bytes()
    about = {"name": "a.png"}
    sitters = [
        Sitter(Order(about, each, Outlet(wire, number)))
        for number, each in enumerate([data, data, data, large, data])
    ]

    def taken() -> list[int]:
        company = studio._company(sitters, 4)
        for sitter in company:
            sitter.outlet.answered = True
        return [sitters.index(sitter) for sitter in company]

    assert [taken() for _ in range(5)] == [[0, 1], [2], [3], [4], []]
    for sitter in sitters:
        sitter.outlet.answered = False
    assert len(studio._company(sitters, 1)) == 1
