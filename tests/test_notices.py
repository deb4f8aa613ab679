from __future__ import annotations

from datetime import datetime

from photoveil.errors import PhotoveilError
from photoveil.hub import Hub
from photoveil.notices import Notices
from tests.ledger.desk import Heard


def error(reason: str = "Because.") -> PhotoveilError:
    return PhotoveilError("It did not work", reason, "Try again.")


async def test_a_notice_stays_until_it_is_cleared() -> None:
    notices = Notices(Hub())
    notices.set("disk", error())
    (notice,) = notices.all()
    assert notice.as_dict() | {"since": ""} == {"key": "disk", **error().as_dict(), "since": ""}
    assert datetime.fromisoformat(notice.since).tzinfo is not None
    notices.clear("disk")
    assert notices.all() == []


async def test_the_same_key_replaces() -> None:
    notices = Notices(Hub())
    notices.set("disk", error("One."))
    notices.set("disk", error("Two."))
    assert [notice.reason for notice in notices.all()] == ["Two."]


async def test_a_key_with_a_slash_clears_all_below_it() -> None:
    notices = Notices(Hub())
    for key in ("folder/a", "folder/b", "folders", "disk"):
        notices.set(key, error())
    notices.clear("folder/")
    assert [notice.key for notice in notices.all()] == ["folders", "disk"]
    notices.clear("folder")
    assert len(notices.all()) == 2


async def test_only_changes_are_published() -> None:
    hub = Hub()
    heard = Heard(hub)
    notices = Notices(hub)
    notices.set("disk", error())
    notices.set("disk", error())
    notices.clear("vault")
    notices.clear("disk")
    assert [event.kind for event in await heard.all()] == ["notices", "notices"]
