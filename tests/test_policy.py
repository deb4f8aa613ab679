"""When background work waits: with real supplies, a real process tree, and a clock of the test's own."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photoveil.policy import Policy, Sensors, Usage, usage
from photoveil.settings import Settings

CORES = 4


@dataclass
class Machine:
    """A computer whose load and battery the test decides; its clock, too."""

    now: float = 1000.0
    empty: bool = False
    loaded: bool = False
    asked: int = 0
    used: Usage = field(default_factory=lambda: Usage(0, 0, 0))

    def clock(self) -> float:
        return self.now

    def measure(self) -> Usage:
        self.asked += 1
        return self.used

    def on_battery(self) -> bool:
        self.asked += 1
        return self.empty

    def busy(self) -> bool:
        self.asked += 1
        return self.loaded

    def run(self, seconds: float, *, others: float, own: float = 0.0) -> None:
        """Let time pass in which others and we used these shares of all cores."""
        self.now += seconds
        passed = seconds * CORES
        self.used = Usage(
            self.used.passed + passed, self.used.used + passed * (others + own), self.used.own + passed * own
        )


@dataclass
class Choices:
    current: Settings = field(default_factory=Settings)


@dataclass
class Paused:
    paused: bool = False

    def state(self) -> tuple[bool, datetime | None]:
        return self.paused, datetime(2026, 1, 1, tzinfo=UTC) if self.paused else None


def test_the_reasons_to_wait_in_their_order() -> None:
    machine, choices, pause = Machine(empty=True, loaded=True), Choices(), Paused(True)
    policy = Policy(choices, pause, machine, clock=machine.clock)
    assert policy.gate() == "paused"
    pause.paused = False
    assert policy.gate() == "battery"
    choices.current = replace(Settings(), on_battery="work")
    assert policy.gate() == "busy"
    choices.current = replace(choices.current, when_busy="work")
    assert policy.gate() is None


def test_the_machine_is_asked_every_few_seconds_only() -> None:
    machine = Machine()
    policy = Policy(Choices(), Paused(), machine, clock=machine.clock)
    for _ in range(100):
        assert policy.gate() is None
    assert machine.asked == 2
    machine.empty = True
    machine.now += 4.9
    assert policy.gate() is None
    machine.now += 0.1
    assert policy.gate() == "battery"


def test_what_the_user_does_not_care_about_is_not_asked() -> None:
    machine = Machine()
    choices = Choices(replace(Settings(), on_battery="work", when_busy="work"))
    assert Policy(choices, Paused(), machine, clock=machine.clock).gate() is None
    assert machine.asked == 0


def sensors(machine: Machine) -> Sensors:
    found = Sensors(measure=machine.measure, clock=machine.clock)
    assert not found.busy()
    return found


def test_busy_is_what_others_use_over_seconds() -> None:
    machine = Machine()
    found = sensors(machine)
    machine.run(1, others=1.0)
    assert not found.busy()
    machine.run(4, others=0.9)
    assert found.busy()
    machine.run(1, others=0.0)
    assert found.busy()
    machine.run(4, others=0.0)
    assert not found.busy()


def test_our_own_work_does_not_make_us_wait() -> None:
    machine = Machine()
    found = sensors(machine)
    machine.run(5, others=0.1, own=0.9)
    assert not found.busy()


def test_a_load_between_the_limits_changes_nothing() -> None:
    machine = Machine()
    found = sensors(machine)
    machine.run(5, others=0.5)
    assert not found.busy()
    machine.run(5, others=0.7)
    assert found.busy()
    machine.run(5, others=0.5)
    assert found.busy()
    machine.run(5, others=0.3)
    assert not found.busy()


@given(st.lists(st.tuples(st.floats(0, 20), st.floats(0, 0.6), st.floats(0, 0.4)), max_size=20))
def test_others_that_leave_a_good_part_free_never_make_us_wait(
    loads: list[tuple[float, float, float]],
) -> None:
    machine = Machine()
    found = sensors(machine)
    for seconds, others, own in loads:
        machine.run(seconds, others=others - 1e-6, own=own)
        assert not found.busy()


def test_a_machine_that_does_not_tell_never_waits(tmp_path: Path) -> None:
    def measure() -> Usage:
        raise PermissionError

    found = Sensors(measure=measure, power=tmp_path / "none")
    assert not found.busy()
    assert not found.on_battery()


def test_the_work_of_our_children_is_ours() -> None:
    before = usage()
    burn = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", burn], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        alive = usage()
        child.communicate("\n")
    ended = usage()
    assert alive.own - before.own >= 0.25
    assert ended.own >= alive.own - 0.02
    # Of a machine that is all busy both are the same, but for a few ticks of waiting that Linux takes back.
    assert alive.used - before.used <= alive.passed - before.passed + 0.1
    assert usage().passed >= ended.passed


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere psutil knows")
@pytest.mark.parametrize(
    ("supplies", "on_battery"),
    [
        ({}, False),
        ({"BAT0": {"type": "Battery", "status": "Discharging"}}, True),
        ({"BAT0": {"type": "Battery", "status": "Charging"}}, False),
        (
            {"AC": {"type": "Mains", "online": "1"}, "BAT0": {"type": "Battery", "status": "Discharging"}},
            False,
        ),
        (
            {"AC": {"type": "Mains", "online": "0"}, "BAT0": {"type": "Battery", "status": "Discharging"}},
            True,
        ),
        ({"hid": {"type": "Battery", "scope": "Device", "status": "Discharging"}}, False),
        (
            {"usb": {"type": "USB", "online": "1"}, "BAT0": {"type": "Battery", "status": "Discharging"}},
            False,
        ),
        ({"ups": {"type": "UPS", "status": "Discharging"}}, True),
    ],
)
def test_batteries_as_linux_tells_of_them(
    tmp_path: Path, supplies: dict[str, dict[str, str]], on_battery: bool
) -> None:
    for name, facts in supplies.items():
        (tmp_path / name).mkdir()
        for fact, value in facts.items():
            (tmp_path / name / fact).write_text(f"{value}\n")
    assert Sensors(power=tmp_path).on_battery() is on_battery


def test_the_real_machine_can_be_asked() -> None:
    policy = Policy(Choices(), Paused())
    assert policy.gate() in (None, "battery")
