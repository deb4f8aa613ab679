"""pip, run in the environment: it says what is needed, and installs what was fetched."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from photoveil.install.errors import SetupError
from photoveil.install.fetching import Artefact

NEW_ENOUGH = 24
"""From this version on, pip plans by a wheel's metadata alone, without fetching it."""
_POLL_SECONDS = 0.3
_TAIL = 4000
_QUIET = ("--disable-pip-version-check", "--no-input")
# Photoveil's own wheel is on the path of the program that sets up, and must not seem installed to pip; a user's own
# defaults of where to install are for other things.
_DROPPED = ("PYTHONPATH", "PYTHONHOME", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_HASHES")


class Pip:
    """pip of the environment that ``python`` runs."""

    def __init__(self, python: Path) -> None:
        self._python = python
        self._environ = {name: value for name, value in os.environ.items() if name not in _DROPPED}
        self._environ |= {"PYTHONUTF8": "1", "PIP_USER": "0", "PIP_PROGRESS_BAR": "off"}

    def version(self) -> int:
        """Its first number."""
        told = self._run(["--version"])
        found = re.search(r"pip (\d+)", told)
        return int(found[1]) if found else 0

    def plan(self, wanted: Sequence[str], options: Sequence[str] = ()) -> list[Artefact]:
        """Every wheel that is missing for ``wanted``; nothing is fetched or changed.

        Raises:
            SetupError: pip found no way, or no index.
        """
        with tempfile.TemporaryDirectory(prefix="photoveil-plan-") as folder:
            report = Path(folder) / "report.json"
            command = ["install", *_QUIET, "--quiet", "--dry-run", "--report", str(report)]
            self._run([*command, "--only-binary", ":all:", "--retries", "3", *options, *wanted])
            try:
                items = json.loads(report.read_text(encoding="utf-8"))["install"]
                return [_artefact(item) for item in items]
            except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                raise SetupError(
                    "The plan could not be read",
                    f"pip wrote a report that is not understood ({type(error).__name__}).",
                    "Start it again; if it stays so, please report it.",
                ) from error

    def install(
        self, files: Sequence[Path], options: Sequence[str] = (), watch: Callable[[], None] = lambda: None
    ) -> None:
        """Install these files and nothing else; ``watch`` is called now and then meanwhile."""
        paths = [str(file) for file in files]
        self._run(["install", *_QUIET, "--quiet", "--no-index", "--no-deps", *options, *paths], watch)

    def _run(self, arguments: Sequence[str], watch: Callable[[], None] = lambda: None) -> str:
        command = [str(self._python), "-P", "-m", "pip", *arguments]
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT, env=self._environ
            )
            try:
                while process.poll() is None:
                    watch()
                    time.sleep(_POLL_SECONDS)
            finally:
                if process.poll() is None:
                    process.terminate()
                    process.wait()
            said.seek(0)
            told = said.read().decode(errors="replace")
        if process.returncode != 0:
            raise _failure(told)
        return told


def _artefact(item: dict[str, dict[str, object]]) -> Artefact:
    metadata, source = item["metadata"], item["download_info"]
    archive = source.get("archive_info")
    hashes = archive.get("hashes") if isinstance(archive, dict) else None
    sha256 = str(hashes.get("sha256", "")) if isinstance(hashes, dict) else ""
    return Artefact(str(metadata["name"]), str(metadata["version"]), str(source["url"]), sha256)


def _failure(told: str) -> SetupError:
    errors = [line.removeprefix("ERROR: ") for line in told.splitlines() if line.startswith("ERROR:")]
    reason = (errors[-1] if errors else told[-_TAIL:].strip().split("\n")[-1]) or "it said nothing"
    lower = told.lower()
    if "no space left" in lower:
        return SetupError("The disk is full", reason, "Make room and start it again: it goes on from here.")
    if "newconnectionerror" in lower or "name resolution" in lower or "timed out" in lower:
        return SetupError(
            "The package index cannot be reached",
            reason,
            "Check the network and start it again, or use --wheels with a folder that was filled elsewhere.",
        )
    return SetupError(
        "The environment could not be set up",
        f"pip said: {reason}",
        "Start it again; if it stays so, try --again, which starts from nothing.",
    )
