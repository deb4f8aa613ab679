"""The workflow for hosted machines: as GitHub's schema wants it, and naming only what is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.installers.tools import ROOT

FILE = ROOT / ".github" / "workflows" / "installers.yml"


def steps() -> list[dict[str, Any]]:
    jobs = YAML(typ="safe").load(FILE)["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def check(file: Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.github-workflows",
        str(file),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_it_is_a_workflow_by_githubs_own_schema(tmp_path: Path) -> None:
    assert check(FILE).returncode == 0
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(FILE.read_text(encoding="utf-8").replace("runs-on:", "runs_on:", 1), encoding="utf-8")
    assert check(wrong).returncode != 0


def test_every_action_is_pinned_to_a_commit() -> None:
    used = [step["uses"] for step in steps() if "uses" in step]
    assert used
    for action in used:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action), action


def test_every_program_it_runs_is_there_and_jobs_hand_on_what_they_made() -> None:
    commands = "\n".join(step["run"] for step in steps() if "run" in step)
    named = set(re.findall(r"installers/[\w./-]+\.(?:py|sh|ps1)", commands))
    assert {
        "installers/windows/build.py",
        "installers/windows/smoke.ps1",
        "installers/macos/build.py",
    } <= named
    assert {"installers/macos/smoke.sh"} <= named
    for name in named:
        assert (ROOT / name).is_file(), name
    made = {step["with"]["name"] for step in steps() if "upload-artifact" in step.get("uses", "")}
    fetched = {step["with"]["name"] for step in steps() if "download-artifact" in step.get("uses", "")}
    assert fetched <= made


def test_it_may_only_read_and_keeps_no_credentials() -> None:
    told = YAML(typ="safe").load(FILE)
    assert told["permissions"] == {"contents": "read"}
    for step in steps():
        if "checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False
    assert "secrets." not in FILE.read_text(encoding="utf-8")
