"""``photoveil archive``: whole libraries, on this machine's processes or on a Ray cluster; needs no daemon."""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from photoveil import settings
from photoveil.archive.manifest import Manifest
from photoveil.archive.placing import check_apart
from photoveil.archive.recipe import Recipe
from photoveil.archive.running import Archive, Order, Outcome
from photoveil.cli import choices
from photoveil.cli.inputs import FileError, UsageError, known_choice, persona_name
from photoveil.cli.output import Exit, megabytes, note, plural, printable, say, say_json, show_error
from photoveil.methods import ASSISTANT, UNLEARNABLE
from photoveil.paths import Paths, models_dir
from photoveil.protection import catalogue

_MOST_LISTED = 20
_LINE_SECONDS = 10.0
"""Without a terminal, progress is told this often."""


def archive(arguments: argparse.Namespace) -> int:
    """Protect a library."""
    order = _order(arguments)
    reports = _new_file(arguments.reports)
    work = Archive(order, Progress())
    with _stoppable(work.stop):
        outcome = work.run()
    if reports is not None and not order.dry_run:
        _write_reports(order, reports)
    if outcome.ended is not None:
        show_error(outcome.ended)
    if arguments.json:
        say_json(_as_dict(order, outcome))
    else:
        _say(order, outcome)
    if outcome.protected:
        choices.note_starter(order.recipe.model_set)
    if outcome.interrupted:
        return Exit.INTERRUPTED
    return Exit.FAILED if outcome.failed or outcome.ended else Exit.OK


def _method(name: str) -> str:
    """The method, if whole libraries can be protected by it."""
    if name == ASSISTANT:
        raise UsageError(
            "Libraries are not made for AI assistants",
            "What is hidden for an assistant should be looked at, photo by photo.",
            "Use `photoveil assist` for the photos that you want to show to one.",
        )
    if name == UNLEARNABLE:
        raise UsageError(
            "Libraries cannot be made unlearnable yet",
            "The words that belong to each photo would have to be pasted one by one.",
            "Use `photoveil protect --method unlearnable` for single photos.",
        )
    return known_choice("method", name)


def _order(arguments: argparse.Namespace) -> Order:
    paths = Paths.of(arguments.profile)
    paths.prepare()
    chosen, _unknown = settings.load(paths.settings_file)
    source, out = Path(arguments.source).expanduser(), Path(arguments.output).expanduser()
    if not source.is_dir():
        raise UsageError("There is no such library", f"{source} is no folder.", "Check the path.")
    if out.exists() and not out.is_dir():
        raise UsageError("The copies cannot go there", f"{out} is no folder.", "Choose another.")
    check_apart(source.absolute(), out.absolute())
    persona = persona_name(arguments.persona or chosen.persona)
    strength = arguments.strength or chosen.card(persona).strength or chosen.strength
    recipe = Recipe(
        persona=persona,
        method=_method(arguments.method or settings.DEFAULT_METHOD),
        strength=known_choice("strength", strength),
        model_set=choices.model_set(paths, chosen, arguments.model_set),
        metadata=known_choice("metadata", arguments.metadata or chosen.metadata),
    )
    return Order(
        source=source.resolve(),
        out=out.resolve(),
        recipe=recipe,
        models=catalogue.model_set(recipe.model_set, models_dir()),
        personas=paths.personas,
        processes=arguments.processes,
        device=chosen.device,
        ray=arguments.ray,
        dry_run=arguments.dry_run,
    )


def _new_file(name: str | None) -> Path | None:
    if name is None:
        return None
    path = Path(name).expanduser()
    if path.exists() or not path.parent.is_dir():
        raise UsageError(
            "The reports cannot be written there",
            f"{path} exists, or its folder does not.",
            "Choose another name for --reports; nothing is ever overwritten.",
        )
    return path


def _write_reports(order: Order, path: Path) -> None:
    try:
        with Manifest(order.out, look_only=True) as manifest, path.open("x", encoding="utf-8") as file:
            for row, report in manifest.reports():
                told = {"file": printable(row.name), "output": row.target, **report}
                file.write(json.dumps(told, ensure_ascii=False) + "\n")
    except OSError as error:
        raise FileError(
            "The reports cannot be written",
            f"{error.strerror}: {path}.",
            "Run it again with another --reports.",
        ) from error


@contextlib.contextmanager
def _stoppable(stop: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C, or the system asking us to end, finishes what is in hand; a second time ends at once."""
    asked: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        stop()
        note("\nFinishing the photos in hand; Ctrl-C once more ends at once, and loses nothing but these.")

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Progress:
    """Tells how far a run is: on one line of a terminal, else with a line now and then."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._last = -1.0 if self._terminal else time.monotonic()

    def looking(self, files: int) -> None:
        """So many files have been looked at."""
        self._tell(f"looking at the library: {plural(files, 'file')}", last=False)

    def learning(self, persona: str) -> None:
        """The persona is being learnt."""
        self._tell(f"getting to know {printable(persona)}", last=True)

    def working(self, done: int, total: int, seconds: float) -> None:
        """So many of the photos to do are done."""
        rate = done / seconds if seconds else 0.0
        left = f", {_duration((total - done) / rate)} left" if rate and done < total else ""
        self._tell(f"{done}/{total} photos, {rate:.2f} a second{left}", last=done == total)

    def standing(self, words: str) -> None:
        """What the Ray cluster is, or what it makes the run wait for."""
        self._tell(f"Ray cluster: {printable(words)}", last=True)

    def _tell(self, text: str, *, last: bool) -> None:
        now = time.monotonic()
        if now - self._last < (0.1 if self._terminal else _LINE_SECONDS) and not last:
            return
        self._last = now
        if not self._terminal:
            note(text)
            return
        sys.stderr.write(f"\r{text[: shutil.get_terminal_size().columns - 1]}\x1b[K" + ("\n" if last else ""))
        sys.stderr.flush()


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _say(order: Order, told: Outcome) -> None:
    say(f"{plural(told.photos, 'photo')}, {megabytes(told.bytes)} in {printable(str(order.source))}")
    if order.dry_run:
        _say_plan(order, told)
    else:
        _say_done(told)
    for text in _passed(told):
        say(f"  {text}")
    _say_list("passed on without a copy", told.unchanged)
    _say_list("without a copy; they are tried again next time", told.failed)
    if told.interrupted:
        note("Interrupted. The same command goes on where this one was.")


def _say_plan(order: Order, told: Outcome) -> None:
    say(f"  {told.already} are done; {told.to_do} to do, about {megabytes(told.to_do_bytes)}")
    say(f"  {megabytes(told.free_bytes)} are free in {printable(str(order.out))}")
    if told.learns:
        say(f"  “{printable(order.recipe.persona)}” is learnt first, from a sample spread over the library")


def _say_done(told: Outcome) -> None:
    speed = f" in {_duration(told.seconds)}" if told.protected else ""
    say(f"  {told.protected} protected{speed}, {told.already} were there already")
    if told.copied:
        say(f"  {told.copied} more copies of photos that the library holds several times")
    if told.renamed:
        say(f"  copies with another name than their photo's: {told.renamed}")


def _passed(told: Outcome) -> Iterator[str]:
    passed = told.passed
    counts = (
        (passed.others, "files that are no photos"),
        (passed.raws, "camera raw files, which are not read"),
        (passed.links, "links, which are not followed"),
        (passed.hidden, "hidden or half-written files and folders"),
        (passed.copies, "folders with protected copies"),
        (told.own, "photos that are copies made by an earlier run"),
    )
    for count, what in counts:
        if count:
            yield f"passed over: {count} {what}"
    if told.orphans:
        yield f"copies of photos that are not in the library any more, left where they are: {told.orphans}"


def _say_list(what: str, entries: list[tuple[str, Any]]) -> None:
    if entries:
        say(f"{len(entries)} {what}:")
    for name, error in entries[:_MOST_LISTED]:
        say(
            f"  {printable(name)}: {printable(error.title)}.\n    {printable(error.reason)} {printable(error.remedy)}"
        )
    if len(entries) > _MOST_LISTED:
        say(f"  … and {len(entries) - _MOST_LISTED} more; --json lists all.")


def _as_dict(order: Order, told: Outcome) -> dict[str, Any]:
    passed = told.passed
    counts = (
        "photos",
        "bytes",
        "already",
        "protected",
        "copied",
        "to_do",
        "to_do_bytes",
        "free_bytes",
        "renamed",
        "orphans",
    )
    return {
        "source": printable(str(order.source)),
        "output": printable(str(order.out)),
        "persona": order.recipe.persona,
        "strength": order.recipe.strength,
        "model_set": order.recipe.model_set,
        "dry_run": order.dry_run,
        **{name: getattr(told, name) for name in counts},
        "seconds": round(told.seconds, 3),
        "interrupted": told.interrupted,
        "passed_over": {
            "no_photos": passed.others,
            "raws": passed.raws,
            "links": passed.links,
            "hidden": passed.hidden,
            "output_folders": passed.copies,
            "own_copies": told.own,
        },
        "unchanged": _entries(told.unchanged),
        "failed": _entries(told.failed),
        "ended": told.ended.as_dict() if told.ended else None,
    }


def _entries(found: list[tuple[str, Any]]) -> list[dict[str, Any]]:
    return [{"file": printable(name), "error": error.as_dict()} for name, error in found]
