"""Photos for AI assistants through the API: which site means it, whose slider holds, and what counts as done."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest

from photoveil.api.client import DaemonClient, DaemonError
from tests.api.house import PATIENCE
from tests.worker.fake_child import PREFIX


def made(client: DaemonClient, photo: bytes, **wishes: Any) -> dict[str, Any]:
    """What the worker was asked."""
    told = list(client.follow(client.protect(photo, "a.jpg", **wishes)["job"], 2 * PATIENCE))[-1]
    assert told["state"] == "done"
    seen: dict[str, Any] = told["report"]["seen"]
    return seen


@pytest.fixture(autouse=True)
def as_new(dashboard: DaemonClient) -> Iterator[None]:
    """Leaves the shared house as it was found."""
    yield
    for host in dashboard.call("sites")["sites"]:
        dashboard.call("sites/remove", host=host)
    names = ("assistant_slider", "assistant_endpoint", "assistant_model")
    dashboard.call("settings/change", changes=dict.fromkeys(names))


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_sites_of_assistants_hide_and_others_protect(browser: DaemonClient) -> None:
    at_assistant = made(browser, b"a photo", site="www.chatgpt.com")
    assert (at_assistant["method"], at_assistant["strength"]) == ("assistant", "50")
    assert at_assistant["assisting"]["endpoint"] == ""
    elsewhere = made(browser, b"a photo", site="instagram.com")
    assert (elsewhere["method"], elsewhere["strength"]) == ("antithetical", "balanced")
    assert "assisting" not in elsewhere


def test_the_slider_of_the_request_beats_the_sites_and_that_the_general_one(
    dashboard: DaemonClient, browser: DaemonClient
) -> None:
    dashboard.call("settings/change", changes={"assistant_slider": 20})
    assert made(browser, b"one", site="claude.ai")["strength"] == "20"
    browser.call("sites/choose", host="claude.ai", slider=0)
    assert made(browser, b"one", site="claude.ai")["strength"] == "0"
    assert made(browser, b"one", site="claude.ai", slider=85)["strength"] == "85"
    assert made(browser, b"one", site="gemini.google.com")["strength"] == "20"
    browser.call("sites/choose", host="claude.ai", slider=None)
    assert made(browser, b"two", site="claude.ai")["strength"] == "20"


@pytest.mark.parametrize("slider", [-1, 101, 50.5, "50", True])
def test_a_slider_beyond_its_ends_is_refused(browser: DaemonClient, slider: Any) -> None:
    for verb in ("sites/choose", "lookup"):
        wishes = {"host": "claude.ai"} if verb == "sites/choose" else {"sha256": sha(b"x")}
        with pytest.raises(DaemonError) as refused:
            browser.call(verb, **wishes, slider=slider)
        assert refused.value.status == 400


def test_a_site_may_be_told_otherwise(dashboard: DaemonClient, browser: DaemonClient) -> None:
    dashboard.call("sites/change", host="chatgpt.com", method="antithetical")
    dashboard.call("sites/change", host="example.org", method="assistant", slider=70)
    assert made(browser, b"one", site="chatgpt.com")["method"] == "antithetical"
    told = made(browser, b"one", site="example.org")
    assert (told["method"], told["strength"]) == ("assistant", "70")


def test_what_a_browser_may_choose_from(dashboard: DaemonClient, browser: DaemonClient) -> None:
    here = browser.call("choices", site="chat.chatgpt.com")
    assert [method["name"] for method in here["methods"]] == ["antithetical", "assistant"]
    assert (here["current"]["method"], here["current"]["slider"]) == ("assistant", 50)
    assert browser.call("choices")["current"]["method"] == "antithetical"
    dashboard.call("sites/change", host="chatgpt.com", slider=10)
    assert browser.call("sites")["sites"]["chatgpt.com"]["slider"] == 10


def test_another_slider_makes_another_copy(browser: DaemonClient) -> None:
    photo = b"asked about"
    made(browser, photo, site="chatgpt.com", slider=40)
    known = browser.call("lookup", sha256=sha(photo), site="chatgpt.com", slider=40)
    assert known["state"] == "original"
    assert browser.call("lookup", sha256=sha(photo), site="chatgpt.com", slider=60)["state"] == "unknown"
    assert browser.call("lookup", sha256=sha(photo), site="instagram.com")["state"] == "unknown"


def test_copies_for_assistants_are_not_protected_and_protected_ones_not_hidden(browser: DaemonClient) -> None:
    made(browser, b"shown", site="chatgpt.com")
    copy = PREFIX + b"shown"
    assert browser.call("lookup", sha256=sha(copy), site="claude.ai")["state"] == "protected-copy"
    assert browser.call("lookup", sha256=sha(copy), site="instagram.com")["state"] == "unknown"
    assert made(browser, copy, site="instagram.com")["method"] == "antithetical"
    made(browser, b"posted", site="instagram.com")
    copy = PREFIX + b"posted"
    assert browser.call("lookup", sha256=sha(copy), site="facebook.com")["state"] == "protected-copy"
    assert made(browser, copy, site="chatgpt.com")["method"] == "assistant"


def test_the_model_that_is_asked_follows_the_settings(dashboard: DaemonClient, browser: DaemonClient) -> None:
    here = "http://127.0.0.1:11434/v1"
    dashboard.call("settings/change", changes={"assistant_endpoint": here, "assistant_model": "tiny:1b"})
    told = made(browser, b"asked of a model", site="chatgpt.com")["assisting"]
    assert (told["endpoint"], told["model"], told["consent"]) == (here, "tiny:1b", "")
    assert told["history"].endswith("history.jsonl")
    with pytest.raises(DaemonError):
        dashboard.call("settings/change", changes={"assistant_endpoint": "http://far.example.org/v1"})
    with pytest.raises(DaemonError):
        dashboard.call("settings/change", changes={"assistant_slider": 101})
