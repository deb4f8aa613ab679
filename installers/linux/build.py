"""Builds what Linux installs: `build.py deb|tarball [--out DIRECTORY]`.

The package and the tarball hold the same tree, laid out once by `stage`: Photoveil's wheel, the browser extension,
launchers, icons, menu and start-up entries, manual pages and completions. The same sources give the same bytes
(SOURCE_DATE_EPOCH, by default the date of the newest entry in `debian/changelog`). Needs `dpkg-deb` and `rsvg-convert`,
and a Python with Photoveil's dependencies, because manual pages and completions are written from the commands.
"""

from __future__ import annotations

import email.utils
import gzip
import hashlib
import importlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import browsers
from building import ROOT, BuildError, grammar, report
from project import HOMEPAGE, MAINTAINER

HERE = Path(__file__).resolve().parent
APP = "app.photoveil.Photoveil"
SIZES = (16, 22, 24, 32, 48, 64, 96, 128, 256, 512)
SCRIPTS = ("config", "prerm", "postinst", "postrm")


def main() -> int:
    """Build, and say what came out."""
    parser = grammar("Builds the Debian package and the tarball.")
    parser.add_argument("kind", choices=("deb", "tarball"))
    wishes = parser.parse_args()
    return report(lambda: [build(wishes.kind, wishes.out)])


def build(kind: str, out: Path) -> Path:
    """The package, or the tarball, in the folder `out`."""
    version, epoch = changelog()
    os.environ.setdefault("SOURCE_DATE_EPOCH", str(epoch))
    out.mkdir(parents=True, exist_ok=True)
    os.umask(0o022)
    with tempfile.TemporaryDirectory(prefix="photoveil-package-") as folder:
        return (deb if kind == "deb" else tarball)(Path(folder), version, out)


def changelog() -> tuple[str, int]:
    """Version and time of the newest entry."""
    text = _changes()
    version = text.split("(", 1)[1].split(")", 1)[0]
    signed = next(line for line in text.splitlines() if line.startswith(" -- "))
    return version, int(email.utils.parsedate_to_datetime(signed.split(">  ", 1)[1]).timestamp())


def deb(work: Path, version: str, out: Path) -> Path:
    """The Debian package."""
    tree = work / "tree"
    stage(tree / "usr", version, "/usr/bin")
    share = tree / "usr" / "share"
    _place(
        tree / "etc/xdg/autostart/photoveil.desktop",
        _filled("package/autostart.desktop", version, "/usr/bin"),
    )
    _place(
        tree / "usr/lib/systemd/user/photoveil.service",
        _filled("package/photoveil.service", version, "/usr/bin"),
    )
    browsers.provide(tree)
    doc = share / "doc" / "photoveil"
    _place(doc / "copyright", _filled("debian/copyright", version, ""))
    _zipped(doc / "changelog.gz", _changes().encode())
    _control(tree, version)
    _same_times(tree)
    target = out / f"photoveil_{version}_all.deb"
    # Most of it are encoders' weights, which no effort makes smaller.
    command = [
        _tool("dpkg-deb", "dpkg"),
        "--root-owner-group",
        "-Zxz",
        "-z1",
        "--build",
        str(tree),
        str(target),
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return target


def tarball(work: Path, version: str, out: Path) -> Path:
    """The same for everybody else: runs from wherever it is unpacked, `install.sh` makes it known to the desktop."""
    name = f"photoveil-{version}"
    tree = work / name
    stage(tree, version, "@BIN@")
    templates = tree / "share" / "photoveil" / "templates"
    for source in (f"{APP}.desktop", "autostart.desktop", "photoveil.service"):
        _place(templates / source, _filled(f"package/{source}", version, "@BIN@"))
    (tree / "share" / "applications" / f"{APP}.desktop").unlink()  # its paths are known after unpacking
    (tree / "share" / "applications").rmdir()
    _place(tree / "install.sh", (HERE / "package" / "install.sh").read_text(encoding="utf-8"), 0o755)
    shutil.copyfile(ROOT / "LICENSE", tree / "LICENSE")
    _same_times(tree)
    target = out / f"{name}-linux.tar.xz"
    unfinished = target.with_name(target.name + ".part")
    with tarfile.open(unfinished, "w:xz", preset=1, format=tarfile.PAX_FORMAT) as archive:
        for path in sorted([tree, *tree.rglob("*")]):
            archive.add(path, path.relative_to(work).as_posix(), recursive=False, filter=_nobodys)
    unfinished.replace(target)
    return target


def stage(prefix: Path, version: str, binaries: str) -> None:
    """Everything below ``/usr`` (or the tarball's folder); ``binaries`` is where the launchers will be found."""
    share = prefix / "share"
    own = share / "photoveil"
    for name in ("photoveil", "photoveil-setup"):
        _place(prefix / "bin" / name, (HERE / "package" / name).read_text(encoding="utf-8"), 0o755)
    wheel = _wheel(own, version)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()[:16]
    _place(own / "release", f"{version} {digest}\n")
    _extension(own / "extension")
    _place(share / f"applications/{APP}.desktop", _filled(f"package/{APP}.desktop", version, binaries))
    _place(share / f"metainfo/{APP}.metainfo.xml", _filled(f"package/{APP}.metainfo.xml", version, binaries))
    _icons(share / "icons" / "hicolor")
    _manuals(share)


def _wheel(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    sys.path.insert(0, str(ROOT / "installers" / "release"))
    release = importlib.import_module("wheel")
    wheel: Path = release.build(ROOT, folder, int(os.environ["SOURCE_DATE_EPOCH"]))
    if wheel.name.split("-")[1] != version:
        raise BuildError(f"debian/changelog says {version}, the package itself {wheel.name.split('-')[1]}.")
    wheel.chmod(0o644)
    return wheel


def _extension(folder: Path) -> None:
    """Packed for who wants a file, unpacked for *Load unpacked*."""
    folder.mkdir()
    command = [sys.executable, str(ROOT / "installers" / "extension" / "build.py"), "--out", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    for browser in ("chromium", "firefox"):
        (packed,) = folder.glob(f"photoveil-{browser}-*")
        with zipfile.ZipFile(packed) as package:
            package.extractall(folder / browser)  # noqa: S202 - packed a moment ago, by us


def _icons(theme: Path) -> None:
    drawing, draw = ROOT / "extension" / "icons" / "photoveil.svg", _tool("rsvg-convert", "librsvg2-bin")
    _place(theme / "scalable" / "apps" / f"{APP}.svg", drawing.read_text(encoding="utf-8"))
    for size in SIZES:
        target = theme / f"{size}x{size}" / "apps" / f"{APP}.png"
        target.parent.mkdir(parents=True)
        edge = str(size)
        subprocess.run([draw, "-w", edge, "-h", edge, "-o", str(target), str(drawing)], check=True)


def _manuals(share: Path) -> None:
    """Written from the commands as they are in this tree."""
    sys.path[:0] = [str(HERE), str(ROOT / "daemon")]
    import manuals

    for name, text in manuals.pages(changelog()[1]).items():
        _zipped(share / "man" / "man1" / f"{name}.1.gz", text.encode())
    _place(share / "bash-completion" / "completions" / "photoveil", manuals.completion())


def _control(tree: Path, version: str) -> None:
    control = tree / "DEBIAN"
    files = sorted(path for path in tree.rglob("*") if path.is_file())
    kibibytes = sum(-(-path.stat().st_size // 1024) for path in files)
    described = _filled("debian/control", version, "").replace("@SIZE@", str(kibibytes))
    _place(control / "control", described)
    sums = (f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(tree)}\n" for path in files)  # noqa: S324
    _place(control / "md5sums", "".join(line for line in sums if "  etc/" not in line))
    for name in ("conffiles", "templates"):
        _place(control / name, (HERE / "debian" / name).read_text(encoding="utf-8"))
    users = (HERE / "debian" / "users.sh").read_text(encoding="utf-8")
    for name in SCRIPTS:
        script = (HERE / "debian" / name).read_text(encoding="utf-8").replace("@USERS@\n", users)
        _place(control / name, script, 0o755)


def _filled(name: str, version: str, binaries: str) -> str:
    """A file with its blanks filled in; lines that would name a page that does not exist are left out."""
    lines = (HERE / name).read_text(encoding="utf-8").splitlines(keepends=True)
    text = "".join(line for line in lines if HOMEPAGE or "@HOMEPAGE@" not in line)
    day = datetime.fromtimestamp(changelog()[1], UTC).date().isoformat()
    for blank, value in (("VERSION", version), ("BIN", binaries), ("DATE", day), ("HOMEPAGE", HOMEPAGE)):
        text = text.replace(f"@{blank}@", value)
    return text.replace("@MAINTAINER@", MAINTAINER)


def _changes() -> str:
    return (HERE / "debian" / "changelog").read_text(encoding="utf-8").replace("@MAINTAINER@", MAINTAINER)


def _tool(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise BuildError(f"{name} is missing; install {package}.")
    return found


def _place(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def _zipped(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content, 9, mtime=0))


def _same_times(tree: Path) -> None:
    epoch = int(os.environ["SOURCE_DATE_EPOCH"])
    for path in (tree, *tree.rglob("*")):
        os.utime(path, (epoch, epoch), follow_symlinks=False)


def _nobodys(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry


if __name__ == "__main__":
    sys.exit(main())
