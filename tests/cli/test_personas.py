"""``photoveil personas``: people are listed, taught and forgotten, also while the daemon and others work on them."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from photoveil.api.client import DaemonClient
from photoveil.api.runtime import Runtime
from photoveil.photos import decode
from photoveil.protection import Engine, Persona
from tests.cli.conftest import Photoveil
from tests.cli.house import COMMAND, House
from tests.cli.test_protect import animation, jpeg

Teach = Callable[[str, range], None]


@pytest.fixture(scope="session")
def engine(models: Path) -> Engine:
    return Engine.load(device="cpu", models_dir=models)


@pytest.fixture
def photoveil(environment: dict[str, str], tmp_path: Path) -> Photoveil:
    """Run the command in this process, to save its start; its worker is one of its own all the same."""
    house = House(tmp_path, environment)

    def run(*arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        return house.run(*arguments, typed=typed, code=None)

    return run


@pytest.fixture
def folder(environment: dict[str, str]) -> Path:
    return Path(environment["PHOTOVEIL_HOME"], "default", "state", "personas")


@pytest.fixture
def teach(engine: Engine, folder: Path, tmp_path: Path) -> Teach:
    """Let a persona know some photos without the command."""

    def learn(name: str, seeds: range) -> None:
        persona = Persona.load(folder, name)
        engine.learn(persona, [decode(jpeg(tmp_path / "lesson.jpg", seed)) for seed in seeds])
        persona.save(folder)

    return learn


@pytest.fixture
def running(environment: dict[str, str]) -> Iterator[DaemonClient]:
    file = Path(environment["PHOTOVEIL_HOME"], "default", "state", "run", "runtime.json")
    with subprocess.Popen(
        [*COMMAND, "run", "--no-tray", "--port", "0"], env=environment, stderr=subprocess.DEVNULL
    ) as daemon:
        while not file.exists() and daemon.poll() is None:
            time.sleep(0.02)
        yield DaemonClient.local(Runtime.read(file))
        daemon.terminate()


def listed(photoveil: Photoveil) -> dict[str, Any]:
    """What is known of everyone, in the eyes of the tiny models."""
    found = json.loads(photoveil("personas", "list", "--json").stdout)
    return {entry["name"]: entry["model_sets"][0] for entry in found}


def standing(photos: int) -> dict[str, Any]:
    return {"model_set": "starter", "photos": photos, "enough": 8, "settled": photos >= 8}


def outcomes(told: dict[str, Any]) -> dict[str, str]:
    return {entry["file"]: entry["outcome"] for entry in told["files"]}


def test_help_tells_what_a_persona_is(photoveil: Photoveil) -> None:
    told = photoveil("personas", "--help").stdout
    assert "eight clean photos" in told
    for action in ("list", "learn", "forget"):
        assert action in told
        assert photoveil("personas", action, "--help").returncode == 0
    assert photoveil("personas").returncode == 2


def test_the_list(photoveil: Photoveil, teach: Teach, folder: Path) -> None:
    found = photoveil("personas", "list")
    assert (found.returncode, "Nobody is known yet" in found.stdout) == (0, True)
    assert photoveil("personas", "list", "--json").stdout == "[]\n"
    teach("zoe", range(3))
    teach("anna", range(8))
    assert listed(photoveil) == {"anna": standing(8), "zoe": standing(3)}
    told = photoveil("personas", "list").stdout
    assert "settled on 8 photos" in told
    assert "3 of 8 photos known, 5 more would settle it" in told
    changed = json.loads(photoveil("personas", "list", "--json").stdout)[0]["changed"]
    assert changed.endswith("+00:00")
    assert f"anna, changed {changed}" in told
    (folder / "anna.safetensors").write_bytes(b"rubbish")
    found = photoveil("personas", "list")
    assert "zoe" in found.stdout
    assert "anna: Persona file damaged" in found.stderr
    assert photoveil("personas", "learn", "anna", "x.jpg").returncode == 1
    assert photoveil("personas", "forget", "anna", "--yes").returncode == 0


def test_lists_without_torch(environment: dict[str, str], teach: Teach) -> None:
    teach("anna", range(1))
    script = (
        "import sys; from photoveil.cli import main; main(['personas', 'list'])\n"
        "print('heavy:', sorted({'torch', 'numpy', 'PIL', 'aiohttp'} & set(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert "heavy: []" in found.stdout


def test_learning_from_all_that_a_user_may_offer(photoveil: Photoveil, tmp_path: Path) -> None:
    for name in ("album", "empty"):
        (tmp_path / name).mkdir()
    originals = [jpeg(tmp_path / f"{seed}.jpg", seed) for seed in range(3)]
    for seed in (0, 3, 4):
        jpeg(tmp_path / "album" / f"{seed}.JPEG", seed)
    (tmp_path / "album" / "notes.txt").write_text("no photo, and not looked at")
    (tmp_path / "text.jpg").write_bytes(b"this is no photo")
    (tmp_path / "broken.jpg").write_bytes(originals[0][:500])
    animation(tmp_path / "moving.gif")
    offered = ["0.jpg", "text.jpg", "album", "0.jpg", "broken.jpg", "missing.jpg", "moving.gif", "empty"]

    found = photoveil("personas", "learn", "anna", *offered, "--json")

    assert found.returncode == 0, found.stderr
    told = json.loads(found.stdout)
    assert {key: told[key] for key in ("persona", *standing(0))} == {"persona": "anna", **standing(3)}
    assert [(entry["file"], entry["outcome"]) for entry in told["files"]] == [
        ("0.jpg", "learnt"),
        ("text.jpg", "failed"),
        ("album/0.JPEG", "known"),
        ("album/3.JPEG", "learnt"),
        ("album/4.JPEG", "learnt"),
        ("0.jpg", "known"),
        ("broken.jpg", "failed"),
        ("missing.jpg", "failed"),
        ("moving.gif", "failed"),
        ("empty", "failed"),
    ]
    for entry in told["files"]:
        assert ("error" in entry) == (entry["outcome"] == "failed")
        if "error" in entry:
            assert set(entry["error"]) == {"code", "title", "reason", "remedy"}
            assert f"{entry['file']}: {entry['error']['title']}" in found.stderr
    assert "Nothing is learnt from moving pictures" in found.stderr
    assert "no photo in this folder" in found.stderr
    assert (tmp_path / "0.jpg").read_bytes() == originals[0]
    assert listed(photoveil) == {"anna": standing(3)}

    nothing = photoveil("personas", "learn", "bert", "text.jpg", "missing.jpg")
    assert nothing.returncode == 1
    assert "“bert”, starter: 0 of 8 photos known" in nothing.stdout
    assert listed(photoveil) == {"anna": standing(3)}


def test_settling_and_starting_anew(photoveil: Photoveil, teach: Teach, tmp_path: Path, folder: Path) -> None:
    for seed in range(10):
        jpeg(tmp_path / f"{seed}.jpg", seed)
    teach("anna", range(6))
    found = photoveil("personas", "learn", "anna", *(f"{seed}.jpg" for seed in range(5, 10)))
    assert found.returncode == 0, found.stderr
    assert "5.jpg: known already" in found.stdout
    assert "7.jpg: learnt (8 of 8)" in found.stdout
    assert "2 more photos were not needed" in found.stdout
    assert "settled on 8 photos" in found.stdout
    settled = (folder / "anna.safetensors").read_bytes()

    refused = photoveil("personas", "learn", "anna", "9.jpg")
    assert refused.returncode == 1
    assert "The persona is settled" in refused.stderr
    assert "--again" in refused.stderr
    told = json.loads(photoveil("personas", "learn", "anna", "9.jpg", "--json").stdout)
    assert told["error"]["code"] == "persona"
    (tmp_path / "text.jpg").write_bytes(b"this is no photo")
    assert photoveil("personas", "learn", "anna", "text.jpg", "--again").returncode == 1
    assert (folder / "anna.safetensors").read_bytes() == settled

    again = photoveil("personas", "learn", "anna", "9.jpg", "0.jpg", "--again")
    assert again.returncode == 0, again.stderr
    assert "in another direction" in again.stderr
    assert "0.jpg: learnt (2 of 8)" in again.stdout
    assert listed(photoveil) == {"anna": standing(2)}


def test_a_protected_copy_teaches_nobody(photoveil: Photoveil, tmp_path: Path, folder: Path) -> None:
    jpeg(tmp_path / "one.jpg", 1)
    assert photoveil("protect", "one.jpg", "-o", "out", "--persona", "anna").returncode == 0
    before = (folder / "anna.safetensors").read_bytes()
    for name in ("anna", "bert"):
        found = photoveil("personas", "learn", name, "out", "--json")
        assert found.returncode == 1
        assert outcomes(json.loads(found.stdout)) == {"out/one.jpg": "own-copy"}
        assert "protected copy" in json.loads(found.stdout)["files"][0]["reason"]
    for name in ("anna", "bert"):
        assert photoveil("protect", "out/one.jpg", "-o", "twice", "--persona", name).returncode == 1
    assert (folder / "anna.safetensors").read_bytes() == before
    assert listed(photoveil) == {"anna": standing(1)}


def test_two_commands_at_once_lose_nothing(
    environment: dict[str, str], photoveil: Photoveil, tmp_path: Path
) -> None:
    for seed in range(8):
        jpeg(tmp_path / f"{seed}.jpg", seed)
    both = [
        subprocess.Popen(
            [*COMMAND, "personas", "learn", "anna", *(f"{seed}.jpg" for seed in seeds)],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for seeds in (range(4), range(4, 8))
    ]
    for command in both:
        command.communicate(timeout=400)
    assert [command.returncode for command in both] == [0, 0]
    assert listed(photoveil) == {"anna": standing(8)}


def test_a_running_daemon_knows_what_was_taught_and_forgotten(
    photoveil: Photoveil, running: DaemonClient, tmp_path: Path, folder: Path
) -> None:
    def upload(seed: int) -> None:
        job = running.protect(jpeg(tmp_path / "upload.jpg", seed), "upload.jpg")["job"]
        assert list(running.follow(job, 400))[-1]["state"] == "done"

    def known() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = running.call("personas")["personas"]
        return [entry["model_sets"][0] for entry in found if entry["model_sets"]]

    upload(0)
    assert known() == [standing(1)]
    (tmp_path / "album").mkdir()
    for seed in range(7):
        jpeg(tmp_path / "album" / f"{seed + 1}.jpg", seed + 1)
    assert photoveil("personas", "learn", "me", "album").returncode == 0
    assert known() == [standing(8)]
    upload(8)  # fits the look to all that was learnt
    settled = (folder / "me.safetensors").read_bytes()
    upload(9)  # the same worker as before: had it kept its own idea of the persona, it would save that now
    assert (folder / "me.safetensors").read_bytes() == settled
    assert photoveil("personas", "forget", "me", "--yes").returncode == 0
    assert known() == []
    upload(10)
    assert known() == [standing(1)]


def test_forgetting(photoveil: Photoveil, teach: Teach, folder: Path) -> None:
    teach("anna", range(2))
    teach("zoe", range(1))
    unasked = photoveil("personas", "forget", "anna", typed="y\n")
    assert unasked.returncode == 2
    assert "--yes" in unasked.stderr
    assert set(listed(photoveil)) == {"anna", "zoe"}
    found = photoveil("personas", "forget", "anna", "--yes")
    assert found.returncode == 0
    assert "already protected stay" in found.stderr
    assert "in another direction" in found.stderr
    assert set(listed(photoveil)) == {"zoe"}
    again = photoveil("personas", "forget", "anna", "--yes")
    assert again.returncode == 1
    assert "no such persona" in again.stderr
    shutil.rmtree(folder)
    assert photoveil("personas", "forget", "zoe", "--yes").returncode == 1


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 1), ("", 1)])
def test_the_user_is_asked_before_forgetting(
    environment: dict[str, str], teach: Teach, folder: Path, answer: str, code: int
) -> None:
    teach("anna", range(1))
    ours, theirs = pty.openpty()
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, ours)
        forgetting = stack.enter_context(
            subprocess.Popen(
                [*COMMAND, "personas", "forget", "anna"],
                env=environment,
                stdin=theirs,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        os.close(theirs)
        os.write(ours, f"{answer}\n".encode())
        told = forgetting.communicate(timeout=100)[0]
    assert forgetting.returncode == code
    assert "Forget “anna”?" in told
    assert (folder / "anna.safetensors").exists() == bool(code)


@pytest.mark.parametrize(
    ("arguments", "reason", "code"),
    [
        (["learn", "../x", "a.jpg"], "letters, digits", 2),
        (["learn", "anna", "a.jpg", "--model-set", "giant"], "starter", 2),
        (["learn", "anna"], "PHOTO", 2),
        (["forget", "../x", "--yes"], "name not usable", 1),
    ],
)
def test_wishes_that_cannot_be(photoveil: Photoveil, arguments: list[str], reason: str, code: int) -> None:
    found = photoveil("personas", *arguments)
    assert found.returncode == code
    assert reason in found.stderr
