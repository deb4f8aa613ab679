"""The method that needs a model of the user's own, through the API: offered where there is one, else refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from photoveil.api.client import DaemonClient, DaemonError
from tests.api.house import PATIENCE
from tests.worker.fake_child import PREFIX

FOLDER = "/home/anna/models/small-vlm"


@pytest.fixture(autouse=True)
def as_new(dashboard: DaemonClient) -> Iterator[None]:
    """Leaves the shared house as it was found."""
    yield
    dashboard.call("settings/change", changes={"unlearnable_model": None})
    for host in dashboard.call("sites")["sites"]:
        dashboard.call("sites/remove", host=host)


def ended(client: DaemonClient, photo: bytes, **wishes: Any) -> dict[str, Any]:
    return list(client.follow(client.protect(photo, "a.jpg", **wishes)["job"], 2 * PATIENCE))[-1]


def offered(client: DaemonClient) -> list[str]:
    return [method["name"] for method in client.call("choices")["methods"]]


def test_it_is_offered_once_a_model_is_named(dashboard: DaemonClient, browser: DaemonClient) -> None:
    assert "unlearnable" not in offered(browser)
    dashboard.call("settings/change", changes={"unlearnable_model": FOLDER})
    assert "unlearnable" in offered(browser)


def test_without_a_model_the_photo_is_held_back_and_the_user_told_what_to_do(
    dashboard: DaemonClient, browser: DaemonClient
) -> None:
    dashboard.call("sites/change", host="example.org", method="unlearnable")
    told = ended(browser, b"no model", site="example.org")
    assert told["state"] == "failed"
    assert told["error"]["code"] == "unlearnable"
    assert "photoveil settings set" in told["error"]["remedy"]
    with pytest.raises(DaemonError):
        browser.call("result", job=told["job"])


def test_the_worker_is_told_the_model_that_is_named_now(
    dashboard: DaemonClient, browser: DaemonClient
) -> None:
    for number, folder in enumerate((FOLDER, "~/models/other")):
        dashboard.call("settings/change", changes={"unlearnable_model": folder})
        told = ended(dashboard, b"photo %d" % number, method="unlearnable", strength="subtle", persona="anna")
        seen = told["report"]["seen"]
        assert (seen["method"], seen["strength"], seen["persona"]) == ("unlearnable", "subtle", "anna")
        assert seen["unlearnable_model"] == folder
    # What was made unlearnable is a protected copy, to be passed on as it is where photos are protected.
    copy = PREFIX + b"photo 0"
    assert ended(browser, copy, site="example.org")["state"] == "unchanged"


@pytest.mark.parametrize("folder", ["models/here", "https://example.org/model", "a\nb", 7, "/" + "x" * 1000])
def test_what_is_no_folder_is_refused(dashboard: DaemonClient, folder: Any) -> None:
    with pytest.raises(DaemonError):
        dashboard.call("settings/change", changes={"unlearnable_model": folder})
