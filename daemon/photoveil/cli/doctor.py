"""``photoveil doctor``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from photoveil import __version__
from photoveil.cli.output import Exit, note, plural, printable, say, say_json
from photoveil.doctor import CHECKS, Check, Finding, Patient, Result, State, Weight, examine
from photoveil.doctor import report as reports
from photoveil.errors import PhotoveilError

_MARKS = {State.GOOD: "✓", State.ADVICE: "!", State.PROBLEM: "✗", State.SKIPPED: "·"}
_PLAIN = {State.GOOD: "ok", State.ADVICE: "!!", State.PROBLEM: "XX", State.SKIPPED: "--"}
_NAMES = {Weight.PROBLEM: "Problem", Weight.ADVICE: "Advice", Weight.NOTE: "Note"}


def doctor(arguments: argparse.Namespace) -> int:
    """Look, mend, tell and report, in this order."""
    chosen = _chosen(arguments.only)
    report = reports.place(arguments.report) if arguments.report else None
    with _Waiting() as waiting:
        results = examine(Patient(arguments.profile), chosen, waiting.show)
    mended: list[dict[str, Any]] = []
    if arguments.fix:
        mended, results = _mend(results, arguments.profile)
    written = None
    if report is not None:
        written = str(reports.write(report, Patient(arguments.profile), results))
    if arguments.json:
        _say_json(results, mended, written)
    else:
        _say(results, mended, written, profile=arguments.profile)
    return Exit.FAILED if any(result.state is State.PROBLEM for result in results) else Exit.OK


def _chosen(names: Sequence[str]) -> Sequence[Check]:
    known = {check.name: check for check in CHECKS}
    for name in names:
        if name not in known:
            from photoveil.cli.inputs import UsageError

            raise UsageError("No such check", f"Nobody knows “{name}”.", f"There are: {', '.join(known)}.")
    return [check for check in CHECKS if check.name in names] if names else CHECKS


def _mend(results: list[Result], profile: str) -> tuple[list[dict[str, Any]], list[Result]]:
    """Mend what can be mended, and look again; answers what was done and what is left."""
    done = [
        {"check": result.check.name, "code": finding.code, "title": finding.title, **_mended(finding)}
        for result in results
        for finding in result.findings
        if finding.mend is not None
    ]
    if not done:
        return [], results
    # One thing mended may be what another check waited for.
    again = examine(Patient(profile), [result.check for result in results if result.state is not State.GOOD])
    fresh = {result.check.name: result for result in again}
    return done, [fresh.get(result.check.name, result) for result in results]


def _mended(finding: Finding) -> dict[str, Any]:
    if finding.mend is None:
        raise ValueError("nothing to call")
    try:
        return {"mended": True, "told": finding.mend()}
    except PhotoveilError as error:
        return {"mended": False, "told": f"{error.reason} {error.remedy}"}
    except OSError as error:
        return {"mended": False, "told": f"The system says: {error.strerror or type(error).__name__}."}


def _say_json(results: list[Result], mended: list[dict[str, Any]], report: str | None) -> None:
    counts = {str(weight): _count(results, weight) for weight in Weight}
    say_json(
        {
            "version": __version__,
            "healthy": counts["problem"] == 0,
            "counts": counts,
            "checks": [result.as_dict() for result in results],
            "mended": mended,
            "report": report,
        }
    )


def _say(results: list[Result], mended: list[dict[str, Any]], report: str | None, *, profile: str) -> None:
    marks = _MARKS if _can_show("".join(_MARKS.values())) else _PLAIN
    for result in results:
        beside = f"  (not checked: {result.skipped})" if result.skipped else ""
        say(f"{marks[result.state]} {result.check.title}{beside}")
    for one in mended:
        say(
            f"\n{'Mended' if one['mended'] else 'Not mended'}: {printable(one['title'])}\n  {printable(one['told'])}"
        )
    for weight in Weight:
        for finding in (
            finding for result in results for finding in result.findings if finding.weight is weight
        ):
            say(f"\n{_NAMES[weight]}: {printable(finding.title)}.")
            say(f"  {printable(finding.reason)}")
            say(f"  → {printable(finding.remedy)}" if marks is _MARKS else f"  > {printable(finding.remedy)}")
    say(f"\n{_summary(results, profile)}")
    if report:
        say(
            f"\nThe report is {printable(report)}. It names no photos, people or folders; look before you send it."
        )


def _summary(results: list[Result], profile: str) -> str:
    problems, advice = _count(results, Weight.PROBLEM), _count(results, Weight.ADVICE)
    if not problems and not advice:
        return "Photoveil is in good health."
    parts = [plural(problems, "problem")] if problems else ["No problem"]
    if advice:
        parts.append(f"{advice} {'piece' if advice == 1 else 'pieces'} of advice")
    can = sum(finding.mend is not None for result in results for finding in result.findings)
    option = "" if profile == "default" else f" --profile {profile}"
    more = f" `photoveil doctor{option} --fix` can mend {can} of these." if can else ""
    return f"{', '.join(parts)}.{more}"


def _count(results: list[Result], weight: Weight) -> int:
    return sum(finding.weight is weight for result in results for finding in result.findings)


def _can_show(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


class _Waiting:
    """On a terminal, a line that says which check is being made."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()

    def __enter__(self) -> _Waiting:
        if not self._terminal:
            return self
        note("Looking; nobody is contacted.")
        return self

    def show(self, check: Check) -> None:
        """This one is next."""
        if self._terminal:
            sys.stderr.write(f"\r  {check.title} …\x1b[K")
            sys.stderr.flush()

    def __exit__(self, *_: object) -> None:
        if self._terminal:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
