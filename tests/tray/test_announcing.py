"""Notifications are rare, and none that matters is forgotten."""

from __future__ import annotations

import itertools
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from photoveil.tray.announcing import SECONDS_BETWEEN, Announcer
from photoveil.tray.state import TrayState

IDLE = TrayState(protected_total=5)
FULL = "The disk is full"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def watching(first: TrayState = IDLE) -> tuple[Announcer, Clock]:
    clock = Clock()
    announcer = Announcer(clock)
    assert announcer.news(first) is None
    return announcer, clock


def test_the_first_photo_ever() -> None:
    announcer, _ = watching(TrayState(protected_total=0))
    assert announcer.news(TrayState("working", total=1, protected_total=0)) is None
    message = announcer.news(TrayState(protected_total=1))
    assert message is not None
    assert "first photo" in message.title


def test_no_first_photo_where_there_were_some() -> None:
    announcer, _ = watching()
    assert announcer.news(replace(IDLE, protected_total=6)) is None
    announcer, _ = watching(TrayState(protected_total=None))
    assert announcer.news(TrayState(protected_total=9)) is None


def test_trouble_is_told_once_and_again_when_it_comes_back() -> None:
    announcer, clock = watching()
    message = announcer.news(replace(IDLE, notices=(FULL,)))
    assert message is not None
    assert FULL in message.text
    clock.now += SECONDS_BETWEEN
    assert announcer.news(replace(IDLE, notices=(FULL,))) is None
    assert announcer.news(IDLE) is None
    assert announcer.news(replace(IDLE, notices=(FULL,))) is not None


def test_trouble_from_before_the_session_is_not_told_at_every_login() -> None:
    announcer, _ = watching(replace(IDLE, notices=(FULL,)))
    assert announcer.news(replace(IDLE, notices=(FULL,))) is None
    assert announcer.due() is None


def test_trouble_waits_for_its_turn() -> None:
    announcer, clock = watching(TrayState(protected_total=0))
    assert announcer.news(TrayState(protected_total=1)) is not None
    assert announcer.due() is None
    troubled = TrayState(protected_total=1, notices=(FULL,))
    assert announcer.news(troubled) is None
    assert announcer.due() == SECONDS_BETWEEN
    clock.now += SECONDS_BETWEEN
    assert announcer.due() == 0.0
    assert announcer.news(troubled) is not None
    assert announcer.due() is None


def test_trouble_that_is_over_is_not_told_late() -> None:
    announcer, clock = watching(TrayState(protected_total=0))
    announcer.news(TrayState(protected_total=1))
    announcer.news(TrayState(protected_total=1, notices=(FULL,)))
    assert announcer.news(TrayState(protected_total=1)) is None
    assert announcer.due() is None
    clock.now += SECONDS_BETWEEN
    assert announcer.news(TrayState(protected_total=1)) is None


def batch(announcer: Announcer, photos: int) -> object:
    for done in range(0, photos, 7):
        assert announcer.news(TrayState("working", done, photos, protected_total=5)) is None
    return announcer.news(IDLE)


def test_a_long_batch_is_told_when_nobody_watched() -> None:
    announcer, clock = watching()
    assert batch(announcer, 20) is not None
    clock.now += SECONDS_BETWEEN
    assert batch(announcer, 19) is None
    announcer.looked()
    assert batch(announcer, 50) is None
    assert batch(announcer, 50) is not None


def test_the_setting_turns_all_of_it_off() -> None:
    off = TrayState(protected_total=0, notifications=False)
    announcer, _ = watching(off)
    assert announcer.news(replace(off, protected_total=1, notices=(FULL,))) is None
    assert announcer.due() is None
    assert announcer.news(replace(off, protected_total=1, notices=(FULL,), notifications=True)) is None


@given(
    st.lists(
        st.tuples(
            st.integers(0, 300),
            st.builds(
                TrayState,
                state=st.just("idle"),
                total=st.integers(0, 40),
                notices=st.lists(st.sampled_from("abc"), unique=True).map(tuple),
                protected_total=st.integers(0, 3),
                notifications=st.booleans(),
            ),
        ),
        max_size=60,
    )
)
def test_never_more_than_one_in_ten_minutes(steps: list[tuple[int, TrayState]]) -> None:
    clock = Clock()
    announcer = Announcer(clock)
    told = []
    for seconds, state in steps:
        clock.now += seconds
        if announcer.news(state) is not None:
            assert state.notifications
            told.append(clock.now)
    assert all(later - earlier >= SECONDS_BETWEEN for earlier, later in itertools.pairwise(told))
