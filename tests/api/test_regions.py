"""What is hidden on a photo, as its owner says: remembered for the file, and told to whoever makes the copy."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from photoveil.api.client import DaemonClient, DaemonError
from photoveil.assistant.choices import Choices
from tests.api.house import PATIENCE, House, running
from tests.watching.house import jpeg

FACE = {"kind": "face", "box": [0.1, 0.2, 0.3, 0.4], "hidden": False}
OWN = {"kind": "chosen", "box": [0.5, 0.5, 0.9, 1.0], "hidden": True}


def sent(client: DaemonClient, photo: bytes, **wishes: Any) -> tuple[str, dict[str, Any]]:
    """The job of a photo for an assistant, and what the worker was asked."""
    job: str = client.protect(photo, "a.jpg", **wishes)["job"]
    told = list(client.follow(job, 20))[-1]
    assert told["state"] == "done"
    return job, told["report"]["seen"]


def state(client: DaemonClient, photo: bytes, **wishes: Any) -> str:
    found: str = client.call("lookup", sha256=hashlib.sha256(photo).hexdigest(), **wishes)["state"]
    return found


def test_what_is_chosen_makes_another_copy_of_the_same_file_and_of_no_other(
    house: House, dashboard: DaemonClient, browser: DaemonClient
) -> None:
    photo, other, there = b"with a face", b"another one", {"site": "chatgpt.com"}
    job, first = sent(browser, photo, **there)
    sent(browser, other, **there)
    digest = hashlib.sha256(photo).hexdigest()
    assert dashboard.call("regions", job=job) == {"photo": digest, "regions": None}

    told = dashboard.call("regions/change", job=job, regions=[FACE, OWN])

    assert told == dashboard.call("regions", job=job) == {"photo": digest, "regions": [FACE, OWN]}
    assert state(browser, photo, **there) == "unknown"
    assert state(browser, other, **there) == "original"
    _, second = sent(browser, photo, **there)
    assert state(browser, photo, **there) == "original"
    assert first["metadata"] != second["metadata"]
    known = Choices(house.paths.assistant_choices).digest(digest)
    assert second["metadata"] == f"regions:{known}"
    assert second["assisting"]["choices"] == str(house.paths.assistant_choices)
    # Elsewhere photos are protected as ever.
    assert sent(browser, photo, site="instagram.com")[1]["metadata"] == first["metadata"]

    assert dashboard.call("regions/change", job=job, regions=None)["regions"] is None
    assert state(browser, photo, **there) == "original", "the first copy is good again"


def test_only_owners_choose_and_only_for_photos_that_are_known(
    dashboard: DaemonClient, browser: DaemonClient
) -> None:
    job, _ = sent(browser, b"mine", site="claude.ai")
    wishes: tuple[tuple[str, dict[str, Any]], ...] = (("regions", {}), ("regions/change", {"regions": []}))
    for verb, more in wishes:
        with pytest.raises(DaemonError) as refused:
            browser.call(verb, job=job, **more)
        assert refused.value.status == 403
        with pytest.raises(DaemonError) as unknown:
            dashboard.call(verb, job="nobody", **more)
        assert unknown.value.status == 404


@pytest.mark.parametrize(
    ("regions", "status"),
    [
        ([{**FACE, "box": [0.1, 0.2, 0.3]}], 422),
        ([{**FACE, "box": [0.3, 0.2, 0.3, 0.4]}], 422),
        ([{**FACE, "kind": "code"}, {**OWN, "kind": "code"}], 422),
        ([{**FACE, "box": [0.1, 0.2, 0.3, 1.4]}], 400),
        ([{**FACE, "kind": "nose"}], 400),
        ([{**FACE, "score": 1}], 400),
        ([FACE] * 41, 400),
        ("all", 400),
    ],
)
def test_what_is_no_choice_is_refused(
    dashboard: DaemonClient, browser: DaemonClient, regions: object, status: int
) -> None:
    job, _ = sent(browser, b"refused", site="claude.ai")
    with pytest.raises(DaemonError) as refused:
        dashboard.call("regions/change", job=job, regions=regions)
    assert refused.value.status == status
    assert dashboard.call("regions", job=job)["regions"] is None


def test_what_cannot_be_read_any_more_is_not_taken_for_no_choice(tmp_path: Path) -> None:
    file = tmp_path / "state" / "assistant" / "regions.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text("{")
    photo, there = b"with a face", {"site": "chatgpt.com"}
    with running(tmp_path) as house:
        dashboard, browser = house.dashboard(), house.browser()
        until(lambda: notices(dashboard) == ["regions_unreadable"])
        job, _ = sent(browser, photo, site="instagram.com")
        for ask in (
            lambda: state(browser, photo, **there),
            lambda: browser.protect(photo, "a.jpg", **there),
            lambda: dashboard.call("regions", job=job),
            lambda: dashboard.call("regions/change", job=job, regions=[OWN]),
            lambda: dashboard.call("regions/change", job=job, regions=None),
        ):
            with pytest.raises(DaemonError) as refused:
                ask()
            assert (refused.value.status, refused.value.as_dict()["code"]) == (503, "regions_unreadable")
        assert file.read_text() == "{"

        file.write_text("")  # as the doctor does when it has put the file aside
        until(lambda: notices(dashboard) == [])
        sent(browser, photo, **there)


def notices(client: DaemonClient) -> list[str]:
    return [notice["code"] for notice in client.call("overview")["notices"] if notice["code"] != "tray"]


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_the_copy_in_a_folder_for_assistants_is_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "to ask about"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(jpeg("with a face"))
    with running(tmp_path / "home", 'when_busy = "work"\non_battery = "work"\n') as house:
        dashboard = house.dashboard()
        dashboard.call("folders/add", path=str(folder), method="assistant")

        def seen() -> list[dict[str, Any]]:
            jobs = dashboard.call("history", states=["done"])["jobs"]
            return [{"job": job["job"], **job["report"]["seen"]} for job in jobs]

        until(lambda: len(seen()) == 1)
        (first,) = seen()
        dashboard.call("regions/change", job=first["job"], regions=[OWN])
        until(lambda: len(seen()) == 2)
        digest = Choices(house.paths.assistant_choices).digest(
            hashlib.sha256(jpeg("with a face")).hexdigest()
        )
        assert (first["metadata"], seen()[0]["metadata"]) == ("strip-location", f"regions:{digest}")
