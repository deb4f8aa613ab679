"""Model sets through the door: seen, measured, chosen, fetched, switched to without a restart, checked and removed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from photoveil.api.client import DaemonClient
from photoveil.fitting import machine
from tests.api.house import House, running
from tests.api.test_events import kinds, listening, publish, until
from tests.api.test_owner import code_of
from tests.api.test_photos import done
from tests.fitting.house import install

CALM = 0.2
STARTING = 'model_set = "auto"\n'


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where fetched sets lie, of this test alone; and the hub does as the file ``script`` beside it says."""
    monkeypatch.setenv("PHOTOVEIL_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("PHOTOVEIL_FAKE_FETCH", str(tmp_path / "script"))
    return tmp_path / "models"


@pytest.fixture
def quick(models: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[House]:
    """A machine on which nothing takes long, that is measured at the first moment of rest."""
    monkeypatch.setenv("PHOTOVEIL_FAKE_RATE", "1e6")
    with running(tmp_path / "home", STARTING + 'when_busy = "work"\n', calm=CALM) as house:
        yield house


@pytest.fixture
def unmeasured(models: Path, tmp_path: Path) -> Iterator[House]:
    """A machine nobody measures."""
    with running(tmp_path / "home", STARTING) as house:
        yield house


def script(models: Path, *lines: str) -> None:
    models.with_name("script").write_text("\n".join(lines))


def one(told: dict[str, Any], name: str) -> dict[str, Any]:
    return next(found for found in told["model_sets"] if found["name"] == name)


def measured(owner: DaemonClient) -> dict[str, Any]:
    """Everything about models, once the machine is measured."""
    until(lambda: owner.call("models")["machine"] is not None)
    return dict(owner.call("models"))


def test_at_first_the_starters_serve(unmeasured: House) -> None:
    owner = unmeasured.dashboard()
    told = owner.call("models")
    assert (told["wanted"], told["active"]) == ("auto", "starter")
    assert [found["name"] for found in told["model_sets"]] == ["starter", "standard", "strong"]
    assert [found["installed"] for found in told["model_sets"]] == [True, False, False]
    assert (told["offer"], told["download"], told["machine"]) == (None, None, None)
    standard = one(told, "standard")
    assert standard["fetched"]
    assert standard["missing_bytes"] == standard["bytes"] > 1e9
    assert {encoder["role"] for encoder in standard["encoders"]} == {"surrogate", "witness"}
    assert all(encoder["licence"] for encoder in standard["encoders"])
    assert owner.call("overview")["model_set"] == "starter"
    assert unmeasured.browser().call("status")["model_set"] == "starter"


def test_who_looks_has_the_machine_measured_once(quick: House) -> None:
    owner = quick.dashboard()
    assert not quick.paths.machine_file.exists()
    told = measured(owner)
    until(quick.paths.machine_file.exists)  # what was measured is told before it is written down
    assert told["machine"]["device_name"] == "a fake"
    assert one(told, "strong")["seconds"] < 2
    first = quick.paths.machine_file.read_text()
    owner.call("models")
    done(quick.browser(), b"photo", "a.jpg")
    until(lambda: owner.call("overview")["worker"] == "ready")
    assert quick.paths.machine_file.read_text() == first, "a measurement that holds is not repeated"


def test_after_a_photo_the_machine_is_measured_too(quick: House) -> None:
    """The encoders' process is there anyway."""
    done(quick.browser(), b"photo", "a.jpg")
    until(quick.paths.machine_file.exists)
    assert machine.read(quick.paths.machine_file) is not None


def test_the_best_set_is_offered_once(quick: House) -> None:
    owner = quick.dashboard()
    offer = measured(owner)["offer"]
    assert offer["model_set"] == "strong"
    assert offer["bytes"] > 1e9
    assert owner.call("overview")["models"]["offer"] == offer
    owner.call("models/decline", model_set="strong")
    assert owner.call("overview")["models"]["offer"] is None
    assert json.loads(quick.paths.wishes_file.read_text()) == {"pull": None, "declined": ["strong"]}


def test_nothing_is_offered_offline(quick: House) -> None:
    owner = quick.dashboard()
    owner.call("settings/change", changes={"offline": True})
    assert measured(owner)["offer"] is None
    assert code_of(owner, "models/pull", model_set="standard")[1] == "download"


def test_a_set_is_fetched_while_the_starters_serve_and_then_takes_over(
    quick: House, models: Path, tmp_path: Path
) -> None:
    owner, browser = quick.dashboard(), quick.browser()
    measured(owner)
    script(models, "say 25 100", f"wait {tmp_path / 'go'}", "install")
    with listening(owner) as heard, listening(browser) as other:
        owner.call("models/pull", model_set="standard")
        until(lambda: (owner.call("overview")["models"]["download"] or {}).get("bytes_done") == 25)
        assert browser.call("status")["model_set"] == "starter"
        done(browser, b"one", "1.jpg")
        (tmp_path / "go").touch()
        until(lambda: browser.call("status")["model_set"] == "standard")
        done(browser, b"two", "2.jpg")
        publish(quick, "pause", paused=False, until=None)  # whoever hears it has heard all before it
        until(lambda: "pause" in kinds(heard) & kinds(other))
    assert {"download", "models"} <= kinds(heard)
    assert not {"download", "models"} & kinds(other), "browsers need not know"
    reports = [job["report"]["seen"]["model_set"] for job in owner.call("history")["jobs"]]
    assert reports == ["standard", "starter"]
    told = owner.call("models")
    assert one(told, "standard")["installed"]
    assert one(told, "standard")["active"]
    assert (told["download"], one(told, "standard")["missing_bytes"]) == (None, 0)


def test_giving_up(quick: House, models: Path, tmp_path: Path) -> None:
    owner = quick.dashboard()
    script(models, f"wait {tmp_path / 'go'}")
    assert owner.call("models/pull", model_set="strong")["download"]["state"] == "running"
    assert code_of(owner, "models/pull", model_set="standard") == (409, "download")
    assert owner.call("models/cancel")["download"] is None
    assert owner.call("models/cancel")["download"] is None


def test_a_failure_needs_attention_and_can_be_tried_again(quick: House, models: Path) -> None:
    owner = quick.dashboard()
    script(models, "fail models")
    owner.call("models/pull", model_set="standard")
    until(lambda: owner.call("overview")["state"] == "attention")
    told = owner.call("overview")
    assert told["models"]["download"]["error"]["remedy"] == "Write another script."
    assert [notice["title"] for notice in told["notices"]] == ["It went wrong"]
    script(models, "install")
    owner.call("models/pull", model_set="standard")
    until(lambda: owner.call("overview")["models"]["download"] is None)
    assert owner.call("overview")["notices"] == []


def test_what_is_fetched_elsewhere_is_noticed(quick: House, models: Path) -> None:
    """By the command line, for instance."""
    owner = quick.dashboard()
    measured(owner)
    install(models, "strong")
    until(lambda: owner.call("overview")["model_set"] == "strong")
    owner.call("models/remove", model_set="strong")
    assert owner.call("overview")["model_set"] == "starter"
    assert owner.call("models")["offer"] is None, "nobody wants to be asked for what he has just removed"
    assert not (models / "strong" / "pins.json").exists()


def test_a_set_that_was_named_and_is_not_here_needs_attention(unmeasured: House, models: Path) -> None:
    owner = unmeasured.dashboard()
    owner.call("settings/change", changes={"model_set": "standard"})
    until(lambda: owner.call("overview")["notices"])
    (notice,) = owner.call("overview")["notices"]
    assert notice["code"] == "model_set_missing"
    assert "starter" in notice["reason"]
    assert owner.call("overview")["model_set"] == "starter"
    install(models, "standard")
    until(lambda: owner.call("overview")["model_set"] == "standard")
    assert owner.call("overview")["notices"] == []


def test_a_machine_that_is_too_slow_keeps_the_starters(
    models: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PHOTOVEIL_FAKE_RATE", "1")
    install(models, "standard")
    with running(tmp_path / "home", STARTING + 'when_busy = "work"\n', calm=CALM) as house:
        owner = house.dashboard()
        assert owner.call("overview")["model_set"] == "standard", "nobody knows yet that it is slow"
        told = measured(owner)
        assert not one(told, "standard")["quick_enough"]
        assert (told["active"], told["offer"]) == ("starter", None)
        owner.call("settings/change", changes={"model_set": "standard"})
        assert owner.call("overview")["model_set"] == "standard", "who names it has it"


def test_who_fetches_a_slow_set_wants_it(
    models: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PHOTOVEIL_FAKE_RATE", "1")
    script(models, f"wait {tmp_path / 'go'}", "install")
    with running(tmp_path / "home", STARTING + 'when_busy = "work"\n', calm=CALM) as house:
        owner = house.dashboard()
        measured(owner)
        assert owner.call("models/pull", model_set="standard")["wanted"] == "standard"
        assert owner.call("models/cancel")["wanted"] == "auto"
        assert owner.call("overview")["notices"] == []
        owner.call("models/pull", model_set="standard")
        (tmp_path / "go").touch()
        until(lambda: owner.call("overview")["model_set"] == "standard")


def test_a_restart_goes_on_fetching(models: Path, tmp_path: Path) -> None:
    script(models, f"wait {tmp_path / 'go'}", "install")
    with running(tmp_path / "home") as house:
        house.dashboard().call("models/pull", model_set="standard")
    (tmp_path / "go").touch()
    with running(tmp_path / "home") as house:
        until((models / "standard" / "pins.json").exists)
        owner = house.dashboard()
        until(lambda: one(owner.call("models"), "standard")["installed"])


def test_files_are_checked(quick: House) -> None:
    owner = quick.dashboard()
    assert one(owner.call("models"), "starter")["checked"] is None
    owner.call("models/verify", model_set="starter")
    until(lambda: one(owner.call("models"), "starter")["checked"] == [])
    until(lambda: owner.call("models")["download"] is None)
    owner.call("models/verify", model_set="standard")
    until(lambda: one(owner.call("models"), "standard")["checked"])


@pytest.mark.parametrize("verb", ["models/pull", "models/verify", "models/decline", "models/remove"])
def test_what_is_no_such_set_is_told(unmeasured: House, verb: str) -> None:
    status, _ = code_of(unmeasured.dashboard(), verb, model_set="nobody's")
    assert status in (404, 409)


@pytest.mark.parametrize("verb", ["models/pull", "models/remove"])
def test_the_starters_are_neither_fetched_nor_removed(unmeasured: House, verb: str) -> None:
    owner = unmeasured.dashboard()
    assert code_of(owner, verb, model_set="starter") == (409, "models")
    assert one(owner.call("models"), "starter")["installed"]


def test_measured_anew_on_request(quick: House) -> None:
    owner = quick.dashboard()
    measured(owner)
    until(quick.paths.machine_file.exists)  # what was measured is told before it is written down
    before = quick.paths.machine_file.stat().st_mtime_ns
    with listening(owner) as heard:
        owner.call("models/measure")
        until(lambda: quick.paths.machine_file.stat().st_mtime_ns > before)
        until(lambda: "models" in kinds(heard))


def test_browsers_know_nothing_of_it(quick: House) -> None:
    browser = quick.browser()
    for verb in ("models", "models/cancel", "models/measure"):
        assert code_of(browser, verb)[0] == 403
