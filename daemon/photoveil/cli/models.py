"""``photoveil models``."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from photoveil import models
from photoveil.cli.choices import settings_file
from photoveil.cli.output import Exit, note, plural, printable, say, say_json
from photoveil.models import Finding, PullProgress, Source
from photoveil.paths import models_dir
from photoveil.protection import model_sets
from photoveil.protection.model_sets import EncoderEntry, ModelSet

TOKEN_VARIABLE = "PHOTOVEIL_HUB_TOKEN"  # noqa: S105 - its name, not a token
"""For a mirror that wants one; not an option, because other users of a computer can see those."""


def list_models(arguments: argparse.Namespace) -> int:
    """List the model sets."""
    folder = models_dir()
    found = model_sets.model_sets(folder)
    if arguments.json:
        say_json([_as_dict(model_set) for model_set in found])
        return Exit.OK
    for model_set in found:
        say(f"{model_set.name}: {model_set.description}{_state(model_set)}")
        for encoder in model_set.encoders:
            say(_line(encoder))
    say(f"\nfetched sets are kept in {folder}")
    return Exit.OK


def pull(arguments: argparse.Namespace) -> int:
    """Fetch a set."""
    source = _source(arguments)
    bar = _Bar()
    try:
        done = models.pull(arguments.model_set, models_dir(), source=source, progress=bar.show)
    except KeyboardInterrupt:
        bar.clear()
        note("Stopped; what has arrived is kept, and the next `photoveil models pull` goes on there.")
        return Exit.INTERRUPTED
    finally:
        bar.clear()
    return _say_set(done, f"“{done.name}” is installed.", arguments)


def faces(arguments: argparse.Namespace) -> int:
    """Fetch the face detector."""
    place = models.faces.pull(models_dir(), _source(arguments))
    say_json({"file": printable(str(place))}) if arguments.json else say(
        f"Faces are found by {printable(str(place))}."
    )
    return Exit.OK


def _source(arguments: argparse.Namespace) -> Source:
    settings = settings_file(arguments.profile).read()[0]
    return Source(
        endpoint=arguments.endpoint or settings.model_endpoint or None,
        offline=arguments.offline or settings.offline,
        token=os.environ.get(TOKEN_VARIABLE) or None,
    )


def verify(arguments: argparse.Namespace) -> int:
    """Compare sets with their records."""
    folder = models_dir()
    names = [one.name for one in model_sets.model_sets(folder) if one.installed]
    wanted = [arguments.model_set] if arguments.model_set else names
    found = {name: models.verify(name, folder) for name in wanted}
    if arguments.json:
        say_json([{"name": n, "findings": [f.as_dict() for f in each]} for n, each in found.items()])
    else:
        for name, findings in found.items():
            _say_findings(name, findings)
    return Exit.FAILED if any(found.values()) else Exit.OK


def add(arguments: argparse.Namespace) -> int:
    """Take a set from files."""
    done = models.add(arguments.model_set, [Path(path) for path in arguments.paths], models_dir())
    missing = f" Still missing: {', '.join(done.missing)}." if done.missing else ""
    present = plural(len(done.encoders) - len(done.missing), "encoder")
    return _say_set(done, f"“{done.name}” has {present}.{missing}", arguments)


def remove(arguments: argparse.Namespace) -> int:
    """Delete a set."""
    freed = models.remove(arguments.model_set, models_dir())
    if arguments.json:
        say_json({"name": arguments.model_set, "freed_bytes": freed})
    else:
        name = arguments.model_set
        say(
            f"“{name}” is gone; {_size(freed)} are free again."
            if freed
            else f"Nothing of “{name}” was there."
        )
    return Exit.OK


def _say_set(done: ModelSet, text: str, arguments: argparse.Namespace) -> int:
    if arguments.json:
        say_json(_as_dict(done))
    else:
        say(text)
    return Exit.OK


def _say_findings(name: str, findings: list[Finding]) -> None:
    say(f"{name}: {'as recorded' if not findings else plural(len(findings), 'problem')}")
    for finding in findings:
        say(f"  {printable(finding.file)}: {finding.problem}. {finding.reason} {finding.remedy}")


def _state(model_set: ModelSet) -> str:
    if model_set.installed:
        return ""
    if not model_set.from_hub:
        return " (not installed)"
    missing = models.plan(model_set.name, models_dir()).bytes_missing
    return f" (not installed: about {_size(missing)} to fetch)"


def _line(encoder: EncoderEntry) -> str:
    millions, licence = encoder.parameters / 1e6, f"  {encoder.hub.licence}" if encoder.hub else ""
    named = f"  {encoder.name:<18} {encoder.role:<10} {millions:6.1f} M {_size(encoder.bytes):>9}"
    return f"{named}  {encoder.family}{licence}"


def _as_dict(model_set: ModelSet) -> dict[str, Any]:
    return {
        "name": model_set.name,
        "description": model_set.description,
        "installed": model_set.installed,
        "fetched": model_set.from_hub,
        "missing": model_set.missing,
        "encoders": [_encoder_as_dict(encoder) for encoder in model_set.encoders],
    }


def _encoder_as_dict(encoder: EncoderEntry) -> dict[str, Any]:
    names = ("name", "role", "family", "parameters", "bytes", "sha256")
    hub = encoder.hub
    origin = {"repo": hub.repo, "file": hub.file, "licence": hub.licence} if hub else None
    return {name: getattr(encoder, name) for name in names} | {"hub": origin}


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


class _Bar:
    """How far a download is: a bar on a terminal, else one line when a file's turn comes."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._announced = ""

    def show(self, progress: PullProgress) -> None:
        """Show it."""
        if not self._terminal:
            if progress.file != self._announced:
                note(f"{progress.files_done + 1}/{progress.files} {progress.file}")
            self._announced = progress.file
            return
        share = min(1.0, progress.bytes_done / max(1, progress.bytes_total))
        filled = round(share * 20)
        sizes = f"{_size(progress.bytes_done)} of {_size(progress.bytes_total)}"
        line = f"{'█' * filled}{'░' * (20 - filled)} {share:4.0%}  {sizes}  {progress.file}"
        sys.stderr.write(f"\r{line[: shutil.get_terminal_size().columns - 1]}\x1b[K")
        sys.stderr.flush()

    def clear(self) -> None:
        """Take the bar away."""
        if self._terminal:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
