"""What the programs that build installers have in common: how they fail, and how they say what came out."""

import argparse
import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class BuildError(Exception):
    """Something cannot be built; the message says why and what helps."""


def grammar(description: str) -> argparse.ArgumentParser:
    """A command line that says where to; a builder adds what it alone knows."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where to (default: dist)")
    return parser


def fetching_grammar(description: str) -> argparse.ArgumentParser:
    """The same for installers that bring a pinned uv."""
    parser = grammar(description)
    kept = ROOT / "build" / "installers"
    parser.add_argument("--cache", type=Path, default=kept, help="what is fetched is kept here")
    parser.add_argument("--wheel", type=Path, help="Photoveil's wheel (default: built of this tree)")
    return parser


def report(build: Callable[[], Iterable[Path]]) -> int:
    """Build, and say what came out, or what kept it; the exit code of the program."""
    try:
        made = list(build())
    except (BuildError, subprocess.CalledProcessError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for path in made:
        sys.stdout.write(f"{path}{described(path)}\n")
    return 0


def described(path: Path) -> str:
    """Size and digest of a file; nothing of a folder, like an app."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return f"  {path.stat().st_size} bytes  sha256 {hashlib.file_digest(file, 'sha256').hexdigest()}"
