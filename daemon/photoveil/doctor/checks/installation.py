"""Are the packages that Photoveil stands on here, whole and of a version that it can work with?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from photoveil.doctor import remedies
from photoveil.doctor.model import Finding
from photoveil.doctor.patient import Patient

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SHOWN = 3


def look(_patient: Patient) -> Iterator[Finding]:
    """Compare what is installed with what was asked for, and every file with the record of its package."""
    try:
        own = distribution("photoveil")
    except PackageNotFoundError:
        yield Finding(
            "not_installed",
            "Photoveil is not properly installed",
            "Its own package is not registered with this Python.",
            remedies.reinstall(),
        )
        return
    yield from _whole(own, remedies.reinstall())
    for line in own.requires or ():
        if "extra ==" not in line:
            yield from _package(line.partition(";")[0].strip())


def _package(requirement: str) -> Iterator[Finding]:
    named = _NAME.match(requirement)
    name = named.group() if named else requirement
    try:
        found = distribution(name)
    except PackageNotFoundError:
        yield Finding(
            "package_missing",
            "A part of Photoveil is missing",
            f"The package {name} is not installed.",
            remedies.reinstall([requirement]),
        )
        return
    if not _fits(found.version, requirement[len(name) :]):
        yield Finding(
            "package_version",
            "A part of Photoveil has the wrong version",
            f"{name} is here in version {found.version}; Photoveil works with {requirement}.",
            remedies.reinstall([requirement]),
        )
    else:
        yield from _whole(found, remedies.reinstall([f"{name}=={found.version}"]))


def _whole(found: Distribution, remedy: str) -> Iterator[Finding]:
    damaged = _damaged(found)
    if damaged:
        shown = ", ".join(damaged[:_SHOWN]) + (", …" if len(damaged) > _SHOWN else "")
        yield Finding(
            "package_damaged",
            "A part of Photoveil is damaged",
            f"Of the package {found.name}, files are missing or have another size: {shown}.",
            remedy,
        )


def _fits(version: str, wanted: str) -> bool:
    try:
        from packaging.specifiers import InvalidSpecifier, SpecifierSet
    except ImportError:  # one of the packages that other packages bring along
        return True
    try:
        return SpecifierSet(wanted.strip("[] ")).contains(version, prereleases=True)
    except InvalidSpecifier:
        return True


def _damaged(found: Distribution) -> list[str]:
    """Files that are not as the package's own record has them, by size.

    What the record gives no size of may change, and so may scripts outside the packages' folder: they are written anew
    for every Python.
    """
    return [
        str(file)
        for file in found.files or ()
        if file.size and ".." not in file.parts and _size(Path(str(file.locate()))) != file.size
    ]


def _size(file: Path) -> int | None:
    try:
        return file.stat().st_size
    except OSError:
        return None
