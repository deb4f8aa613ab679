"""Makes a release: `release.py [--out DIRECTORY] [--working-tree]`.

Writes the wheel and both packages of the extension, each built twice in different places and compared; the bill of
materials; and SHA256SUMS over these and the installers that lie in the same folder. Everything bears the time of the
commit. Without --working-tree it takes HEAD, and refuses while there is anything uncommitted.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import sbom
import sums
import wheel
from sources import ROOT, ReleaseError, commit_time, take_commit, take_tree, uncommitted, version_of

INSTALLERS = (
    "photoveil_{}_*.deb",
    "photoveil-{}-*.tar.*",
    "photoveil-{}-*.exe",
    "photoveil-{}-*.dmg",
    "photoveil-{}-*.pkg",
)
"""What the installers' own scripts may have left in the folder of the release."""


def extension_twice(source: Path, scratch: Path) -> list[Path]:
    """Both packages of the extension, after a second pass in another time zone came out the same."""
    passes = []
    for number, zone in enumerate(("UTC", "Asia/Kathmandu")):
        out = scratch / f"extension-{number}"
        words = [sys.executable, str(source / "installers" / "extension" / "build.py"), "--out", str(out)]
        done = subprocess.run(words, capture_output=True, text=True, env={"TZ": zone}, check=False)
        if done.returncode:
            raise ReleaseError(f"the extension cannot be packed: {done.stderr.strip()}")
        passes.append(sorted(out.iterdir()))
    for one, other in zip(*passes, strict=True):
        if one.read_bytes() != other.read_bytes():
            raise ReleaseError(f"two builds of {one.name} differ")
    return passes[0]


def release(source: Path, out: Path, scratch: Path, epoch: int) -> list[Path]:
    """All that belongs to a release of the tree `source`, in the folder `out`."""
    version = version_of(source)
    out.mkdir(parents=True, exist_ok=True)
    made = [wheel.build_twice(source, scratch, epoch), *extension_twice(source, scratch)]
    bill = scratch / f"photoveil-{version}.cdx.json"
    bill.write_text(
        json.dumps(sbom.bill(source, version, epoch), indent=1, ensure_ascii=False) + "\n", "utf-8"
    )
    files = []
    for path in (*made, bill):
        unfinished = out / f"{path.name}.part"
        shutil.copyfile(path, unfinished)
        files.append(unfinished.replace(out / path.name))
    files += [path for pattern in INSTALLERS for path in sorted(out.glob(pattern.format(version)))]
    return [*files, sums.write(out, files)]


def main() -> int:
    """Make it, and say what came out."""
    parser = argparse.ArgumentParser(description="Makes a release, with checksums and a bill of materials.")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where to (default: dist)")
    parser.add_argument(
        "--working-tree", action="store_true", help="of what lies here now, for trying: not for publishing"
    )
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    wishes = parser.parse_args()
    try:
        changed = [] if wishes.working_tree else uncommitted(wishes.root)
        if changed:
            few = ", ".join(changed[:3])
            raise ReleaseError(f"{len(changed)} files are not committed ({few} …): commit them first.")  # noqa: TRY301
        with tempfile.TemporaryDirectory(prefix="photoveil-release-") as folder:
            source = Path(folder) / "source"
            (take_tree if wishes.working_tree else take_commit)(source, wishes.root)
            made = release(source, wishes.out.resolve(), Path(folder), commit_time(wishes.root))
    except (ReleaseError, OSError, subprocess.SubprocessError) as error:
        sys.stderr.write(f"There is no release: {error}\n")
        return 1
    for path in made:
        sys.stdout.write(f"{sums.digest(path)}  {path.stat().st_size:>10}  {path.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
