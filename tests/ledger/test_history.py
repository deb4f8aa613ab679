from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from photoveil.ledger.history import CursorError, History
from photoveil.ledger.jobs import JobRow, State
from photoveil.ledger.photos import Key
from photoveil.ledger.rows import COLUMNS
from tests.ledger.desk import TASK, Desk, Heard, busy, sha, steps_of, until

FINISHED = ["done", "failed", "cancelled", "unchanged"]


@pytest.fixture
def history(desk: Desk) -> History:
    return History(desk.photos, desk.jobs, desk.previews, desk.hub)


async def pages(history: History, limit: int, states: list[str] | None = None) -> list[JobRow]:
    found: list[JobRow] = []
    while page := await history.page(before=found[-1].cursor if found else None, limit=limit, states=states):
        assert len(page) <= limit
        found += page
    return found


async def fill(
    desk: Desk, count: int, state: str = "done", days: float = 0, folder: str | None = None
) -> None:
    moment = datetime.now(UTC) - timedelta(days=days)

    def write(connection: object) -> None:
        values = [
            (
                *(f"{state}{days}{n:06}", "upload", "c", folder, "x.jpg", f"o{n}", *vars(TASK).values()),
                *(None, None, state, None, "why", None, 0, 0, ""),
                *((moment + timedelta(milliseconds=n)).isoformat(timespec="milliseconds"), f"p{n}", None),
            )
            for n in range(count)
        ]
        connection.executemany(  # type: ignore[attr-defined]
            f"INSERT INTO jobs ({COLUMNS}) VALUES ({', '.join('?' * 23)})",  # noqa: S608
            values,
        )

    await desk.database.run(write)


async def test_every_job_is_on_one_page_newest_first(desk: Desk, history: History) -> None:
    desk.reason = "paused"
    ids = await desk.drop(*((b"%d" % n, f"{n}.jpg") for n in range(23)))
    assert [row.job for row in await pages(history, 5)] == ids[::-1]
    assert [row.job for row in await history.page(limit=1000)] == ids[::-1]


async def test_what_is_finished_comes_in_the_order_of_its_end(desk: Desk, history: History) -> None:
    desk.reason = "paused"
    desk.go.set()
    await desk.drop((b"old", "old.jpg"))
    for number in range(7):
        await until(await desk.send(b"%d" % number, f"{number}.jpg"), State.DONE)
    desk.reason = None
    await desk.pass_time(0)
    await desk.settled((await history.page(limit=200))[-1].job, State.DONE)
    names = [row.name for row in await pages(history, 3, FINISHED)]
    assert names == ["old.jpg", *(f"{n}.jpg" for n in range(6, -1, -1))]


async def test_pages_stay_right_while_more_comes(desk: Desk, history: History) -> None:
    desk.reason = "paused"
    ids = await desk.drop(*((b"%d" % n, f"{n}.jpg") for n in range(10)))
    first = await history.page(limit=4)
    await desk.drop(*((b"more %d" % n, f"more {n}.jpg") for n in range(3)))
    second = await history.page(limit=10, before=first[-1].cursor)
    assert [row.job for row in first + second] == ids[::-1]


async def test_filters(desk: Desk, history: History) -> None:
    desk.go.set()
    bad = await desk.send(b"bad", client="d")
    await until(bad, State.FAILED)
    (filed,) = await desk.drop((b"one", "1.jpg"), folder="g")
    await desk.settled(filed, State.DONE)
    assert [row.job for row in await history.page(states=["failed"])] == [bad.id]
    assert [row.job for row in await history.page(folder="g")] == [filed]
    assert [row.job for row in await history.page(client="d")] == [bad.id]
    assert await history.page(states=["failed"], folder="g") == []
    assert await history.page(states=[]) == []


async def test_a_row_tells_what_was_made(desk: Desk, history: History) -> None:
    desk.go.set()
    job = await desk.send(b"photo")
    await until(job, State.DONE)
    row = await history.find(job.id)
    assert row is not None
    assert row.made == job.work.delivered
    assert (row.key, row.progress) == (Key(sha(b"photo"), TASK), 1.0)
    assert await history.find("nobody") is None


async def test_a_row_tells_how_far_it_is(desk: Desk, history: History) -> None:
    job = await desk.send(b"photo")
    await busy(job)
    (row,) = await history.page()
    assert (row.stage, row.progress) == ("protect", job.work.progress)


@pytest.mark.parametrize("before", ["", "x", "zz.1", "1", "-.", "1é"])
async def test_a_cursor_that_is_none_is_told(history: History, before: str) -> None:
    with pytest.raises(CursorError):
        await history.page(before=before)


async def test_counts(desk: Desk, history: History) -> None:
    desk.go.set()
    await fill(desk, 5, days=1.5)
    await until(await desk.send(b"photo"), State.DONE)
    await until(await desk.send(b"bad"), State.FAILED)
    assert await history.counts() == {"protected_total": 1, "protected_today": 1, "failed_today": 1}


async def test_clearing_forgets_what_is_finished_but_not_what_was_protected(
    desk: Desk, history: History
) -> None:
    await fill(desk, 5, days=91)
    await fill(desk, 3, days=89)
    desk.go.set()
    done = await desk.send(b"photo")
    await until(done, State.DONE)
    desk.reason = "paused"
    (waiting,) = await desk.drop((b"1", "1.jpg"))
    heard = Heard(desk.hub)
    assert await history.clear(90) == 5
    assert await history.clear() == 4
    assert "photo" in {event.kind for event in await heard.all()}
    assert [row.job for row in await history.page()] == [waiting]
    assert not desk.previews.has(done.id)
    assert await desk.photos.is_protected_copy(sha(b"copy of photo"))
    assert await history.clear() == 0


async def test_a_page_of_a_long_history_takes_no_longer(desk: Desk, history: History) -> None:
    """Than one of a short history: all that is looked at is the page."""
    await fill(desk, 50_000)
    page: list[JobRow] = []

    async def leaf() -> None:
        nonlocal page
        page = await history.page(states=["done", "failed"], before=page[-1].cursor if page else None)

    ended = [await steps_of(desk.database, leaf()) for _ in range(10)]
    assert len(page) == 50
    all_kinds = await steps_of(desk.database, history.page())
    assert max(*ended, all_kinds) < 20_000, "to look at every row takes half a million"
