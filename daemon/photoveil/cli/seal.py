"""``photoveil seal``, ``unseal`` and ``seal-keys``: they need neither the daemon nor torch."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from photoveil.cli.inputs import FileError, UsageError
from photoveil.cli.output import Exit, moment, note, printable, say, say_json, show_error
from photoveil.errors import PhotoveilError
from photoveil.paths import Paths

if TYPE_CHECKING:
    from photoveil.photos import MetadataPolicy, Photo
    from photoveil.seal import Box, KeyRing, Mark, SealKey, Unsealed

T = TypeVar("T")
_PLAIN_DB = 22.0
_MOST_BYTES = 100 << 20
_MOST_KEY_TEXT = 8192
_CAUTION = (
    "Whoever has this code sees the photos that you seal for it without their mark. Pass it on in private."
)


def seal(arguments: argparse.Namespace) -> int:
    """Write sealed copies of the given photos."""
    from photoveil import settings
    from photoveil.photos import MetadataPolicy
    from photoveil.seal import Mark, Position, Size, Tone

    folder = _folder(arguments.output)
    mark = Mark(
        text=arguments.text,
        logo=_bytes(Path(arguments.logo)) if arguments.logo else None,
        position=Position(arguments.position),
        tiling=arguments.tiling,
        size=Size(arguments.size),
        tone=Tone(arguments.tone),
    )
    keys = _on_ring(arguments.profile, lambda ring: _keys_for(ring, arguments.recipients))
    chosen, _unknown = settings.load(Paths.of(arguments.profile).settings_file)
    metadata = MetadataPolicy(chosen.metadata)
    return _each(arguments, lambda file: _sealed(file, folder, mark, keys, metadata))


def unseal(arguments: argparse.Namespace) -> int:
    """Write clean copies of the given photos."""
    folder = _folder(arguments.output)
    keys = _on_ring(arguments.profile, lambda ring: ring.keys())
    return _each(arguments, lambda file: _unsealed(file, folder, keys, as_png=arguments.png))


def list_keys(arguments: argparse.Namespace) -> int:
    """List the keys."""
    found = _on_ring(arguments.profile, lambda ring: ring.names())
    if arguments.json:
        say_json([_told(key) for key in found])
        return Exit.OK
    if not found:
        say("There are no keys yet: yours is made when you first seal a photo.")
    for key in found:
        words = [moment(key.created)]
        words += ["from someone else"] if key.shared else []
        words += ["revoked: no new photo is sealed for it"] if key.revoked else []
        say(f"{printable(key.name)}  ({', '.join(words)})")
    return Exit.OK


def create_key(arguments: argparse.Namespace) -> int:
    """Make a key."""
    key = _on_ring(arguments.profile, lambda ring: ring.create(arguments.name))
    if arguments.json:
        say_json(_told(key))
    else:
        say(f"There is a key for “{printable(key.name)}”. Pass it on: photoveil seal-keys share {key.name}")
    return Exit.OK


def share_key(arguments: argparse.Namespace) -> int:
    """Show a key, or write it into a file."""
    from photoveil.seal import codes

    key = _on_ring(arguments.profile, lambda ring: ring.get(arguments.name))
    note(_CAUTION)
    if not arguments.file:
        say(codes.code(key))
        return Exit.OK
    from photoveil.keys import write_private

    path = Path(arguments.file)
    try:
        write_private(path, codes.file_text(key), new=True)
    except FileExistsError as error:
        raise UsageError(
            "There is such a file already", "Nothing is ever overwritten.", "Choose another name for --file."
        ) from error
    except OSError as error:
        raise FileError(
            "The key cannot be written", f"{error.strerror}.", "Choose another folder."
        ) from error
    say(printable(str(path)))
    return Exit.OK


def import_key(arguments: argparse.Namespace) -> int:
    """Add a key that someone shared; a code never comes as an argument, which other users could see."""
    if arguments.file:
        text = _bytes(Path(arguments.file), _MOST_KEY_TEXT).decode(errors="replace")
    elif sys.stdin.isatty():
        from getpass import getpass

        text = getpass("The key's code (it is not shown): ")
    else:
        text = sys.stdin.read(_MOST_KEY_TEXT)
    key = _on_ring(arguments.profile, lambda ring: ring.take(text, arguments.name))
    if arguments.json:
        say_json(_told(key))
    elif key.name == arguments.name:
        say(f"Photos that were sealed for this key open now; it is called “{printable(key.name)}”.")
    else:
        say(f"You have this key already: it is called “{printable(key.name)}”.")
    return Exit.OK


def revoke_key(arguments: argparse.Namespace) -> int:
    """Seal no new photos for a key."""
    _on_ring(arguments.profile, lambda ring: ring.revoke(arguments.name))
    say(f"No new photo is sealed for “{printable(arguments.name)}”. Photos sealed before still open with it.")
    return Exit.OK


def forget_key(arguments: argparse.Namespace) -> int:
    """Delete a key, after asking."""
    if not arguments.yes:
        if not sys.stdin.isatty():
            note(
                "There is no terminal to ask on. Run this in a terminal, or use --yes to delete without asking."
            )
            return Exit.USAGE
        note("Photos that were sealed for this key alone cannot be opened without it.")
        if input(f"Delete the key “{printable(arguments.name)}”? [y/N] ").strip().lower() not in ("y", "yes"):
            note("Nothing was deleted.")
            return Exit.FAILED
    _on_ring(arguments.profile, lambda ring: ring.forget(arguments.name))
    say(f"The key “{printable(arguments.name)}” is gone.")
    return Exit.OK


async def _keys_for(ring: KeyRing, names: Sequence[str]) -> list[SealKey]:
    return [await ring.mine(), *[await ring.get(name) for name in dict.fromkeys(names)]]


def _each(arguments: argparse.Namespace, work: Callable[[Path], dict[str, Any]]) -> int:
    """Work on every file; one's trouble is not that of the others."""
    entries: list[dict[str, Any]] = []
    for name in arguments.files:
        try:
            entries.append({"file": name, **work(Path(name))})
        except PhotoveilError as error:
            entries.append({"file": name, "error": error.as_dict()})
            show_error(error, about=name)
            continue
        if not arguments.json:
            say(f"{printable(name)} → {printable(entries[-1]['output'])}  ({entries[-1]['told']})")
        for line in entries[-1]["notes"]:
            note(f"  {line}")
    if arguments.json:
        say_json(entries[0] if len(entries) == 1 else entries)
    return Exit.FAILED if any("error" in entry for entry in entries) else Exit.OK


def _sealed(
    file: Path, folder: Path, mark: Mark, keys: Sequence[SealKey], metadata: MetadataPolicy
) -> dict[str, Any]:
    from photoveil.photos import decode
    from photoveil.seal import wraps
    from photoveil.seal.copies import sealed_copy

    copy = sealed_copy(decode(_bytes(file), name=file.name), mark, wraps.wrap(keys), metadata)
    notes = list(copy.encoded.notes)
    if copy.sealed.fill_db > _PLAIN_DB:
        notes.append(
            "Under the mark the photo is so plain that anyone can guess it. Choose another --position, or --tiling."
        )
    return {
        "output": _written(folder, copy.encoded.name, copy.data),
        "told": f"opens with {', '.join(printable(key.name) for key in keys)}",
        "keys": [key.name for key in keys],
        "boxes": _boxes(copy.sealed.boxes),
        "fill_db": round(copy.sealed.fill_db, 1),
        "notes": notes,
    }


def _unsealed(file: Path, folder: Path, keys: Sequence[SealKey], *, as_png: bool) -> dict[str, Any]:
    from photoveil.photos import Format, decode
    from photoveil.seal.copies import clean_copy
    from photoveil.seal.unsealing import with_keys

    data = _bytes(file)
    photo = decode(data, name=file.name)
    encoded, done = clean_copy(photo, data, with_keys(keys), format=Format.PNG if as_png else None)
    return {
        "output": _written(folder, encoded.name, encoded.data),
        "told": f"opened with {printable(done.key)}: {_said(done)}",
        "key": done.key,
        "state": done.state.value,
        "exact": done.exact,
        "quality_db": None if done.exact else done.quality_db,
        "boxes": _boxes(done.boxes),
        "tampered": _boxes(done.tampered),
        "notes": [*encoded.notes, *_warnings(done, photo)],
    }


def _boxes(boxes: Sequence[Box]) -> list[list[int]]:
    return [[box.x, box.y, box.width, box.height] for box in boxes]


def _said(done: Unsealed) -> str:
    if done.exact:
        return "exactly as it was"
    return f"the photo was {done.state.value}, the restored part has about {done.quality_db:.0f} dB"


def _warnings(done: Unsealed, photo: Photo) -> list[str]:
    if not done.tampered:
        return []
    first, count = done.tampered[0], len(done.tampered)
    return [
        f"The photo was changed after it was sealed, at {count} {'place' if count == 1 else 'places'}, first at "
        f"{first.x}, {first.y} of {photo.width} × {photo.height} pixels."
    ]


def _written(folder: Path, name: str, data: bytes) -> str:
    from photoveil.photos import write_new

    try:
        return str(write_new(folder / name, data))
    except OSError as error:
        raise FileError(
            "The copy cannot be written", f"{error.strerror}.", "Choose another folder with -o."
        ) from error


def _folder(name: str) -> Path:
    folder = Path(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            "The folder for the copies cannot be used", f"{error.strerror}.", "Choose another one with -o."
        ) from error
    return folder


def _bytes(file: Path, most: int = _MOST_BYTES) -> bytes:
    try:
        with file.open("rb") as stream:
            data = stream.read(most + 1)
    except OSError as error:
        raise FileError(
            "The file cannot be read", f"{error.strerror}.", "Check its name and rights."
        ) from error
    if len(data) > most:
        raise FileError(
            "The file is too large", f"At most {most >> 10:,} KiB are read.", "Choose a smaller one."
        )
    return data


def _on_ring(profile: str, work: Callable[[KeyRing], Awaitable[T]]) -> T:
    return asyncio.run(_opened(Paths.of(profile), work))


async def _opened(paths: Paths, work: Callable[[KeyRing], Awaitable[T]]) -> T:
    from photoveil.keys import KeyStore
    from photoveil.seal import KeyRing

    paths.prepare()
    store = KeyStore(service=f"photoveil/{paths.profile}", file=paths.secrets_file)
    try:
        return await work(KeyRing(store, paths.seal_keys))
    finally:
        await store.close()


def _told(key: SealKey) -> dict[str, Any]:
    return {
        "name": key.name,
        "created": key.created,
        "revoked": key.revoked,
        "shared": key.shared,
    }
