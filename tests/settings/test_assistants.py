"""Sites of AI assistants: known to the daemon and to the extension, under any spelling."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from photoveil.methods import ASSISTANT, METHODS, UNLEARNABLE, share_of, strength_for
from photoveil.settings import DEFAULT_METHOD, Settings
from photoveil.settings.assistants import SITES, is_assistant

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "host", ["chatgpt.com", "www.CHATGPT.com:443", "gemini.google.com", "claude.ai", "copilot.microsoft.com"]
)
def test_the_well_known_are_known(host: str) -> None:
    assert is_assistant(host)
    assert Settings().usual_method(host) == ASSISTANT


@pytest.mark.parametrize(
    "host", ["", "google.com", "photos.google.com", "notchatgpt.com", "chatgpt.com.evil.org", "a b"]
)
def test_others_are_not(host: str) -> None:
    assert not is_assistant(host)
    assert Settings().usual_method(host) == DEFAULT_METHOD


def test_the_extension_runs_on_all_of_them() -> None:
    manifest = json.loads(ROOT.joinpath("extension/manifest.json").read_text("utf-8"))
    listed = {
        pattern.removeprefix("https://").removeprefix("*.").removesuffix("/*")
        for pattern in manifest["host_permissions"]
    }
    assert listed >= SITES


def test_the_slider_stands_where_a_strength_stands() -> None:
    assert strength_for(ASSISTANT, "film", 70) == "70"
    assert strength_for(DEFAULT_METHOD, "film", 70) == "film"
    assert share_of("0") == 0
    assert share_of("100") == 1
    assert set(METHODS) == {DEFAULT_METHOD, ASSISTANT, UNLEARNABLE}
    for wrong in ("101", "-1", "film", ""):
        with pytest.raises(ValueError, match=r"place|invalid"):
            share_of(wrong)
