"""From a bare Debian 12 to a protected photo and back: installed, set up, used, upgraded, removed and purged.

Heavy (a Debian, a desktop, some gigabytes of PyTorch), so it runs only when asked for: ``make test-installers``.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.bare_rig import (
    CHROMIUM,
    DESKTOP,
    HOME,
    PLACE,
    ROOT,
    USER,
    BareDebian,
    Desktop,
    bare_debian,
    wait_for,
    why_not,
)

pytestmark = [
    pytest.mark.skipif(not os.environ.get("PHOTOVEIL_TEST_INSTALLERS"), reason="heavy: make test-installers"),
    pytest.mark.timeout(5400),
]
SOURCES = ("daemon", "extension", "installers", "pyproject.toml", "README.md", "LICENSE")
ENVIRONMENT = HOME / ".local" / "lib" / "photoveil"
EVERYBODYS = Path("/var/lib/photoveil/environment")
OTHER = "berta"
STATE = HOME / ".local" / "share" / "photoveil" / "default"
SETTINGS = HOME / ".config" / "photoveil" / "default" / "settings.toml"
PHOTO = ROOT / "lab" / "photos" / "eileen_collins.jpg"
SHARED = Path("/srv/shared")
SET_UP_SECONDS = 2400.0
NEXT = "0.1.1"
OF_THE_SYSTEM = "chrome-extension://kehfcanlpilealccenamjiponjcalnpl"
"""As Chromium calls what it loads from /usr/share/photoveil/extension/system/chromium."""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This version and the next one, built from the tree."""
    out = tmp_path_factory.mktemp("packages")
    tree = tmp_path_factory.mktemp("next")
    for name in SOURCES:
        source, target = ROOT / name, tree / name
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, target, ignore=ignore) if source.is_dir() else shutil.copyfile(source, target)
    package = tree / "daemon" / "photoveil" / "__init__.py"
    package.write_text(re.sub(r'__version__ = ".*"', f'__version__ = "{NEXT}"', package.read_text()))
    changelog = tree / "installers" / "linux" / "debian" / "changelog"
    entry = changelog.read_text()
    changelog.write_text(re.sub(r"\(.*?\)", f"({NEXT})", entry, count=1) + "\n" + entry)
    for place in (ROOT, tree):
        build = place / "installers" / "linux" / "build.py"
        subprocess.run([sys.executable, str(build), "deb", "--out", str(out)], check=True)
    return out


@pytest.fixture(scope="module")
def wheels(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the set-up installs from, so that the desktop needs no network: fetched once, by the set-up itself."""
    target = PLACE / "wheels"
    if (target / ".complete").exists():
        return target
    tree = tmp_path_factory.mktemp("unpacked")
    subprocess.run(["dpkg-deb", "-x", str(next(packages.glob(f"*_{NEXT}_*"))), str(tree)], check=True)
    # The small build; where PyTorch's own index is not to be had, the general one, whose build runs anywhere.
    for build in ("cpu", "cuda"):
        command = [str(tree / "usr" / "bin" / "photoveil-setup"), "--build", build, "--fetch", str(target)]
        if subprocess.run(command, check=False).returncode == 0:
            (target / ".complete").touch()
            return target
    pytest.fail("nothing could be fetched to install from")


@pytest.fixture(scope="module")
def debian(packages: Path, wheels: Path) -> Iterator[BareDebian]:
    if reason := why_not():
        pytest.skip(reason)
    with BareDebian(bare_debian()) as machine:
        for package in packages.glob("*.deb"):
            shutil.copyfile(package, machine.inside("/opt") / package.name)
        yield machine
    shutil.rmtree(machine.root)


def test_from_a_bare_debian_to_a_protected_photo_and_back(debian: BareDebian, packages: Path) -> None:
    this = next(name.name for name in packages.glob("*.deb") if NEXT not in name.name)
    install(debian, this)
    before = shipped(debian)
    assert "/usr/bin/photoveil" in before

    with debian.login() as desktop:
        nothing_runs(debian)  # at log-in, before anybody wanted anything
        told = [set_up_and_upload(debian, desktop), connect_firefox(debian, desktop)]
        kept = leave_marks(debian, desktop)
    for one in told:
        assert one["received"] != one["original"]
        assert one["leaked"] is False
        assert "Already in your browser" in one["shown"]
    assert told[0]["extension"] == OF_THE_SYSTEM

    with debian.login() as desktop:
        starts_by_itself(desktop, this.split("_")[1])

    said = debian.run("apt-get", "install", "-y", f"/opt/photoveil_{NEXT}_all.deb")
    assert "was upgraded" in said
    with debian.login() as desktop:
        starts_by_itself(desktop, NEXT)
        everything_is_there(debian, desktop, kept)
        removed_while_it_runs(debian, desktop)

    purged_unasked(debian)
    one_for_all_users(debian)
    install_again_and_purge(debian)
    nothing_is_left(debian, before)


def install(debian: BareDebian, package: str) -> None:
    """On bare Debian first, so that a missing dependency shows; then what makes it a desktop."""
    debian.run("apt-get", "update", "-qq")
    said = debian.run("apt-get", "install", "-y", "-qq", "--no-install-recommends", f"/opt/{package}")
    assert "first start sets it up" in said
    debian.run("useradd", "--create-home", "--shell", "/bin/bash", USER)
    helpless = debian.run(
        "runuser", "-u", USER, "--", "env", f"HOME={HOME}", "photoveil", "status", check=False
    )
    assert "not set up yet" in helpless
    debian.run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *DESKTOP)
    browser = debian.inside("/usr/local/bin/browser")
    browser.write_text(f'#!/bin/sh\necho "$1" >>{SHARED}/opened\n')
    browser.chmod(0o755)
    chromium = debian.inside(CHROMIUM)
    chromium.write_text('#!/bin/sh\nexec chromium --no-sandbox "$@"\n')
    chromium.chmod(0o755)
    debian.run("install", "-d", "-o", USER, str(SHARED))
    shutil.copyfile(PHOTO, debian.inside(SHARED / "photo.jpg"))


def shipped(debian: BareDebian) -> list[str]:
    files = debian.run("dpkg", "-L", "photoveil").split("\n")
    return [name for name in files if name and debian.inside(name).is_file()]


def nothing_runs(debian: BareDebian) -> None:
    """The autostart entry was started, and left at once."""
    wait_for(lambda: not any("photoveil" in line for _, line in debian.processes()), "nothing to run", 30)
    assert not debian.inside(ENVIRONMENT).exists()


def set_up_and_upload(debian: BareDebian, desktop: Desktop) -> dict[str, Any]:
    """The menu entry, the window, the first-run page, a photo on a site."""
    driver = drive(desktop, "chromium")
    desktop.launch("app.photoveil.Photoveil")
    wait_for(lambda: desktop.has_window("^Photoveil$"), "the window", 60)
    desktop.run("xdotool", "search", "--onlyvisible", "--name", "^Photoveil$", "windowactivate", "--sync")
    desktop.picture("set-up-1")
    desktop.run("xdotool", "key", "alt+s")
    wait_for(lambda: debian.inside(ENVIRONMENT / "venv").exists(), "the environment to be begun", 60)
    desktop.picture("set-up-2")
    wait_for(lambda: debian.inside(ENVIRONMENT / "release").exists(), "the environment", SET_UP_SECONDS)
    wait_for(lambda: not desktop.has_window("^Photoveil$"), "the window to close", 60)
    told = outcome(debian, driver)
    desktop.picture("desktop")
    return told


def connect_firefox(debian: BareDebian, desktop: Desktop) -> dict[str, Any]:
    """A second browser of the same user, with a profile from before; the dashboard is opened for it."""
    driver = drive(desktop, "firefox")
    desktop.run("photoveil", "dashboard")
    return outcome(debian, driver)


def drive(desktop: Desktop, browser: str) -> subprocess.Popen[str]:
    """A user at a browser, who has it open before Photoveil opens a page."""
    driver = desktop.start(
        "env", "PUPPETEER_SKIP_DOWNLOAD=1", "node", "/mnt/tree/tests/system/bare_debian.mjs",
        browser, f"{SHARED}/opened", f"{SHARED}/photo.jpg", str(SHARED),
    )  # fmt: skip
    assert driver.stdout is not None
    first = driver.stdout.readline()
    assert first.startswith('{"ready"'), first + driver.communicate()[0]
    return driver


def outcome(debian: BareDebian, driver: subprocess.Popen[str]) -> dict[str, Any]:
    said = driver.communicate(timeout=900)[0]
    assert driver.returncode == 0, said
    for picture in debian.inside(SHARED).glob("*.png"):
        shutil.copyfile(picture, PLACE / picture.name)
    told: dict[str, Any] = json.loads(said.strip().split("\n")[-1])
    return told


def leave_marks(debian: BareDebian, desktop: Desktop) -> dict[str, Any]:
    """A setting, a photo in place whose original the vault keeps, a connected browser."""
    assert json.loads(desktop.run("photoveil", "status", "--json"))["running"]
    wait_for(lambda: tray_icons(desktop) == 1, "the icon in the panel", 30)
    desktop.run("photoveil", "settings", "set", "strength", "strong")
    for busy in ("when_busy", "on_battery"):
        desktop.run("photoveil", "settings", "set", busy, "work")
    folder = debian.inside(HOME / "Camera")
    debian.run("install", "-d", "-o", USER, "-g", USER, str(HOME / "Camera"))
    debian.run(
        "install", "-o", USER, "-g", USER, f"{SHARED}/photo.jpg", str(HOME / "Camera" / "portrait.jpg")
    )
    desktop.run("photoveil", "folders", "add", str(HOME / "Camera"), "--output", "in-place")
    original = sha256(PHOTO)
    wait_for(lambda: sha256(folder / "portrait.jpg") != original, "the folder's photo", 300)
    return {
        "clients": json.loads(desktop.run("photoveil", "clients", "--json")),
        "history": len(json.loads(desktop.run("photoveil", "history", "--json"))),
        "copy": sha256(folder / "portrait.jpg"),
        "original": original,
    }


def tray_icons(desktop: Desktop) -> int:
    """How many icons of it the panel holds; one without a place there would be a window of the screen itself."""
    tree = desktop.run("xwininfo", "-root", "-tree")
    return len(re.findall(r'^ {6,}0x[0-9a-f]+ .*"photoveil', tree, re.MULTILINE))


def starts_by_itself(desktop: Desktop, version: str) -> None:
    """The autostart entry alone: nobody clicks anything."""
    wait_for(lambda: is_running(desktop), "the daemon after log-in", 300)
    assert desktop.run("photoveil", "--version").split() == ["photoveil", version]


def is_running(desktop: Desktop) -> bool:
    with contextlib.suppress(ValueError):
        return bool(json.loads(desktop.run("photoveil", "status", "--json", check=False)).get("running"))
    return False


def everything_is_there(debian: BareDebian, desktop: Desktop, kept: dict[str, Any]) -> None:
    assert desktop.run("photoveil", "settings", "get", "strength").strip() == "strong"
    assert 'strength = "strong"' in debian.inside(SETTINGS).read_text()
    clients = json.loads(desktop.run("photoveil", "clients", "--json"))
    assert browsers(clients) == browsers(kept["clients"]) != []
    assert len(json.loads(desktop.run("photoveil", "history", "--json"))) == kept["history"]
    camera = debian.inside(HOME / "Camera")
    assert sha256(camera / "portrait.jpg") == kept["copy"]
    desktop.run("photoveil", "restore", "portrait.jpg", "--to", str(HOME / "restored.jpg"))
    assert sha256(debian.inside(HOME / "restored.jpg")) == kept["original"]


def browsers(clients: list[dict[str, Any]]) -> list[str]:
    return [client["client"] for client in clients if client["kind"] == "browser"]


def removed_while_it_runs(debian: BareDebian, desktop: Desktop) -> None:
    """It ends, says what stays and where, and that is what stays."""
    said = desktop.as_root("apt-get", "remove", "-y", "photoveil")
    for folder in (SETTINGS.parents[1], STATE.parent, ENVIRONMENT):
        assert str(folder) in said
        assert debian.inside(folder).is_dir()
    assert [line for _, line in debian.processes() if "photoveil" in line] == []
    assert not debian.inside("/usr/bin/photoveil").exists()


def purged_unasked(debian: BareDebian) -> None:
    """Where nobody can be asked, nothing of the user's is deleted."""
    said = debian.run("apt-get", "purge", "-y", "photoveil")
    assert "stays" in said
    assert str(STATE.parent) in said
    assert debian.inside(STATE / "ledger.sqlite3").is_file()
    assert any(debian.inside(STATE / "vault").iterdir())


def one_for_all_users(debian: BareDebian) -> None:
    """``--system``: somebody else uses it, and removal ends that one, too, before it takes it away."""
    debian.run("apt-get", "install", "-y", "-qq", "--no-install-recommends", f"/opt/photoveil_{NEXT}_all.deb")
    debian.run("useradd", "--create-home", OTHER)
    home = Path("/home") / OTHER
    clean = ("env", "-i", "PATH=/usr/bin:/bin", f"HOME={home}", "LANG=C.UTF-8")
    other = ("runuser", "-u", OTHER, "--", *clean)
    assert "sudo photoveil-setup --system" in debian.run(*other, "photoveil-setup", "--system", check=False)
    debian.run("photoveil-setup", "--system", "--wheels", "/mnt/wheels", timeout=SET_UP_SECONDS)
    assert debian.inside(EVERYBODYS / "release").exists()
    with debian.login() as desktop:
        starts_by_itself(desktop, NEXT)
        desktop.as_root(
            *other, "setsid", "--fork", "sh", "-c", "exec photoveil run </dev/null >/dev/null 2>&1"
        )
        status = (*other, "photoveil", "status", "--json")
        wait_for(
            lambda: '"running": true' in desktop.as_root(*status, check=False), "the other's daemon", 120
        )
        run = [line for _, line in debian.processes() if f"{EVERYBODYS}/venv" in line]
        assert run != []
        said = desktop.as_root("apt-get", "remove", "-y", "photoveil")
        assert [line for _, line in debian.processes() if "photoveil" in line] == []
    assert f"{home}/.local/share/photoveil" in said
    assert debian.inside(home / ".local/share/photoveil/default/ledger.sqlite3").is_file()
    assert not debian.inside(EVERYBODYS.parent).exists()


def install_again_and_purge(debian: BareDebian) -> None:
    """The question answered with yes."""
    debian.run("apt-get", "install", "-y", "-qq", "--no-install-recommends", f"/opt/photoveil_{NEXT}_all.deb")
    answer = "echo photoveil photoveil/purge-data boolean true | debconf-set-selections"
    debian.run("sh", "-c", answer)
    said = debian.run("apt-get", "purge", "-y", "photoveil")
    assert "is deleted" in said


def nothing_is_left(debian: BareDebian, before: list[str]) -> None:
    assert [name for name in before if debian.inside(name).exists()] == []
    home = debian.inside(HOME)
    left = [path for path in home.parent.rglob("*photoveil*") if not path.is_relative_to(home / "Camera")]
    assert left == []
    assert not debian.inside(EVERYBODYS.parent).exists()
    assert "photoveil/purge-data" not in debian.run("debconf-show", "photoveil", check=False)
    assert sha256(home / "Camera" / "portrait.jpg") != sha256(PHOTO)  # photos of the user's stay as they are
    assert sha256(home / "restored.jpg") == sha256(PHOTO)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
