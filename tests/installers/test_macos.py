"""The app for macOS, as far as it can be judged without a Mac; hosted ones run installers/macos/smoke.sh."""

from __future__ import annotations

import os
import plistlib
import re
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree import ElementTree

import platformdirs
import platformdirs.macos
import pytest

from photoveil import autostart
from photoveil.paths import Paths, models_dir
from tests.installers.tools import INSTALLERS, ROOT, load, needs

macos: Any = load("photoveil_macos_build", INSTALLERS / "macos" / "build.py")
payload: Any = load("payload", INSTALLERS / "common" / "payload.py")
layout: Any = load("layout", INSTALLERS / "common" / "layout.py")

HERE = INSTALLERS / "macos"
SCRIPTS = [
    HERE / "package.sh",
    HERE / "smoke.sh",
    HERE / "uninstall.command",
    *sorted((HERE / "scripts").iterdir()),
]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """The bundle, with stand-ins for the two parts that only a Mac makes."""
    folder = tmp_path_factory.mktemp("macos")
    launcher = folder / "launcher"
    launcher.write_bytes(b"\xcf\xfa\xed\xfe")
    python = folder / "cpython"
    (python / "bin").mkdir(parents=True)
    (python / "bin" / "python3.11").write_bytes(b"\xcf\xfa\xed\xfe")
    (python / "bin" / "python3").symlink_to("python3.11")
    made: Path = macos.assemble(folder / "out", launcher, python, wheel)
    return made


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Mac user's, for what asks platformdirs and for scripts."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PHOTOVEIL_HOME", raising=False)
    monkeypatch.delenv("PHOTOVEIL_MODELS", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)  # platformdirs follows it on Macs, too
    monkeypatch.setattr(platformdirs, "PlatformDirs", platformdirs.macos.MacOS)
    return tmp_path


def information(app: Path) -> dict[str, Any]:
    read: dict[str, Any] = plistlib.loads((app / "Contents" / "Info.plist").read_bytes())
    return read


def test_the_bundle_is_one_that_macos_opens(app: Path) -> None:
    told = information(app)
    contents = app / "Contents"
    assert os.access(contents / "MacOS" / told["CFBundleExecutable"], os.X_OK)
    assert (contents / "Resources" / told["CFBundleIconFile"]).is_file()
    assert (contents / "PkgInfo").read_text() == "APPL????"
    assert told["CFBundlePackageType"] == "APPL"
    assert re.fullmatch(r"\d+(\.\d+){0,2}", told["CFBundleVersion"])
    assert told["CFBundleShortVersionString"] == payload.version()
    assert told["CFBundleIdentifier"] == "app.photoveil.Photoveil"
    assert told["LSUIElement"] is True  # in the menu bar, not in the Dock
    assert told["LSMinimumSystemVersion"] == macos.OLDEST_SYSTEM


def test_the_bundle_brings_what_the_set_up_starts_from(app: Path) -> None:
    resources = app / "Contents" / "Resources"
    found = layout.Layout.of(resources, windows=False, home=Path("/Users/anna"))
    assert found.wheel.is_file()
    assert (found.brought / "chromium" / "manifest.json").is_file()
    assert {path.name for path in (resources / "setup").iterdir()} == set(payload.SETUP)
    assert (
        resources / "python" / "bin" / "python3"
    ).is_symlink()  # links stay links, or the signature would not hold
    assert os.access(resources / "uninstall.command", os.X_OK)


def test_the_launcher_starts_the_files_that_the_bundle_has(app: Path) -> None:
    source = (HERE / "launcher.c").read_text(encoding="utf-8")
    resources = app / "Contents" / "Resources"
    name = ".".join(payload.pins().python.split(".")[:2])
    named = re.findall(r'"Resources/([^"]+)"', source)
    assert set(named) == {"python/bin/", "setup/start.py"}
    assert (resources / f"python/bin/python{name}").is_file()
    assert (resources / "setup" / "start.py").is_file()


def test_permissions_are_asked_for_with_a_reason_and_only_for_folders(app: Path) -> None:
    reasons = {key: value for key, value in information(app).items() if key.endswith("UsageDescription")}
    assert set(reasons) == {
        f"NS{place}UsageDescription"
        for place in ("DesktopFolder", "DocumentsFolder", "DownloadsFolder", "RemovableVolumes")
    }
    assert all("photos" in reason for reason in reasons.values())


def test_only_what_the_environment_needs_is_entitled() -> None:
    told = plistlib.loads((HERE / "entitlements.plist").read_bytes())
    assert told == {"com.apple.security.cs.disable-library-validation": True}


def test_the_package_is_for_one_user_and_names_the_app_everywhere(app: Path) -> None:
    told = ElementTree.fromstring((HERE / "distribution.xml").read_text(encoding="utf-8"))  # noqa: S314 - ours
    domains = told.find("domains")
    assert domains is not None
    assert domains.attrib == {
        "enable_anywhere": "false",
        "enable_currentUserHome": "true",
        "enable_localSystem": "false",
    }
    identifier = information(app)["CFBundleIdentifier"]
    assert {entry.get("id") for entry in told.iter("pkg-ref")} == {identifier}
    script = (HERE / "package.sh").read_text(encoding="utf-8")
    assert f"--identifier {identifier}" in script
    assert [entry.text for entry in told.iter("pkg-ref") if entry.text] == ["Photoveil.pkg"]
    oldest = next(told.iter("os-version")).get("min")
    assert oldest == information(app)["LSMinimumSystemVersion"]
    (component,) = plistlib.loads((HERE / "components.plist").read_bytes())
    assert component["RootRelativeBundlePath"] == app.name
    assert component["BundleIsRelocatable"] is False
    for named in told.iter():
        if "file" in named.attrib:
            assert (HERE / named.attrib["file"]).is_file() or (ROOT / named.attrib["file"]).is_file()


def test_the_agent_of_the_login_starts_the_app(
    app: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the first-run page and `photoveil autostart on` write, read back."""
    launcher = app / "Contents" / "MacOS" / information(app)["CFBundleExecutable"]
    monkeypatch.setenv("PHOTOVEIL_LAUNCHER", str(launcher))
    way = autostart.LaunchAgent("default")
    way.switch_on(autostart.command())
    (file,) = (home / "Library" / "LaunchAgents").iterdir()
    told = plistlib.loads(file.read_bytes())
    assert file.name == f"{told['Label']}.plist" == "app.photoveil.daemon.plist"
    assert told["ProgramArguments"] == [str(launcher), "run", "--login"]
    assert told["RunAtLoad"] is True
    assert told["LimitLoadToSessionType"] == "Aqua"
    assert "KeepAlive" not in told  # who quits it does not want it back


def test_the_environment_lies_apart_from_the_users_data(app: Path, home: Path) -> None:
    """Macs know no difference of case in names."""
    found = layout.Layout.of(app / "Contents" / "Resources", windows=False, home=home)
    environment = PurePosixPath(str(found.environment).lower())
    ours = Paths.of()
    for folder in (ours.config, ours.state, ours.cache, ours.logs, models_dir()):
        there = PurePosixPath(str(folder).lower())
        assert not there.is_relative_to(environment)
        assert not environment.is_relative_to(there)
        assert not environment.is_relative_to(there.parent)


def remove(home: Path, *words: str, tools: Path | None = None) -> str:
    environ = {"HOME": str(home), "PATH": f"{tools}:/usr/bin:/bin" if tools else "/usr/bin:/bin"}
    script = HERE / "uninstall.command"
    return subprocess.run(
        ["/bin/sh", str(script), *words], env=environ, check=True, capture_output=True, text=True
    ).stdout


def test_removing_leaves_the_users_data_and_says_where_it_is(app: Path, home: Path) -> None:
    ours = Paths.of()
    ours.prepare()
    ours.settings_file.write_text("# mine\n", encoding="utf-8")
    (ours.cache / "spool" / "x").write_bytes(b"x")
    models_dir().mkdir(parents=True)
    installed = home / "Applications" / "Photoveil.app"
    shutil.copytree(app, installed, symlinks=True)
    found = layout.Layout.of(installed / "Contents" / "Resources", windows=False, home=home)
    found.python.parent.mkdir(parents=True)
    found.python.write_text(f'#!/bin/sh\necho "$@" > "{home}/stopped"\n', encoding="utf-8")
    found.python.chmod(0o755)
    for profile in ("default", "work"):
        autostart.LaunchAgent(profile).switch_on(["/x"])
    other = home / "Library" / "LaunchAgents" / "app.photoveil.daemonic.plist"
    other.write_bytes(b"somebody else's")
    tools = home / "tools"
    tools.mkdir()
    (tools / "launchctl").write_text(f'#!/bin/sh\necho "$@" >> "{home}/booted-out"\n', encoding="utf-8")
    (tools / "launchctl").chmod(0o755)

    said = remove(home, tools=tools)

    assert (home / "stopped").read_text() == "-I -m photoveil.cli stop\n"
    assert not installed.exists()
    assert not found.environment.exists()
    assert list(other.parent.iterdir()) == [other]
    booted = (home / "booted-out").read_text().split()
    user = os.getuid()
    assert {f"gui/{user}/app.photoveil.daemon", f"gui/{user}/app.photoveil.daemon.work"} <= set(booted)
    assert ours.settings_file.read_text(encoding="utf-8") == "# mine\n"
    assert (ours.cache / "spool" / "x").is_file()
    for folder in (ours.config, ours.state, ours.cache, ours.logs, models_dir()):
        assert folder.is_dir()
        assert any(folder.is_relative_to(line.strip()) for line in said.splitlines() if line.startswith("  "))


def test_removing_what_is_not_there_is_no_error_and_a_folder_that_is_no_app_stays(home: Path) -> None:
    precious = home / "precious"
    precious.mkdir()
    (precious / "photo.jpg").write_bytes(b"x")
    assert remove(home, "--app", str(precious)).splitlines() == ["Photoveil is removed."]
    assert (precious / "photo.jpg").is_file()


def test_a_newer_package_asks_the_running_photoveil_to_stop(app: Path, home: Path) -> None:
    found = layout.Layout.of(app / "Contents" / "Resources", windows=False, home=home)
    found.python.parent.mkdir(parents=True)
    found.python.write_text(f'#!/bin/sh\necho "$@" > "{home}/stopped"\nexit 3\n', encoding="utf-8")
    found.python.chmod(0o755)
    subprocess.run(["/bin/sh", str(HERE / "scripts" / "preinstall")], env={"HOME": str(home)}, check=True)
    assert (home / "stopped").read_text() == "-I -m photoveil.cli stop\n"


# What package.sh uses of a Mac: each notes its call; those that make a file make one.
TOOLS = {
    "codesign": "",
    "xcrun": "",
    "file": 'case "$2" in *python3.11) echo "Mach-O 64-bit executable arm64" ;; *) echo text ;; esac',
    "ditto": 'cp -a "$1" "$2"',
    "hdiutil": 'for last; do :; done; : >"$last"',
    "pkgbuild": 'for last; do :; done; test -d "$2/Photoveil.app" || test -d "$3/Photoveil.app"; : >"$last"',
    "productbuild": 'for last; do :; done; : >"$last"',
}


def packed(app: Path, folder: Path, **variables: str) -> list[str]:
    """What package.sh calls, in order."""
    tools, note = folder / "tools", folder / "calls"
    tools.mkdir()
    for name, does in TOOLS.items():
        noting = "" if name == "file" else f'echo "{name} $*" >>"{note}"'
        (tools / name).write_text(f"#!/bin/sh\nset -e\n{noting}\n{does}\n", encoding="utf-8")
        (tools / name).chmod(0o755)
    subprocess.run(
        [str(HERE / "package.sh"), str(app), str(folder / "out"), "1.2.3"],
        env={"PATH": f"{tools}:/usr/bin:/bin", **variables},
        check=True,
        capture_output=True,
    )
    assert {path.name for path in (folder / "out").iterdir()} == {
        "photoveil-1.2.3-macos-arm64.dmg",
        "photoveil-1.2.3-macos-arm64.pkg",
    }
    return note.read_text(encoding="utf-8").splitlines()


def test_what_lies_inside_is_signed_first_and_apple_sees_what_people_download(
    app: Path, tmp_path: Path
) -> None:
    calls = packed(
        app,
        tmp_path,
        PHOTOVEIL_MAC_APPLICATION="Developer ID Application: X (T)",
        PHOTOVEIL_MAC_INSTALLER="Developer ID Installer: X (T)",
        PHOTOVEIL_MAC_NOTARY="photoveil",
    )
    signed = [call.split()[-1] for call in calls if call.startswith("codesign --force")]
    assert signed == [str(app / "Contents/Resources/python/bin/python3.11"), str(app)]
    for call in calls:
        if call.startswith("codesign --force"):
            assert "--options runtime --timestamp" in call
            assert "--sign Developer ID Application: X (T)" in call
    verified = next(i for i, call in enumerate(calls) if call.startswith("codesign --verify"))
    image = next(i for i, call in enumerate(calls) if call.startswith("hdiutil"))
    assert verified < image
    (product,) = [call for call in calls if call.startswith("productbuild")]
    assert "--sign Developer ID Installer: X (T) --timestamp" in product
    submitted = [call for call in calls if "notarytool submit" in call]
    assert [call.split()[3].rsplit(".", 1)[1] for call in submitted] == ["dmg", "pkg"]
    assert all("--keychain-profile photoveil --wait" in call for call in submitted)
    assert len([call for call in calls if "stapler staple" in call]) == 2


def test_without_identities_it_is_signed_ad_hoc_and_shown_to_nobody(app: Path, tmp_path: Path) -> None:
    calls = packed(app, tmp_path)
    assert not [call for call in calls if call.startswith("xcrun")]
    assert all("--sign - " in call for call in calls if call.startswith("codesign --force"))
    (product,) = [call for call in calls if call.startswith("productbuild")]
    assert "--sign" not in product


def test_notarisation_without_signatures_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    environ = {"PATH": "/usr/bin:/bin", "PHOTOVEIL_MAC_NOTARY": "profile"}
    done = subprocess.run(
        [str(HERE / "package.sh"), str(tmp_path), str(tmp_path / "out"), "1.0"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "PHOTOVEIL_MAC_APPLICATION" in done.stderr


def test_elsewhere_than_on_a_mac_the_build_says_so(tmp_path: Path) -> None:
    command = [sys.executable, str(HERE / "build.py"), "--out", str(tmp_path), "--cache", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "built on a Mac" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_shell_scripts_can_be_run_and_parse(script: Path) -> None:
    assert os.access(script, os.X_OK)
    shell = script.read_text(encoding="utf-8").splitlines()[0].removeprefix("#!").split()
    subprocess.run([*shell, "-n", str(script)], check=True, capture_output=True)


@needs("shellcheck")
def test_shellcheck_finds_nothing() -> None:
    done = subprocess.run(["shellcheck", *SCRIPTS], capture_output=True, text=True, check=False)
    assert done.stdout == ""


def test_the_icon_has_every_size_up_to_1024() -> None:
    from PIL import Image

    with Image.open(HERE / "photoveil.icns") as icon:
        assert {width * scale for width, _, scale in icon.info["sizes"]} >= {32, 64, 128, 256, 512, 1024}
