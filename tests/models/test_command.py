"""``photoveil models`` as users type it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from photoveil import models
from photoveil.cli import main
from tests.models.pulling import CLIP, CONTENT, CONVNEXT
from tests.models.server import Fault, Hub

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command in this process; answers its exit code and what it printed."""
    monkeypatch.setenv("PHOTOVEIL_MODELS", str(folder))
    monkeypatch.setenv("PHOTOVEIL_HOME", str(tmp_path / "photoveil"))

    def run(*arguments: str) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(["models", *arguments])
        return code, out.getvalue(), err.getvalue()

    return run


def _only(told: str, name: str = "duo") -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in json.loads(told) if one["name"] == name)
    return found


def test_from_nothing_to_a_set_and_back(run: Run, hub: Hub) -> None:
    code, out, _ = run("list", "--json")
    assert (code, _only(out)["installed"], len(_only(out)["missing"])) == (0, False, 2)
    assert "not installed: about" in run("list")[1]
    code, out, err = run("pull", "duo", "--endpoint", hub.endpoint)
    assert (code, out) == (0, "“duo” is installed.\n")
    assert f"1/2 {CLIP}.safetensors" in err
    code, out, _ = run("list", "--json")
    encoder = _only(out)["encoders"][0]
    assert encoder["bytes"] == len(CONTENT(CLIP))
    assert len(encoder["sha256"]) == 64
    assert run("verify")[:2] == (0, "starter: as recorded\nduo: as recorded\n")
    code, out, _ = run("remove", "duo")
    assert code == 0
    assert "free again" in out
    assert run("remove", "duo")[:2] == (0, "Nothing of “duo” was there.\n")


def test_for_programs(run: Run, hub: Hub) -> None:
    code, out, _ = run("pull", "duo", "--endpoint", hub.endpoint, "--json")
    assert code == 0
    assert json.loads(out)["installed"] is True
    assert json.loads(run("verify", "duo", "--json")[1]) == [{"name": "duo", "findings": []}]
    assert json.loads(run("remove", "duo", "--json")[1])["freed_bytes"] > 0
    code, out, _ = run("pull", "nonsense", "--json")
    assert code == 1
    assert json.loads(out)["error"]["code"] == "models"


def test_damage_is_found_and_told(run: Run, hub: Hub, folder: Path) -> None:
    run("pull", "duo", "--endpoint", hub.endpoint)
    (folder / "duo" / f"{CLIP}.safetensors").write_bytes(b"damaged")
    code, out, _ = run("verify", "duo")
    assert code == 1
    assert f"{CLIP}.safetensors: changed" in out
    assert "photoveil models pull duo" in out
    code, out, _ = run("verify", "duo", "--json")
    assert (code, json.loads(out)[0]["findings"][0]["problem"]) == (1, "changed")


def test_files_are_added(run: Run, tmp_path: Path) -> None:
    (tmp_path / f"{CLIP}.safetensors").write_bytes(CONTENT(CLIP))
    code, out, _ = run("add", "duo", str(tmp_path / f"{CLIP}.safetensors"))
    assert (code, out) == (0, f"“duo” has 1 encoder. Still missing: {CONVNEXT}.safetensors.\n")


def test_mirror_and_offline_are_taken_from_the_settings(run: Run, hub: Hub) -> None:
    assert main(["settings", "set", "model_endpoint", hub.endpoint]) == 0
    assert main(["settings", "set", "offline", "on"]) == 0
    code, _, err = run("pull", "duo")
    assert code == 1
    assert "offline" in err
    assert hub.seen == []
    assert main(["settings", "set", "offline", "off"]) == 0
    assert run("pull", "duo", "--offline")[0] == 1
    assert run("pull", "duo")[0] == 0


def test_a_token_is_taken_from_the_environment_alone(
    run: Run, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHOTOVEIL_HUB_TOKEN", "mine")
    run("pull", "duo", "--endpoint", hub.endpoint)
    assert hub.asked("HEAD")[0].headers["authorization"] == "Bearer mine"


def _start(hub: Hub, *arguments: str, **streams: Any) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-P", "-m", "photoveil.cli", "models", *arguments, "--endpoint", hub.endpoint]
    return subprocess.Popen(command, env=os.environ, preexec_fn=_hear_ctrl_c, **streams)


def _hear_ctrl_c() -> None:
    """Whatever started the tests may have had its children ignore it, as shells do in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_keeps_what_has_arrived(run: Run, hub: Hub, folder: Path) -> None:
    hub.faults.append(Fault(hold=40_000))
    with _start(hub, "pull", "duo", stderr=subprocess.PIPE) as command:
        assert hub.held.wait(60)
        while not any((folder / "duo").glob(".*.part")):
            assert command.poll() is None
        command.send_signal(signal.SIGINT)
        _, err = command.communicate(timeout=60)
    hub.go_on()
    assert command.returncode == 130
    assert b"what has arrived is kept" in err
    assert any((folder / "duo").glob(".*.part"))
    assert not models.installed("duo", folder)


def _all_of(master: int) -> bytes:
    """What is written on a terminal until nobody has it open any more, which the system tells by an error."""
    found = b""
    with contextlib.suppress(OSError):
        while piece := os.read(master, 4096):
            found += piece
    return found


def test_a_terminal_shows_a_bar(run: Run, hub: Hub) -> None:
    master, terminal = pty.openpty()
    with _start(hub, "pull", "duo", stderr=terminal, stdout=subprocess.DEVNULL) as command:
        os.close(terminal)
        shown = _all_of(master).decode()
        assert command.wait(60) == 0
    os.close(master)
    assert "100%" in shown
    assert "█" * 20 in shown
    assert shown.endswith("\r\x1b[K")  # and takes it away


def test_listing_loads_neither_torch_nor_the_hub_s_library(run: Run) -> None:
    script = (
        "import sys\nfrom photoveil.cli import main\nmain(['models', 'list'])\n"
        "heavy = {'torch', 'numpy', 'PIL', 'aiohttp', 'huggingface_hub', 'httpx2', 'filelock'} & set(sys.modules)\n"
        "print('heavy:', sorted(heavy))"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "heavy: []" in found.stdout
    assert "standard" in found.stdout
