"""The set-up as Windows and macOS start it: followed, failing, stopped, resumed; and what start.py makes of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from photoveil.install.environment import release_of
from tests.installers.tools import COMMON, INSTALLERS, heavy, load

setup_run: Any = load("setup_run", INSTALLERS / "common" / "setup_run.py")
layout: Any = load("layout", INSTALLERS / "common" / "layout.py")
payload: Any = load("payload", INSTALLERS / "common" / "payload.py")


def until(found: Callable[[], Any], seconds: float = 200.0) -> Any:
    """What ``found`` answers as soon as it is true."""
    end = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)
    return answer


def ended(run: Any, seconds: float = 400.0) -> list[Any]:
    """Every piece of news up to the outcome."""
    news: list[Any] = []

    def over() -> bool:
        news.extend(run.news())
        return bool(news) and isinstance(news[-1], setup_run.Outcome)

    until(over, seconds)
    return news


def program(text: str) -> list[str]:
    return [sys.executable, "-I", "-c", text]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """What an installer lays down, as far as the set-up needs it."""
    folder = tmp_path_factory.mktemp("installed")
    payload.add_wheel(folder / "wheels", wheel)
    payload.add_setup(folder / "setup")
    payload.add_extension(folder / "extension")
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("HOME", str(tmp_path))
    yield tmp_path
    shutil.rmtree(tmp_path, ignore_errors=True)


def test_progress_is_told_in_words_and_ends_well() -> None:
    news = ended(
        setup_run.SetupRun(
            program(
                'print(\'{"step": "fetch", "text": "Fetching torch …", "done": 5e8, "total": 2e9, "overall": 0.25}\');'
                'print(\'{"step": "done", "text": "Done", "overall": 7}\')'
            )
        )
    )
    assert news[0] == setup_run.Event("Fetching torch …", 0.25, "500 MB of 2.0 GB")
    assert news[1].overall == 1.0
    assert news[2] == setup_run.Outcome(ready=True)


def test_an_error_arrives_with_title_reason_and_remedy() -> None:
    said = '{"step": "error", "code": "setup", "title": "T", "reason": "R", "remedy": "M"}'
    (outcome,) = ended(setup_run.SetupRun(program(f"print('{said}'); raise SystemExit(1)")))
    assert outcome == setup_run.Outcome(False, "T", "R", "M")


@pytest.mark.parametrize(
    "text", ["import no_such_thing", "print('[1]\\nnull\\n{\"overall\": {}}'); raise SystemExit(3)"]
)
def test_a_set_up_that_breaks_or_babbles_is_a_failure_in_words(text: str) -> None:
    outcome = ended(setup_run.SetupRun(program(text)))[-1]
    assert not outcome.ready
    assert outcome.title
    assert outcome.reason
    assert outcome.remedy


def test_closing_the_window_ends_pip_too(tmp_path: Path) -> None:
    note = tmp_path / "pip"
    child = "import time; time.sleep(600)"
    run = setup_run.SetupRun(
        program(
            "import subprocess, sys, pathlib;"
            f"p = subprocess.Popen([sys.executable, '-c', '{child}']);"
            f"pathlib.Path({str(note)!r}).write_text(str(p.pid)); p.wait()"
        )
    )
    pid = int(until(lambda: note.exists() and note.read_text()))
    run.stop()

    def gone() -> bool:
        try:
            return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    assert until(gone)


def test_the_set_up_runs_out_of_the_installed_wheel_and_says_what_is_wrong(
    root: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real one, on a Python without any package, against an index that is not there."""
    for name in [*os.environ]:
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    places = layout.Layout.of(root, windows=False, home=home)
    news = ended(setup_run.SetupRun(places.setup_command()))
    assert [event.text for event in news if isinstance(event, setup_run.Event)]
    assert not news[-1].ready
    assert news[-1].title == "The package index cannot be reached"
    assert places.environment.is_dir()
    assert not places.ready


def test_an_environment_is_ready_only_with_this_release_and_a_python(root: Path, home: Path) -> None:
    places = layout.Layout.of(root, windows=False, home=home)
    assert not places.ready
    places.python.parent.mkdir(parents=True)
    places.python.symlink_to(sys.executable)
    assert not places.ready
    release = places.environment / "release"
    release.write_text(release_of(places.wheel) + "\n", encoding="utf-8")
    assert places.ready
    release.write_text("0.0.1 0123456789abcdef\n", encoding="utf-8")
    assert not places.ready  # an upgrade came
    release.write_text(release_of(places.wheel) + "\n", encoding="utf-8")
    places.python.unlink()
    places.python.symlink_to(home / "moved" / "python3")
    assert not places.ready  # the app was moved


def test_the_extension_is_laid_out_where_browsers_see_it_and_replaced_by_an_upgrade(
    root: Path, home: Path
) -> None:
    places = layout.Layout.of(root, windows=False, home=home)
    places.environment.mkdir(parents=True)
    places.lay_out_extension()
    (places.extension / "old.js").write_bytes(b"")
    places.lay_out_extension()
    assert not (places.extension / "old.js").exists()
    assert (places.extension / "chromium" / "manifest.json").is_file()
    assert not [path for path in places.environment.iterdir() if path != places.extension]


def test_a_damaged_installation_says_so(tmp_path: Path) -> None:
    with pytest.raises(layout.BrokenInstallationError, match="lacks"):
        layout.Layout.of(tmp_path, windows=True)


def start(root: Path, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """start.py as the launchers call it: on the bare Python."""
    environ = {
        "HOME": str(home),
        "PATH": "/usr/bin:/bin",
        "PHOTOVEIL_LAUNCHER": "/Applications/Photoveil.app/Contents/MacOS/Photoveil",
    }
    command = [sys.executable, "-I", "-B", str(root / "setup" / "start.py"), *words]
    return subprocess.run(command, capture_output=True, text=True, env=environ, timeout=300, check=False)


def stand_in(root: Path, home: Path) -> Path:
    """An environment whose Python writes down how it was called."""
    places = layout.Layout.of(root, windows=False, home=home)
    places.python.parent.mkdir(parents=True)
    note = home / "called"
    places.python.write_text(
        f'#!/bin/sh\necho "$@|$PHOTOVEIL_LAUNCHER|$PHOTOVEIL_EXTENSION" >> "{note}"\n', encoding="utf-8"
    )
    places.python.chmod(0o755)
    (places.environment / "release").write_text(places.release + "\n", encoding="utf-8")
    return note


def test_the_login_is_left_alone_until_photoveil_was_set_up(root: Path, home: Path) -> None:
    done = start(root, home, "run", "--login")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (home / "Library").exists()


@pytest.mark.parametrize(
    ("words", "expected"),
    [((), "open"), (("-psn_0_12345",), "open"), (("open",), "open"), (("run", "--login"), "run --login")],
)
def test_a_ready_photoveil_is_started_and_told_by_what(
    root: Path, home: Path, words: tuple[str, ...], expected: str
) -> None:
    note = stand_in(root, home)
    assert start(root, home, *words).returncode == 0
    launcher = "/Applications/Photoveil.app/Contents/MacOS/Photoveil"
    extension = home / "Library" / "Application Support" / "photoveil-environment" / "extension"
    assert (
        note.read_text(encoding="utf-8") == f"-I -X utf8 -m photoveil.cli {expected}|{launcher}|{extension}\n"
    )


def test_start_imports_no_package_and_no_window_unless_it_needs_one(root: Path, home: Path) -> None:
    stand_in(root, home)
    code = (
        f"import sys; sys.path.insert(0, {str(root / 'setup')!r}); import start; start.main([]);"
        "print(*sorted(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        capture_output=True,
        text=True,
        env={"HOME": str(home)},
        check=True,
    )
    assert not {"tkinter", "photoveil", "torch", "site"} & {
        name.split(".")[0] for name in done.stdout.split()
    }


@heavy
def test_the_window_shows_progress_offers_another_try_and_closes_when_done(tmp_path: Path) -> None:
    pytest.importorskip("tkinter", reason="needs python3-tk")
    tries = tmp_path / "tries"
    fails_once = (
        "import json, pathlib, sys;"
        f"p = pathlib.Path({str(tries)!r}); n = len(p.read_text()) if p.exists() else 0; p.write_text('x' * (n + 1));"
        "print(json.dumps({'step': 'fetch', 'text': 'Fetching …', 'done': 1e6, 'total': 4e6, 'overall': 0.5}));"
        "error = {'step': 'error', 'title': 'Cut', 'reason': 'No network.', 'remedy': 'Try.'};"
        "print(json.dumps(error)) if n == 0 else None;"
        "sys.exit(n == 0)"
    )
    watch = f"""
import sys
sys.path.insert(0, {str(COMMON)!r})
from setup_window import SetupWindow
window = SetupWindow({program(fails_once)!r})
seen = []
def look():
    seen.append((window.title["text"], float(window.bar["value"]), bool(window.again.winfo_ismapped())))
    if window.title["text"] == "Cut":
        window.again.invoke()
    window.root.after(30, look)
window.root.after(30, look)
ready = window.show()
cut = [entry for entry in seen if entry[0] == "Cut"]
print(ready, cut[0][1], any(entry[2] for entry in seen))
"""
    done = subprocess.run(
        ["xvfb-run", "--auto-servernum", sys.executable, "-c", watch],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout.split()[:2] == ["True", "500.0"], done.stdout + done.stderr
    assert tries.read_text() == "xx"
