"""The commands around the daemon, as processes."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from photoveil.api.client import DaemonError, pair, paired
from photoveil.api.runtime import Runtime
from tests.cli.conftest import Photoveil

ORIGIN = "moz-extension://0123abcd-0000-4000-8000-000000000000"


@pytest.fixture
def running(environment: dict[str, str]) -> Iterator[Runtime]:
    command = [sys.executable, "-P", "-m", "photoveil.cli", "run", "--no-tray", "--port", "0"]
    file = Path(environment["PHOTOVEIL_HOME"], "default", "state", "run", "runtime.json")
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as daemon:
        while not file.exists() and daemon.poll() is None:
            time.sleep(0.02)
        yield Runtime.read(file)
        daemon.terminate()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["protect", "--help"],
        ["models", "list", "--help"],
        ["personas", "learn", "--help"],
    ],
)
def test_help_answers_without_heavy_modules(arguments: list[str]) -> None:
    script = (
        "import sys\nfrom photoveil.cli import main\n"
        "try:\n    main(sys.argv[1:])\n"
        "except SystemExit:\n"
        "    heavy = {'torch', 'numpy', 'PIL', 'aiohttp', 'asyncio', 'keyring', 'sqlite3'} & set(sys.modules)\n"
        "    print('heavy:', sorted(heavy))"
    )
    found = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    assert "heavy: []" in found.stdout


def test_every_command_has_help(photoveil: Photoveil) -> None:
    top = photoveil("--help").stdout
    for command in ("protect", "run", "status", "stop", "pair", "clients", "models", "personas"):
        assert command in top
        assert photoveil(command, "--help").returncode == 0
    assert "exit codes" in top
    assert "examples" in photoveil("protect", "--help").stdout


@pytest.mark.parametrize(
    "arguments", [[], ["nonsense"], ["protect"], ["run", "--port", "99999"], ["protect", "a.jpg"]]
)
def test_what_is_not_understood_exits_with_2(photoveil: Photoveil, arguments: list[str]) -> None:
    assert photoveil(*arguments).returncode == 2


@pytest.mark.parametrize("command", [["status"], ["stop"], ["pair", "--yes"], ["clients"]])
def test_without_a_daemon_commands_say_so(photoveil: Photoveil, command: list[str]) -> None:
    found = photoveil(*command)
    assert found.returncode == 3
    assert "not running" in found.stderr
    assert "photoveil run" in found.stderr
    assert found.stdout == ""


def test_status_for_programs(photoveil: Photoveil) -> None:
    found = photoveil("status", "--json")
    assert found.returncode == 3
    assert json.loads(found.stdout) == {"running": False}


def test_models_are_listed(photoveil: Photoveil) -> None:
    told = json.loads(photoveil("models", "list", "--json").stdout)
    assert [model_set["name"] for model_set in told] == ["starter", "standard", "strong"]
    assert [model_set["installed"] for model_set in told] == [True, False, False]
    assert told[0]["installed"] is True
    assert {encoder["role"] for encoder in told[0]["encoders"]} == {"surrogate", "witness"}
    assert "tiny-vit" in photoveil("models", "list").stdout


def test_status_clients_and_stop(photoveil: Photoveil, running: Runtime) -> None:
    told = json.loads(photoveil("status", "--json").stdout)
    assert (told["running"], told["pid"], told["port"]) == (True, running.pid, running.port)
    assert f"port {running.port}" in photoveil("status").stdout
    assert "No browser is connected" in photoveil("clients").stdout
    assert photoveil("stop").returncode == 0
    assert photoveil("status").returncode == 3


def asked_by_a_browser(question: bytes, environment: dict[str, str]) -> dict[str, str]:
    """What a browser does with the program that a package brought: length and JSON, each way."""
    command = [sys.executable, "-P", "-m", "photoveil.cli", "browser-host", "chrome-extension://abc/"]
    done = subprocess.run(command, env=environment, input=question, capture_output=True, check=True)
    assert done.stderr == b""
    (length,) = struct.unpack("=I", done.stdout[:4])
    assert len(done.stdout) == 4 + length
    told: dict[str, str] = json.loads(done.stdout[4:])
    return told


def framed(question: object) -> bytes:
    data = json.dumps(question).encode()
    return struct.pack("=I", len(data)) + data


def test_a_browser_is_brought_a_code(running: Runtime, environment: dict[str, str]) -> None:
    told = asked_by_a_browser(framed({"ask": "code"}), environment)
    client = pair(running.port, told["code"], "Chromium on Linux", ORIGIN)
    assert not paired(client)  # its user has yet to say yes
    assert asked_by_a_browser(framed({"ask": "code"}), environment) == {"error": "pairing_busy"}


@pytest.mark.parametrize(
    ("question", "error"),
    [
        (framed({"ask": "code"}), "not_running"),
        (framed({"ask": "photos"}), "bad_request"),
        (framed(["ask", "code"]), "bad_request"),
        (b"\xff\xff\xff\x7f{}", "bad_request"),
        (struct.pack("=I", 3) + b"\xff{}", "bad_request"),
        (b"", "bad_request"),
    ],
)
def test_a_browser_is_told_why_there_is_no_code(
    question: bytes, error: str, environment: dict[str, str]
) -> None:
    assert asked_by_a_browser(question, environment) == {"error": error}


def _code(lines: Iterator[str]) -> str:
    return next(line.strip() for line in lines if line.startswith("    "))


def test_pairing_and_revoking(photoveil: Photoveil, running: Runtime, environment: dict[str, str]) -> None:
    command = [sys.executable, "-P", "-m", "photoveil.cli", "pair", "--yes"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as pairing:
        assert pairing.stdout is not None
        code = _code(iter(pairing.stdout))
        assert [len(group) for group in code.split()] == [4, 4, 4, 4]
        client = pair(running.port, code, "Firefox", ORIGIN)
        assert "Connected." in pairing.stdout.read()
    assert pairing.returncode == 0
    assert paired(client)
    listed = json.loads(photoveil("clients", "--json").stdout)
    assert [(one["client"], one["name"], one["origin"]) for one in listed] == [
        (client.client, "Firefox", ORIGIN)
    ]
    assert client.client in photoveil("clients").stdout
    assert photoveil("clients", "--revoke", client.client).returncode == 0
    with pytest.raises(DaemonError):
        client.open()
    assert photoveil("clients", "--revoke", client.client).returncode == 1


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 4), ("", 4)])
def test_the_user_is_asked(running: Runtime, environment: dict[str, str], answer: str, code: int) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-P", "-m", "photoveil.cli", "pair"]
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, ours)
        pairing = stack.enter_context(
            subprocess.Popen(
                command,
                env=environment,
                stdin=theirs,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        os.close(theirs)
        assert pairing.stdout is not None
        client = pair(running.port, _code(iter(pairing.stdout)), "Firefox", ORIGIN)
        os.write(ours, f"{answer}\n".encode())
        told = pairing.stdout.read()
        assert pairing.wait(100) == code
    assert f"“Firefox” ({ORIGIN})?" in told
    if code:
        assert "refused" in told
        with pytest.raises(DaemonError):
            paired(client)
    else:
        assert paired(client)


def test_without_a_terminal_nobody_is_accepted(photoveil: Photoveil, running: Runtime) -> None:
    found = photoveil("pair", typed="y\n")
    assert found.returncode == 2
    assert "--yes" in found.stderr


def test_unknown_settings_are_reported(environment: dict[str, str], photoveil: Photoveil) -> None:
    file = Path(environment["PHOTOVEIL_HOME"], "default", "config", "settings.toml")
    file.parent.mkdir(parents=True)
    file.write_text('strenght = "strong"\nport = "x"\n')
    found = photoveil("run")
    assert found.returncode == 1
    assert "whole number" in found.stderr
