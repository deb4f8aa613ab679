"""The whole way, nothing pretended but the size: hub, daemon, the fetching child, the worker with its encoders."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from photoveil.api.client import DaemonClient
from photoveil.fitting.download import COMMAND
from photoveil.protection.model_sets import PINS
from tests.api.house import House, running
from tests.api.test_events import until
from tests.models import tiny_hub
from tests.models.server import Fault, Hub
from tests.tiny_models import tiny_models

SETTINGS = 'model_set = "duo"\nstrength = "subtle"\nwhen_busy = "work"\nmodel_endpoint = "{hub.endpoint}"\n'


@pytest.fixture
def hub() -> Iterator[Hub]:
    files = {tiny_hub.repository(name): tiny_hub.checkpoint(name) for name in tiny_hub.DUO}
    with Hub(files).running() as found:
        yield found


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that has tiny starters and knows the set “duo”, of which nothing is there yet."""
    folder = tiny_models(tmp_path / "models")
    tiny_hub.know_architectures(tmp_path / "architectures")
    tiny_hub.describe(folder, "duo", tiny_hub.DUO)
    monkeypatch.setenv("PHOTOVEIL_MODELS", str(folder))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def house(models: Path, hub: Hub, tmp_path: Path) -> Iterator[House]:
    worker = (sys.executable, "-m", "tests.worker.tiny_child", str(tmp_path / "architectures-of-the-child"))
    settings = SETTINGS.format(hub=hub)
    with running(tmp_path / "home", settings, calm=0.2, worker=worker, fetch=COMMAND) as found:
        yield found


def photo(seed: int) -> bytes:
    gradient = Image.radial_gradient("L").resize((96, 64))
    file = io.BytesIO()
    Image.merge("RGB", [gradient.rotate(40 * channel * seed) for channel in range(3)]).save(file, "PNG")
    return file.getvalue()


def ended(client: DaemonClient, data: bytes) -> dict[str, Any]:
    """A photo's job, once it is over."""
    job = client.protect(data, "a.png")["job"]
    told: dict[str, Any] = {"state": "queued"}
    while told["state"] in ("queued", "running"):
        told = client.call("job", job=job, wait_ms=20_000)
    return told


def one(owner: DaemonClient, name: str) -> dict[str, Any]:
    return next(found for found in owner.call("models")["model_sets"] if found["name"] == name)


def fetched(owner: DaemonClient) -> None:
    owner.call("models/pull", model_set="duo")
    until(lambda: owner.call("models")["download"] is None, 200)


def test_from_the_starters_to_a_fetched_set_and_through_a_damage(
    house: House, hub: Hub, models: Path
) -> None:
    owner, browser = house.dashboard(), house.browser()
    assert browser.call("status")["model_set"] == "starter"

    hub.faults.append(Fault(cut=10_000))
    fetched(owner)
    made = ended(browser, photo(1))
    assert made["state"] == "done", made
    report = made["report"]
    assert report["model_set"] == "duo"
    assert {encoder["name"]: encoder["role"] for encoder in report["encoders"]} == tiny_hub.DUO
    until(lambda: owner.call("models")["machine"] is not None, 200)
    assert one(owner, "duo")["seconds"] is not None

    damaged = models / "duo" / "tiny-convnext.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    owner.call("models/verify", model_set="duo")
    until(lambda: one(owner, "duo")["checked"], 200)
    until(lambda: owner.call("models")["download"] is None, 200)
    (finding,) = one(owner, "duo")["checked"]
    assert (finding["file"], finding["problem"]) == (damaged.name, "changed")

    fetched(owner)
    owner.call("models/verify", model_set="duo")
    until(lambda: one(owner, "duo")["checked"] == [], 200)
    assert ended(browser, photo(2))["report"]["model_set"] == "duo"

    owner.call("models/remove", model_set="duo")
    assert not (models / "duo" / PINS).exists()
    assert browser.call("status")["model_set"] == "starter"
