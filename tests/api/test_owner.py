"""What owners see and change: history, pause, settings, folders, sites, personas, vault, notices."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import Coroutine
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import pytest

from photoveil.api import settings_verbs
from photoveil.api.client import DaemonClient, DaemonError
from photoveil.errors import PhotoveilError
from photoveil.ledger.jobs import FileWish
from photoveil.worker.tasks import Task
from tests.api.house import PATIENCE, House
from tests.api.test_events import until
from tests.api.test_photos import done
from tests.worker.fake_child import PREFIX

T = TypeVar("T")


def inside(house: House, work: Coroutine[Any, Any, T]) -> T:
    """Do something in the daemon's own thread."""
    return asyncio.run_coroutine_threadsafe(work, house.loop).result(PATIENCE)


def code_of(client: DaemonClient, verb: str, **body: object) -> tuple[int, str]:
    with pytest.raises(DaemonError) as told:
        client.call(verb, **body)
    return told.value.status, told.value.as_dict()["code"]


# History.


def test_the_history_has_every_photo(fresh_house: House) -> None:
    browser, owner = fresh_house.browser(), fresh_house.dashboard()
    began = date.today()  # noqa: DTZ011 - the day of whoever looks at the dashboard
    for number in range(3):
        done(browser, b"photo %d" % number, f"{number}.jpg", persona="anna")
    done(browser, b"refuse", "bad.jpg")
    told = owner.call("history")
    assert [job["name"] for job in told["jobs"]] == ["bad.jpg", "2.jpg", "1.jpg", "0.jpg"]
    assert told["more"] is False
    bad, last = told["jobs"][:2]
    assert (bad["state"], bad["error"]["code"], bad["kept"]) == ("failed", "photo-unsupported", False)
    assert (last["state"], last["persona"], last["kept"]) == ("done", "anna", True)
    assert last["result"]["sha256"] == hashlib.sha256(PREFIX + b"photo 2").hexdigest()
    assert last["report"]["psnr_db"] == 40.0
    first = owner.call("history", limit=2)
    assert [job["name"] for job in first["jobs"]] == ["bad.jpg", "2.jpg"]
    assert first["more"] is True
    second = owner.call("history", limit=2, before=first["jobs"][-1]["job"])
    assert [job["name"] for job in second["jobs"]] == ["1.jpg", "0.jpg"]
    assert second["more"] is False
    assert [job["name"] for job in owner.call("history", states=["failed"])["jobs"]] == ["bad.jpg"]
    assert owner.call("history", folder="0" * 12)["jobs"] == []
    assert code_of(owner, "history", before="nobody") == (404, "unknown_job")
    counts = owner.call("overview")["counts"]
    assert counts["protected_total"] == 3
    if date.today() == began:  # noqa: DTZ011 - at midnight they begin anew
        assert (counts["protected_today"], counts["failed_today"]) == (3, 1)


def test_owners_reach_any_job_and_browsers_their_own(fresh_house: House) -> None:
    browser, other, owner = fresh_house.browser(), fresh_house.browser(), fresh_house.dashboard()
    job = done(browser, b"mine", "a.jpg")["job"]
    assert owner.result(job) == PREFIX + b"mine"
    assert owner.call("job", job=job)["result"]["name"] == "a.jpg"
    assert code_of(other, "job", job=job) == (404, "unknown_job")
    assert code_of(other, "result", job=job) == (404, "unknown_job")
    assert code_of(other, "cancel", job=job) == (404, "unknown_job")
    slow = browser.protect(b"slow", "b.jpg")["job"]
    assert owner.call("cancel", job=slow)["state"] == "cancelled"
    assert browser.call("job", job=slow)["state"] == "cancelled"
    assert code_of(owner, "retry", job=slow) == (409, "not_again")
    assert code_of(owner, "retry", job="nobody") == (404, "unknown_job")


def test_a_folders_job_is_cancelled_and_tried_again(fresh_house: House, tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"fine")
    task = Task("me", "antithetical", "balanced", "starter", "strip-location")
    digest = hashlib.sha256(b"fine").hexdigest()
    jobs = fresh_house.daemon.services.jobs
    held, jobs.gate = jobs.gate, lambda: "paused"
    (job,) = inside(
        fresh_house, jobs.submit_files([FileWish("0" * 12, photo, digest, task, tmp_path / "copy.jpg")])
    )
    owner = fresh_house.local()
    assert owner.call("job", job=job)["state"] == "queued"
    assert owner.call("cancel", job=job)["state"] == "cancelled"
    assert owner.call("history", folder="0" * 12)["jobs"][0]["state"] == "cancelled"
    assert owner.call("retry", job=job)["state"] in ("queued", "running")
    jobs.gate = held


def test_previews_are_for_owners(fresh_house: House) -> None:
    job = done(fresh_house.browser(), b"seen", "a.jpg")["job"]
    owner = fresh_house.dashboard()
    for side in ("before", "after"):
        (fresh_house.paths.previews / f"{job}.{side}.webp").write_bytes(side.encode())
    answer = owner.signed("preview", json.dumps({"job": job, "side": "after"}).encode())
    assert (answer.body, answer.headers["Content-Type"]) == (b"after", "image/webp")
    assert owner.call("history")["jobs"][0]["previews"] is True
    for file in fresh_house.paths.previews.iterdir():
        file.unlink()
    assert code_of(owner, "preview", job=job, side="after") == (404, "no_preview")
    assert owner.call("history")["jobs"][0]["previews"] is False
    assert code_of(owner, "preview", job="../../secrets", side="after") == (400, "bad_request")


# Pause, notices, models.


def test_pause_and_resume(fresh_house: House) -> None:
    owner = fresh_house.dashboard()
    paused = owner.call("pause", minutes=10)
    assert paused["paused"] is True
    assert paused["until"].endswith("+00:00")
    assert owner.call("overview")["state"] == "paused"
    assert fresh_house.browser().call("status")["until"] == paused["until"]
    assert done(fresh_house.browser(), b"uploads go on")["state"] == "done"
    assert owner.call("pause", minutes=None) == {"paused": True, "until": None}
    assert owner.call("resume") == {"paused": False, "until": None}
    assert owner.call("overview")["state"] == "idle"
    for minutes in (0, 10_081, 1.5, True, "10"):
        assert code_of(owner, "pause", minutes=minutes) == (400, "bad_request")


def test_notices_are_read_and_dismissed(fresh_house: House) -> None:
    owner, notices = fresh_house.dashboard(), fresh_house.daemon.services.notices

    async def note() -> None:
        notices.set("disk", PhotoveilError("The disk is full", "It is.", "Make room."))

    inside(fresh_house, note())
    overview = owner.call("overview")
    assert overview["state"] == "attention"
    assert [notice["title"] for notice in overview["notices"]] == ["The disk is full"]
    assert owner.call("notices/dismiss", key="disk") == {}
    assert owner.call("overview")["state"] == "idle"
    assert code_of(owner, "notices/dismiss", key="disk") == (404, "unknown_notice")


# Settings, sites, personas, folders.


def test_settings_change_in_one_place(fresh_house: House) -> None:
    owner = fresh_house.dashboard()
    told = owner.call("settings/change", changes={"strength": "strong", "cache_mb": 100})
    values = {setting["name"]: setting["value"] for setting in told["settings"]}
    assert (values["strength"], values["cache_mb"]) == ("strong", 100)
    assert told["file"] == str(fresh_house.paths.settings_file)
    assert 'strength = "strong"' in fresh_house.paths.settings_file.read_text()
    assert code_of(owner, "settings/change", changes={"strength": "subtle", "cache_mb": -1}) == (
        422,
        "settings",
    )
    assert code_of(owner, "settings/change", changes={"colour": "red"}) == (422, "settings")
    assert code_of(owner, "settings/change", changes={"self": "x"}) == (400, "bad_request")
    assert owner.call("overview")["strength"] == "strong"
    owner.call("settings/change", changes={"strength": None})
    assert owner.call("overview")["strength"] == "balanced"


def test_a_site_has_wishes_of_its_own(fresh_house: House) -> None:
    owner, browser = fresh_house.dashboard(), fresh_house.browser()
    owner.call("sites/change", host="Example.org", strength="subtle", persona="anna")
    owner.call("sites/change", host="example.org", protect=False)
    wishes = {"protect": False, "persona": "anna", "strength": "subtle", "method": None, "slider": None}
    assert browser.call("sites") == {"sites": {"example.org": wishes}}
    seen = done(browser, b"for a site", site="www.example.org")["report"]["seen"]
    assert (seen["persona"], seen["strength"]) == ("anna", "subtle")
    sha256 = hashlib.sha256(b"for a site").hexdigest()
    assert browser.call("lookup", sha256=sha256, site="example.org")["state"] == "original"
    assert browser.call("lookup", sha256=sha256) == {"state": "unknown"}
    asked = done(browser, b"for a site", site="example.org", strength="strong")["report"]["seen"]
    assert (asked["persona"], asked["strength"]) == ("anna", "strong")
    assert owner.call("sites/remove", host="example.org") == {"sites": {}}
    assert code_of(owner, "sites/remove", host="example.org") == (422, "settings")
    assert code_of(owner, "sites/change", host="not a host!") == (422, "settings")


def test_a_browser_chooses_for_a_site_within_what_it_is_offered(fresh_house: House) -> None:
    owner, browser = fresh_house.dashboard(), fresh_house.browser()
    owner.call("personas/change", name="anna", colour="green")
    offered = browser.call("choices")
    assert {"name": "anna", "colour": "green"} in offered["personas"]
    assert [one["name"] for one in offered["strengths"]] == ["subtle", "balanced", "strong", "film"]
    assert all(one["title"] and one["note"] for one in offered["strengths"])
    usual = {"method": "antithetical", "slider": 50}
    assert offered["current"] == {"persona": "me", "strength": "balanced", **usual}
    owner.call("personas/change", name="me", strength="strong")
    assert browser.call("choices")["current"] == {"persona": "me", "strength": "strong", **usual}

    browser.call("sites/choose", host="Example.org", persona="anna", strength="subtle")
    told = browser.call("sites/choose", host="example.org", protect=False)
    wishes = {"protect": False, "persona": "anna", "strength": "subtle", "method": None, "slider": None}
    assert told == owner.call("sites") == {"sites": {"example.org": wishes}}
    told = browser.call("sites/choose", host="example.org", protect=True, persona=None, strength=None)
    plain = {"protect": True, "persona": None, "strength": None, "method": None, "slider": None}
    assert told == {"sites": {"example.org": plain}}
    assert code_of(browser, "sites/choose", host="example.org", persona="nobody") == (404, "unknown_persona")
    assert code_of(browser, "sites/choose", host="not a host!", protect=True) == (422, "settings")
    assert code_of(browser, "sites/choose", host="example.org", method="antithetical")[0] == 400
    assert code_of(browser, "sites/change", host="example.org", protect=False) == (403, "local_only")


def test_a_browser_cannot_fill_the_settings(fresh_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_verbs, "MAX_SITES", 2)
    owner, browser = fresh_house.dashboard(), fresh_house.browser()
    for host in ("a.org", "b.org"):
        browser.call("sites/choose", host=host, protect=False)
    assert code_of(browser, "sites/choose", host="c.org", protect=False) == (409, "too_many_sites")
    assert browser.call("sites/choose", host="b.org", protect=True)["sites"]["b.org"]["protect"] is True
    assert "c.org" in owner.call("sites/change", host="c.org", protect=False)["sites"]


def test_personas_have_colours_and_strengths(fresh_house: House) -> None:
    owner = fresh_house.dashboard()
    owner.call("personas/change", name="anna", colour="green")
    owner.call("personas/change", name="anna", strength="subtle")
    anna = next(one for one in owner.call("personas")["personas"] if one["name"] == "anna")
    assert (anna["colour"], anna["strength"], anna["current"]) == ("green", "subtle", False)
    seen = done(fresh_house.browser(), b"of anna", persona="anna")["report"]["seen"]
    assert seen["strength"] == "subtle"
    owner.call("personas/forget", name="anna")
    assert [one["name"] for one in owner.call("personas")["personas"]] == ["me"]
    assert code_of(owner, "personas/forget", name="anna") == (404, "unknown_persona")
    assert code_of(owner, "personas/change", name="../x", colour="green")[0] == 422
    assert code_of(owner, "personas/forget", name="../x") == (422, "persona")


def test_folders_are_added_changed_and_removed(fresh_house: House, tmp_path: Path) -> None:
    owner = fresh_house.dashboard()
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    folder = owner.call("folders/add", path=str(pictures), strength="subtle", recursive=False)["folder"]
    (told,) = owner.call("folders")["folders"]
    assert (told["folder"], told["path"], told["strength"]) == (folder, str(pictures), "subtle")
    assert (told["recursive"], told["enabled"], told["output"]) == (False, True, "beside")
    assert code_of(owner, "folders/add", path=str(pictures)) == (409, "watched_already")
    assert owner.call("folders/change", folder=folder, enabled=False, strength=None) == {"folder": folder}
    (told,) = owner.call("folders")["folders"]
    assert (told["enabled"], told["strength"], told["recursive"]) == (False, None, False)
    assert owner.call("folders/rescan", folder=folder) == {}
    assert owner.call("folders/rescan") == {}
    assert owner.call("folders/remove", folder=folder) == {}
    assert owner.call("folders") == {"folders": []}
    for verb in ("folders/change", "folders/remove", "folders/rescan"):
        assert code_of(owner, verb, folder=folder) == (404, "unknown_folder")
    twin = tmp_path / "twin"
    twin.symlink_to(pictures)
    owner.call("folders/add", path=str(twin))
    assert code_of(owner, "folders/add", path=str(pictures)) == (409, "watched_already")
    for path in (
        "relative",
        "\ud800",
        "/",
        "~",
        "/" + "a" * 4000,
        "/" + "a/" * 2000,
        str(tmp_path / "nowhere" / "at" / "all"),
    ):
        assert code_of(owner, "folders/add", path=path)[0] in (400, 422)
    assert code_of(owner, "folders/add", path="/a\x00b") == (400, "bad_request")


def test_a_vanished_folder_is_told(fresh_house: House, tmp_path: Path) -> None:
    owner, pictures = fresh_house.dashboard(), tmp_path / "pictures"
    pictures.mkdir()
    owner.call("folders/add", path=str(pictures))
    until(lambda: owner.call("folders")["folders"][0]["mode"] in ("events", "polling"))
    pictures.rmdir()
    owner.call("folders/rescan")
    until(lambda: owner.call("folders")["folders"][0]["mode"] == "missing")
    (told,) = owner.call("folders")["folders"]
    assert {"title", "reason", "remedy"} <= set(told["problem"])
    assert told["copies"]


def test_folders_are_suggested(fresh_house: House, tmp_path: Path) -> None:
    owner, place = fresh_house.dashboard(), tmp_path / "place"
    for name in ("Pictures", "pics", ".hidden", "Music"):
        (place / name).mkdir(parents=True)
    (place / "picture.jpg").touch()

    def suggested(prefix: str) -> list[str]:
        return [Path(found).name for found in owner.call("folders/suggest", prefix=prefix)["folders"]]

    assert suggested(f"{place}/pi") == ["Pictures", "pics"]
    assert suggested(f"{place}/") == ["Music", "Pictures", "pics"]
    assert suggested(f"{place}/.h") == [".hidden"]
    assert suggested(f"{place}/nothing/") == []
    assert suggested("relative") == []
    assert len(suggested("/")) <= 20


# The vault.


def test_originals_come_back(fresh_house: House, tmp_path: Path) -> None:
    owner, vault = fresh_house.dashboard(), fresh_house.daemon.services.vault
    photo = tmp_path / "photo.jpg"
    data = os.urandom(3_000_000)
    photo.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    item = inside(fresh_house, vault.keep(photo, digest, name="photo.jpg", path=photo, job=None))
    told = owner.call("vault")
    assert [one["item"] for one in told["items"]] == [item]
    assert (told["usage"]["items"], told["items"][0]["path"], told["more"]) == (1, str(photo), False)
    assert b"".join(owner.stream("vault/fetch", item=item)) == data
    photo.write_bytes(b"something else")
    back = owner.call("vault/restore", item=item)
    assert back["beside"] is True
    assert Path(back["path"]).read_bytes() == data
    assert photo.read_bytes() == b"something else"
    elsewhere = owner.call("vault/restore", item=item, to=str(tmp_path / "new place"))
    assert elsewhere == {"path": str(tmp_path / "new place" / "photo.jpg"), "beside": False}
    for place in ("relative", "/" + "x" * 300, "\ud800", "/proc/nowhere"):
        assert code_of(owner, "vault/restore", item=item, to=place)[0] in (400, 409)
    assert owner.call("vault/remove", item=item) == {}
    assert owner.call("vault")["items"] == []
    for verb in ("vault/restore", "vault/remove", "vault/fetch"):
        assert code_of(owner, verb, item=item) == (404, "vault_unknown")


# Bodies.


@pytest.mark.parametrize(
    ("verb", "body", "named"),
    [
        ("status", {"x": 1}, "x"),
        ("lookup", {"sha256": "0" * 64, "perso": "x"}, "perso"),
        ("history", {"limit": 201}, "limit"),
        ("history", {"states": ["done", "done"]}, "states"),
        ("history", {"states": "done"}, "states"),
        ("folders/add", {}, "path"),
        ("folders/change", {"folder": "0" * 12, "output": "anywhere"}, "output"),
        ("sites/change", {"host": "a.org", "protect": 1}, "protect"),
        ("settings/change", {"changes": []}, "changes"),
        ("vault", {"limit": 0}, "limit"),
        ("pairing/confirm", {"accept": "yes"}, "accept"),
    ],
)
def test_bodies_are_strict_and_name_the_field(
    house: House, dashboard: DaemonClient, verb: str, body: dict[str, Any], named: str
) -> None:
    answer = dashboard.signed(verb, json.dumps(body).encode())
    error = answer.json()["error"]
    assert (answer.status, error["code"]) == (400, "bad_request")
    assert f"“{named}”" in error["reason"]


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"a": 1, "a": 1}', b'{"x": NaN}', '{"ä": 1}'.encode("latin-1"), "{}".encode("utf-16")],
)
def test_bodies_are_plain_json(house: House, dashboard: DaemonClient, body: bytes) -> None:
    assert dashboard.signed("status", body).json()["error"]["code"] == "bad_request"
