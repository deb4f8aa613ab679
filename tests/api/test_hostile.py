"""Hostile clients: everything is refused, the owner is answered meanwhile, and the log holds no secret."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

import pytest

from photoveil.api import bodies, door
from photoveil.api.client import DaemonClient, sign_in
from tests.api.hostile import ATTACKS
from tests.api.house import House, running


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A daemon with a little less patience, so that the tests need less; more than a busy machine takes to answer."""
    with pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as stack:
        patch.setattr(door, "PATIENCE", 4.0)
        patch.setattr(bodies, "UNSIGNED_SECONDS", 2.0)
        yield stack.enter_context(running(tmp_path_factory.mktemp("house")))


@pytest.fixture(scope="module")
def patient_log() -> Iterator[list[str]]:
    """All that is logged while the attacks run."""
    lines: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    handler = Handler()
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield lines
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize("attack", ATTACKS)
def test_everything_is_refused(house: House, patient_log: list[str], attack: str) -> None:
    count = ATTACKS[attack](house)
    assert count.tried > 0
    assert count.refused == count.tried
    assert house.local().call("status")["api"] == 1
    assert house.browser().call("status")["api"] == 1


def test_nothing_of_it_is_in_the_log(house: House, patient_log: list[str]) -> None:
    assert len(patient_log) < 500  # after more than twenty thousand refused requests
    browser: DaemonClient = house.browser("Unspeakable browser")
    url = house.local().call("dashboard/link")["url"]
    dashboard = sign_in(url)
    dashboard.call("status")
    text = "\n".join(patient_log)
    secrets = [url.partition("=")[2], "Unspeakable", house.runtime.key, "evil.example", "Traceback"]
    for client in (browser, dashboard):
        secrets.append(client.key.hex())
        if client.session is not None:
            secrets += [client.session.id, client.session.key.hex()]
    assert [secret for secret in secrets if secret in text] == []
