"""The log is made of JSON lines, which people see in words, and names no photos unless they want it to."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from photoveil.logs import in_words, set_level, start_log
from photoveil.paths import Paths


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    paths = Paths("test", *(tmp_path / part for part in ("config", "state", "cache", "logs")))
    paths.prepare()
    root, before = logging.getLogger(), list(logging.getLogger().handlers)
    level = root.level
    start_log(paths)
    yield paths.log_file
    for handler in [handler for handler in root.handlers if handler not in before]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    logging.getLogger("photoveil").setLevel(logging.NOTSET)


def test_every_line_is_an_object(log: Path) -> None:
    room = logging.getLogger("photoveil.test")
    room.warning("a “word”\nand %d more", 2)
    try:
        int("no number")
    except ValueError:
        room.exception("unforeseen")
    first, second = (json.loads(line) for line in log.read_text().splitlines())
    assert set(first) == {"time", "level", "room", "message"}
    assert (first["level"], first["room"], first["message"]) == (
        "WARNING",
        "photoveil.test",
        "a “word”\nand 2 more",
    )
    assert second["trace"][-1].startswith("ValueError: ")
    assert log.stat().st_mode & 0o077 == 0


def test_people_see_words(log: Path) -> None:
    logging.getLogger("photoveil.test").info("hello")
    (line,) = log.read_text().splitlines()
    assert in_words(line)[20:] == "INFO photoveil.test: hello"
    for other in ("not ours", "[]", "{}", "null", '{"time": 3}'):
        assert in_words(other) == other


def test_debug_is_for_those_who_ask(log: Path) -> None:
    set_level("info")
    logging.getLogger("photoveil.test").debug("secret.jpg")
    assert log.read_text() == ""
    set_level("debug")
    logging.getLogger("photoveil.test").debug("secret.jpg")
    assert "secret.jpg" in log.read_text()
