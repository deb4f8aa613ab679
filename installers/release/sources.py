"""Which files a release is made of: those of a commit, or of the working tree as it stands."""

import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GIT = shutil.which("git") or "git"


VERSIONS = {
    "daemon/photoveil/__init__.py": re.compile(r'^__version__ = "([^"]+)"$', re.MULTILINE),
    "extension/manifest.json": re.compile(r'^  "version": "([^"]+)"', re.MULTILINE),
    "installers/linux/debian/changelog": re.compile(r"^photoveil \(([^)]+)\)", re.MULTILINE),
}
"""Where the version stands, each with the place in the file; all others read it there."""


class ReleaseError(Exception):
    """There is no release to be made of this; the message says why and what helps."""


def version_of(source: Path) -> str:
    """The one version of a tree; raises ReleaseError where its parts name different ones."""
    found = {
        name: pattern.findall((source / name).read_text("utf-8"))[:1] for name, pattern in VERSIONS.items()
    }
    told = {version for versions in found.values() for version in versions}
    if len(told) != 1 or not all(found.values()):
        lines = "".join(f"\n  {name}: {', '.join(versions) or 'none'}" for name, versions in found.items())
        raise ReleaseError(f"these files must name the same version:{lines}")
    return str(told.pop())


def git(*words: str, root: Path = ROOT) -> str:
    """What git answers; raises ReleaseError."""
    done = subprocess.run([GIT, "-C", str(root), *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ReleaseError(f"git {words[0]} failed: {done.stderr.strip()}")
    return done.stdout


def commit_time(root: Path = ROOT) -> int:
    """Seconds since 1970 at which HEAD was committed: the time that everything in a release bears."""
    return int(git("log", "-1", "--format=%ct", root=root))


def uncommitted(root: Path = ROOT) -> list[str]:
    """Files that are changed or new since HEAD."""
    return [
        line[3:] for line in git("status", "--porcelain", "--untracked-files=all", root=root).splitlines()
    ]


def take_commit(target: Path, root: Path = ROOT) -> None:
    """Unpack HEAD into `target`, which is made."""
    target.mkdir(parents=True)
    with tempfile.TemporaryFile() as packed:
        done = subprocess.run(
            [GIT, "-C", str(root), "archive", "HEAD"], stdout=packed, stderr=subprocess.PIPE, check=False
        )
        if done.returncode:
            raise ReleaseError(f"git archive failed: {done.stderr.decode().strip()}")
        packed.seek(0)
        with tarfile.open(fileobj=packed) as archive:
            archive.extractall(target, filter="data")


def take_tree(target: Path, root: Path = ROOT) -> None:
    """Copy the working tree into `target`, which is made: all that git tracks or does not ignore."""
    names = git("ls-files", "-z", "--cached", "--others", "--exclude-standard", root=root).split("\0")
    for name in sorted(filter(None, names)):
        if (root / name).is_file():  # else it is deleted and the deletion not committed yet
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, target / name)
