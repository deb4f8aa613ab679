"""SHA256SUMS: what `sha256sum --check SHA256SUMS` wants, for every file of a release."""

import hashlib
from pathlib import Path

NAME = "SHA256SUMS"


def digest(path: Path) -> str:
    """SHA-256 of a file, read in pieces: installers may be large."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write(folder: Path, files: list[Path]) -> Path:
    """The sums of `files`, which lie in `folder`, sorted by name; written whole or not at all."""
    lines = [f"{digest(path)}  {path.name}\n" for path in sorted(files, key=lambda path: path.name.encode())]
    unfinished = folder / f"{NAME}.part"
    unfinished.write_text("".join(lines), encoding="utf-8")
    return unfinished.replace(folder / NAME)
