"""Where a protected copy belongs, and putting it there: whole or not at all, never over what is not ours."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from photoveil.photos import PARTIAL_PREFIX, PARTIAL_SUFFIX, safe_name
from photoveil.photos.writing import exchange, publish, sync_folder
from photoveil.settings import FolderRule
from photoveil.watching.errors import HardLinked, TargetError
from photoveil.watching.looking import Stamp, digest, stamp
from photoveil.watching.names import OUTPUT_FOLDER, numbered
from photoveil.worker.tasks import SourceChanged

IN_PLACE = "in-place"
_HOSTILE_NAME = {errno.EINVAL, errno.EILSEQ, errno.ENAMETOOLONG}
_MOST_NUMBERS = 10_000
_NEAR_LIMIT = 240
"""From this length on a name may have been cut to make room for its number."""


def wanted(rule: FolderRule, relative: str, suffix: str = "") -> Path:
    """Where the copy of the photo at ``relative`` belongs if nothing else stands there.

    Args:
        suffix: the copy's ending where its format is another one than the photo's.
    """
    path = Path(relative)
    if suffix:
        path = path.with_name((path.stem or path.name) + suffix)
    if rule.output == "mirror" and rule.mirror is not None:
        return rule.mirror / path
    if rule.output == IN_PLACE:
        return rule.path / path
    return rule.path / path.parent / OUTPUT_FOLDER / path.name


def belongs(target: Path, place: Path) -> bool:
    """Whether ``target`` is ``place``, or the same with a number because the name was taken."""
    if target.parent != place.parent or target.suffix.lower() != place.suffix.lower():
        return False
    if target.name == place.name:
        return True
    stem, _, number = target.stem.rpartition(" (")
    if not (number.endswith(")") and number[:-1].isdecimal()):
        return False
    return stem == place.stem or (len(os.fsencode(target.name)) > _NEAR_LIMIT and place.stem.startswith(stem))


def standing(path: Path) -> str | None:
    """The SHA-256 of the ordinary file at ``path``; None for anything else, nothing included."""
    try:
        found = digest(path)
    except OSError:
        return None
    return found[0] if found is not None else None


def free_places(place: Path, made: str = "") -> Iterator[tuple[Path, bool]]:
    """Names for a copy, best first, and whether a file with the SHA-256 ``made`` stands there already."""
    for number in range(1, _MOST_NUMBERS):
        path = place.with_name(numbered(place.name, number))
        if not os.path.lexists(path):
            yield path, False
        elif made and standing(path) == made:
            yield path, True


def make_folder(folder: Path, like: Path) -> None:
    """Make the folder of a copy, with the rights that the photo's folder has.

    Raises:
        TargetError: it cannot be made.
    """
    if folder.is_dir():
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TargetError.of(folder, error) from error
    with contextlib.suppress(OSError):
        folder.chmod(like.stat().st_mode & 0o777)
        sync_folder(folder.parent)


def put_new(copy: Path, path: Path, owner: str, source: Path) -> Path:
    """Put the copy at a free place; answers where it is (the name may be one that more drives can hold).

    Args:
        owner: tells the hidden parts of one folder's copies from those of another's.

    Raises:
        FileExistsError: the name was taken meanwhile.
        TargetError: it cannot be written.
    """
    with _part(copy, path, owner, source) as part:
        try:
            try:
                publish(part, path)
            except OSError as error:
                safe = safe_name(path.name)
                if error.errno not in _HOSTILE_NAME or safe == path.name:
                    raise
                path = path.with_name(safe)
                publish(part, path)
            sync_folder(path.parent)
        except FileExistsError:
            raise
        except OSError as error:
            raise TargetError.of(path.parent, error) from error
    return path


def put_over(copy: Path, path: Path, owner: str, source: Path, ours: frozenset[str]) -> bool:
    """Put the copy over an older copy of ours; False where that is no longer what stands there.

    Raises:
        TargetError: it cannot be written.
    """
    with _part(copy, path, owner, source) as part:
        if standing(path) not in ours:
            return False
        _replace(part, path)
    return True


def put_in_place(copy: Path, source: Path, original: str, owner: str) -> Stamp:
    """Put the copy over the photo itself, which keeps its rights, its time and its extended attributes.

    Raises:
        SourceChanged: it is not the photo any more that was protected.
        HardLinked: the file has other names.
        TargetError: it cannot be written.
    """
    with _part(copy, source, owner, None) as part:
        with contextlib.suppress(OSError, AttributeError):
            found = source.lstat()
            os.chown(part, found.st_uid, found.st_gid)
        with contextlib.suppress(OSError):
            shutil.copystat(source, part, follow_symlinks=False)
        check_source(source, original)
        _trade(part, source, original)
    try:
        return Stamp.of(source.lstat())
    except OSError as error:
        raise TargetError.of(source.parent, error) from error


def _trade(part: Path, source: Path, original: str) -> None:
    """Put the part in the photo's place, and the photo in the part's, where it is looked at once more.

    What somebody saved between the last look and now comes back; where two files cannot change names in one step, that
    moment stays.
    """
    try:
        exchange(part, source)
    except OSError:
        _replace(part, source)
        return
    if standing(part) == original:
        sync_folder(source.parent)
        return
    try:
        exchange(part, source)
    except OSError:
        _replace(part, source)
    raise SourceChanged.of()


def check_source(source: Path, original: str) -> None:
    """Make sure that the photo is still the one that was protected, and the only name of its file.

    Raises:
        SourceChanged, HardLinked: see their descriptions.
    """
    found = stamp(source)
    if found is None or standing(source) != original:
        raise SourceChanged.of()
    if found.links > 1:
        raise HardLinked.of(found.links)


def leave(source: Path, original: str) -> None:
    """Remove a photo that is in the vault and whose copy stands beside it under another name.

    Raises:
        SourceChanged, HardLinked: see ``check_source``.
        TargetError: it cannot be removed.
    """
    check_source(source, original)
    try:
        source.unlink()
        sync_folder(source.parent)
    except OSError as error:
        raise TargetError.of(source.parent, error) from error


def sweep(targets: Iterable[Path], owner: str) -> None:
    """Remove parts left by a crash while copies were written to these places."""
    for target in targets:
        _discard(_part_of(target, owner))


def withdraw(path: Path, ours: frozenset[str]) -> None:
    """Remove a copy that another one has replaced, if it is still exactly ours."""
    with contextlib.suppress(OSError):
        if standing(path) in ours:
            path.unlink()


def carry(old: Path, place: Path, ours: frozenset[str], *, taken: bool) -> Path | None:
    """Move a copy along with its renamed photo; None where there is no copy that is still exactly ours.

    Args:
        taken: whether ``place`` is the copy of another photo.

    Raises:
        TargetError: it cannot be moved.
    """
    if standing(old) in ours and belongs(old, place):
        return old
    if not taken and standing(place) in ours:
        withdraw(old, ours)  # it went along with its folder; or, after a kill, is at both places
        return place
    if standing(old) not in ours:
        return None
    make_folder(place.parent, old.parent)
    try:
        for path, _ in free_places(place):
            with contextlib.suppress(FileExistsError):
                publish(old, path)
                _discard(old)  # where publishing made a second name of it
                sync_folder(path.parent)
                return path
    except OSError as error:
        if error.errno == errno.EXDEV:
            return None
        raise TargetError.of(place.parent, error) from error
    return None


@contextlib.contextmanager
def _part(copy: Path, path: Path, owner: str, source: Path | None) -> Iterator[Path]:
    """The copy in a hidden file beside ``path``, synced, and as readable for others as the photo is.

    Raises:
        TargetError: it cannot be written.
    """
    part = _part_of(path, owner)
    try:
        _write(copy, part, source)
    except OSError as error:
        _discard(part)
        raise TargetError.of(path.parent, error) from error
    try:
        yield part
    finally:
        _discard(part)


def _part_of(path: Path, owner: str) -> Path:
    """The part that ``owner`` would write for ``path``: after a crash it can be found again."""
    name = hashlib.sha256(os.fsencode(f"{owner}/{path.name}")).hexdigest()[:16]
    return path.with_name(f"{PARTIAL_PREFIX}{name}{PARTIAL_SUFFIX}")


def _write(copy: Path, part: Path, source: Path | None) -> None:
    _discard(part)
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
    with copy.open("rb") as data, os.fdopen(os.open(part, flags, 0o600), "wb") as file:
        shutil.copyfileobj(data, file, 1 << 20)
        file.flush()
        if source is not None and hasattr(os, "fchmod"):
            with contextlib.suppress(OSError):
                os.fchmod(file.fileno(), source.stat().st_mode & 0o666 | 0o600)
        os.fsync(file.fileno())


def _replace(part: Path, path: Path) -> None:
    try:
        part.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise TargetError.of(path.parent, error) from error


def _discard(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
