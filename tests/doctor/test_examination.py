"""The doctor works where little else does: what is broken or hangs hides nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from photoveil.doctor import CHECKS, Patient, State, examine
from tests.doctor.ward import Ward

ROOT = Path(__file__).parents[2]


def test_every_check_is_one_module_and_every_module_one_check() -> None:
    folder = ROOT / "daemon" / "photoveil" / "doctor" / "checks"
    assert {check.name for check in CHECKS} == {file.stem for file in folder.glob("[a-z]*.py")}
    assert all(find_spec(check.module) for check in CHECKS)
    assert len(CHECKS) >= 14


def test_a_check_that_hangs_is_given_up(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ward.house.environment.items():
        monkeypatch.setenv(name, value)
    file = ward.settings("")
    file.unlink()
    os.mkfifo(file)  # whoever reads it waits for ever
    checks = {check.name: check for check in CHECKS}
    wanted = [replace(checks["settings"], seconds=0.5), checks["heif"], checks["profile"]]
    hung, *others = examine(Patient(), wanted)
    (finding,) = hung.findings
    assert (finding.code, hung.state) == ("no_answer", State.PROBLEM)
    assert [result.state for result in others] == [
        State.GOOD,
        State.PROBLEM,
    ]  # the file's folder has the rights of this test
    assert others[1].findings[0].code == "profile_open"


@pytest.mark.parametrize("gone", ["platformdirs", "psutil"])
def test_with_a_broken_installation_it_tells_what_is_missing(ward: Ward, tmp_path: Path, gone: str) -> None:
    import reedsolo

    packages = tmp_path / "packages"
    packages.mkdir()
    for entry in Path(reedsolo.__file__).parent.iterdir():
        if not entry.name.startswith(gone):
            (packages / entry.name).symlink_to(entry)
    environment = {
        **ward.house.environment,
        "PYTHONPATH": os.pathsep.join((str(packages), str(ROOT / "daemon"))),
    }
    skipped = {"device", "tray", "keyring", "models"}  # those that take long
    only = [word for check in CHECKS if check.name not in skipped for word in ("--only", check.name)]
    command = [sys.executable, "-S", "-P", "-m", "photoveil.cli", "doctor", "--json", *only]
    command += ["--report", str(tmp_path / "report.zip")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    assert len(told["checks"]) == len(CHECKS) - len(skipped)
    found = {finding["code"]: finding for check in told["checks"] for finding in check["findings"]}
    assert gone in found["package_missing"]["reason"]
    assert f"install --force-reinstall --no-deps '{gone}" in found["package_missing"]["remedy"]
    assert (tmp_path / "report.zip").exists()


def test_the_command_tells_in_words_and_by_its_exit_code(ward: Ward, tmp_path: Path) -> None:
    checks = ("--only", "heif", "--only", "settings")
    done = ward.house.run("doctor", *checks, code=0)
    assert "good health" in done.stdout
    ward.settings("port = fast\n")
    done = ward.house.run("doctor", *checks, code=1)
    assert "Problem:" in done.stdout
    assert "`photoveil doctor --fix` can mend 1" in done.stdout
    done = ward.house.run("doctor", "--fix", *checks, code=0)
    assert "Mended:" in done.stdout
    assert ward.house.run("doctor", *checks, code=0).stdout.endswith("good health.\n")


def test_a_profile_of_another_name_is_named_in_remedies(ward: Ward) -> None:
    told = ward.house.json("doctor", "--profile", "work", "--only", "daemon", code=1)
    assert "`photoveil run --profile work`" in told["checks"][0]["findings"][0]["remedy"]


def test_a_name_that_is_no_check_is_refused(ward: Ward) -> None:
    assert "There are: installation" in ward.house.refused("doctor", "--only", "setting", code=2)


def test_what_cannot_be_mended_is_told_and_left_as_it_is(ward: Ward) -> None:
    # The daemon runs with the ledger that is being damaged: it must be stopped first.
    ward.start()
    file = ward.house.path("state", "ledger.sqlite3")
    for other in file.parent.glob("ledger.sqlite3-*"):
        other.unlink()
    file.write_bytes(b"not a database " * 4096)
    finding = ward.found("ledger", "ledger_damaged")
    assert "`photoveil stop`" in finding["remedy"]
    told = ward.house.json("doctor", "--fix", "--only", "ledger", code=1)
    assert [one["mended"] for one in told["mended"]] == [False]
    assert file.read_bytes().startswith(b"not a database")
    ward.follow(finding)  # stop it, then mend
    ward.well("ledger")


def test_nothing_heavy_is_loaded_before_it_is_needed(ward: Ward) -> None:
    script = (
        "import sys, photoveil.doctor, photoveil.cli.doctor, photoveil.cli; photoveil.cli.parser(); "
        "print(sorted({'torch', 'numpy', 'PIL', 'aiohttp', 'sqlite3', 'keyring', 'psutil'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
