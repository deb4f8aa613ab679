"""Faults in what lies on the disk: each is made for real, found, and gone once its remedy was followed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sqlite3
import stat
import time
from pathlib import Path

import pytest

from photoveil.doctor.checks import disk
from photoveil.ledger.clients import Clients
from photoveil.ledger.database import MIGRATIONS, Database
from photoveil.protection.model_sets import MODELS_DIR
from tests.doctor.ward import Ward, drive

AS_ROOT = pytest.mark.skipif(
    os.geteuid() != 0, reason="only the administrator can give files away or mount drives"
)


def _ledger(ward: Ward, browsers: int = 0) -> Path:
    """A real ledger, with so many browsers in it."""
    file = ward.house.path("state", "ledger.sqlite3")
    file.parent.mkdir(parents=True, exist_ok=True)

    async def fill() -> None:
        database = await Database.open(file)
        clients = Clients(database)
        for number in range(browsers):
            await clients.add(f"{number:016x}", f"Browser {number} " + "x" * 200, "chrome-extension://abc")
        await database.close()

    asyncio.run(fill())
    return file


def test_a_setting_that_cannot_be_read(ward: Ward) -> None:
    file = ward.settings('strength = "strong"\nport = fast\n')
    finding = ward.found("settings", "settings_broken")
    assert "Line 2" in finding["reason"]
    assert "Correct that line" in finding["remedy"] or "quotation marks" in finding["remedy"]
    file.write_text(file.read_text().replace("port = fast", "port = 47610"))
    ward.well("settings")


def test_broken_settings_are_put_aside_by_fix_and_not_lost(ward: Ward) -> None:
    file = ward.settings("this is no setting\n")
    told = ward.house.json("doctor", "--fix", "--only", "settings")
    assert [one["mended"] for one in told["mended"]] == [True]
    assert told["healthy"]
    (kept,) = file.parent.glob("settings.toml.aside-*")
    assert kept.read_text() == "this is no setting\n"
    ward.well("settings")


def test_a_misspelt_setting(ward: Ward) -> None:
    file = ward.settings('strenght = "strong"\n')
    finding = ward.found("settings", "settings_unknown", "advice")
    assert "strenght" in finding["reason"]
    assert str(file) in finding["remedy"]
    file.write_text("")
    ward.well("settings")


def test_checks_that_need_the_settings_say_so_and_the_others_are_made(ward: Ward) -> None:
    ward.settings("[[folders]]\n")
    checks = {
        one["check"]: one
        for one in ward.house.json("doctor", "--only", "folders", "--only", "secrets", code=0)["checks"]
    }
    assert (checks["folders"]["state"], checks["folders"]["skipped"]) == (
        "skipped",
        "the settings cannot be read",
    )
    assert checks["secrets"]["state"] == "good"


def test_a_damaged_ledger_keeps_what_can_be_read(ward: Ward) -> None:
    file = _ledger(ward, browsers=400)
    data = bytearray(file.read_bytes())
    page = int.from_bytes(data[16:18], "big")
    hole = data.find(b"Browser 200 ") // page + 1
    data[(hole - 1) * page : hole * page] = os.urandom(page)
    file.write_bytes(data)
    finding = ward.found("ledger", "ledger_damaged")
    assert finding["can_be_mended"]
    assert "photoveil doctor --fix --only ledger" in finding["remedy"]
    told = ward.house.json("doctor", "--fix", "--only", "ledger")
    assert told["mended"][0]["mended"], told
    ward.well("ledger")
    with contextlib.closing(sqlite3.connect(file)) as ledger:
        kept = {row[0] for row in ledger.execute("SELECT client FROM clients")}
        assert ledger.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
    assert f"{0:016x}" in kept
    assert f"{399:016x}" in kept, "rows behind the damage are kept, too"
    assert 300 < len(kept) < 400
    (aside,) = (
        one for one in file.parent.glob("ledger.sqlite3.aside-*") if not one.name.endswith(("-wal", "-shm"))
    )
    assert aside.read_bytes() == bytes(data)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not list(file.parent.glob(".*salvage*"))


def test_a_ledger_that_is_none_at_all(ward: Ward) -> None:
    file = _ledger(ward)
    file.write_bytes(b"not a database " * 4096)
    finding = ward.found("ledger", "ledger_damaged")
    ward.follow(finding)
    ward.well("ledger")


def test_a_ledger_of_a_newer_version_is_left_alone(ward: Ward) -> None:
    file = _ledger(ward)
    with contextlib.closing(sqlite3.connect(file)) as ledger:
        ledger.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 7}")
    finding = ward.found("ledger", "ledger_newer")
    assert not finding["can_be_mended"]


def test_folders_that_others_can_read(ward: Ward) -> None:
    _ledger(ward)
    for name in ("config", "cache", "logs"):
        ward.house.path(name).mkdir(mode=0o700)
    ward.house.path("state").chmod(0o755)
    ward.follow(ward.found("profile", "profile_open"))
    ward.well("profile")
    ward.house.path("state").chmod(0o750)
    assert ward.house.json("doctor", "--fix", "--only", "profile")["mended"][0]["mended"]
    assert stat.S_IMODE(ward.house.path("state").stat().st_mode) == 0o700


@AS_ROOT
def test_files_of_somebody_else(ward: Ward) -> None:
    file = _ledger(ward)
    file.parent.chmod(0o700)
    os.chown(file, 12345, 12345)
    finding = ward.found("profile", "profile_foreign")
    assert "sudo" in finding["reason"]
    ward.follow(finding)
    ward.well("profile")


@AS_ROOT
def test_a_profile_on_a_drive_that_cannot_be_written(ward: Ward) -> None:
    with drive(ward.house.path("state")) as state:
        state.chmod(0o700)
        ward.type(f"mount -o remount,ro '{state}'")
        finding = ward.found("profile", "profile_not_writable")
        ward.follow(finding)
        ward.well("profile")


@AS_ROOT
def test_a_full_disk(ward: Ward) -> None:
    with drive(ward.house.path("state"), "80m") as state:
        ballast = state / "ballast"
        ballast.write_bytes(bytes(60 << 20))
        finding = ward.found("disk", "disk_full")
        assert str(state) in finding["reason"]
        ballast.unlink()
        assert "disk_full" not in {one["code"] for one in ward.findings("disk")}


def test_keys_that_others_can_read(ward: Ward) -> None:
    file = ward.house.path("state", "secrets.json")
    file.parent.mkdir(parents=True)
    file.write_text("{}")
    file.chmod(0o644)
    ward.follow(ward.found("secrets", "secrets_open"))
    ward.well("secrets")


def test_a_damaged_file_of_keys(ward: Ward) -> None:
    file = ward.house.path("state", "secrets.json")
    file.parent.mkdir(parents=True)
    file.write_text('{"vault": "AAAA')
    file.chmod(0o600)
    ward.follow(ward.found("secrets", "secrets_broken"), last=1)
    ward.well("secrets")
    (kept,) = file.parent.glob("secrets.json.aside-*")
    assert kept.read_text() == '{"vault": "AAAA'


def test_a_persona_that_cannot_be_read(ward: Ward) -> None:
    file = ward.house.path("state", "personas", "me.safetensors")
    file.parent.mkdir(parents=True)
    file.write_bytes(b"broken")
    ward.follow(ward.found("personas", "persona_damaged"))
    ward.well("personas")
    (kept,) = file.parent.glob("me.safetensors.aside-*")
    assert kept.read_bytes() == b"broken"


def test_a_full_vault(ward: Ward) -> None:
    file = _ledger(ward)
    ward.settings("vault_mb = 1\n")
    ward.house.path("state", "secrets.json").write_text(json.dumps({"vault": "AAAA"}))
    with contextlib.closing(sqlite3.connect(file)) as ledger:
        ledger.execute("INSERT INTO vault_blobs VALUES ('00', 5000000, 5000000, '2026-01-01')")
        ledger.commit()
    finding = ward.found("vault", "vault_full")
    ward.follow(finding)
    ward.well("vault")


def test_a_vault_without_its_key(ward: Ward) -> None:
    file = _ledger(ward)
    with contextlib.closing(sqlite3.connect(file)) as ledger:
        ledger.execute("INSERT INTO vault_blobs VALUES ('00', 5, 5, '2026-01-01')")
        ledger.commit()
    finding = ward.found("vault", "vault_key_gone")
    assert "photoveil vault import-key" in finding["remedy"]


def test_a_watched_folder_that_is_gone(ward: Ward, tmp_path: Path) -> None:
    photos = tmp_path / "my photos"
    photos.mkdir()
    ward.house.run("folders", "add", str(photos))
    ward.well("folders")
    photos.rmdir()
    finding = ward.found("folders", "folder_missing")
    photos.mkdir()
    ward.well("folders")
    photos.rmdir()
    ward.follow(finding)  # stop watching it
    ward.well("folders")


def test_a_watched_folder_of_which_the_system_tells_an_error(ward: Ward, tmp_path: Path) -> None:
    """As where a network drive is gone and its folder still there; the other folders are looked at all the same."""
    gone = tmp_path / ("x" * 300)  # no file system has such names
    mirror = tmp_path / "mirror"
    told = f'[[folders]]\npath = "{gone}"\n[[folders]]\npath = "{tmp_path / "photos"}"\noutput = "mirror"\n'
    ward.settings(f'{told}mirror = "{mirror}"\n')
    (tmp_path / "photos").mkdir()
    assert [one["code"] for one in ward.findings("folders", code=1)] == ["folder_missing", "copies_missing"]
    mirror.mkdir()
    assert ward.findings("inotify", code=0) == []


def test_a_place_for_copies_that_is_gone(ward: Ward, tmp_path: Path) -> None:
    photos, mirror = tmp_path / "photos", tmp_path / "for others"
    photos.mkdir()
    mirror.mkdir()
    ward.house.run("folders", "add", str(photos), "--mirror-to", str(mirror))
    ward.well("folders")
    mirror.rmdir()
    ward.follow(ward.found("folders", "copies_missing"))
    ward.well("folders")


def test_weights_that_are_damaged(ward: Ward, tmp_path: Path) -> None:
    home = tmp_path / "models" / "starter"
    shutil.copytree(MODELS_DIR / "starter", home)
    ward.well("models")
    weights = home / "starter-dla.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    finding = ward.found("models", "models_damaged")
    assert "starter-dla.safetensors (changed)" in finding["reason"]
    assert str(home) in finding["remedy"]
    shutil.copytree(MODELS_DIR / "starter", home, dirs_exist_ok=True)
    ward.well("models")


def test_a_model_set_that_is_not_here(ward: Ward) -> None:
    ward.settings('model_set = "standard"\n')
    finding = ward.found("models", "models_not_here")
    assert "photoveil models pull standard" in finding["remedy"]
    ward.follow(finding, first=1)  # the other way: be content with what is here
    ward.well("models")


def test_a_download_that_was_interrupted(ward: Ward, tmp_path: Path) -> None:
    part = tmp_path / "models" / "standard" / ".clip-b32.0123456789abcdef.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(1000))
    finding = ward.found("download", "download_interrupted", "advice")
    assert "photoveil models pull standard" in finding["remedy"]
    ward.follow(finding, first=1)
    ward.well("download")


def test_a_download_that_may_not_use_the_network(ward: Ward) -> None:
    ward.settings("offline = true\n")
    wishes = ward.house.path("state", "models.json")
    wishes.parent.mkdir(parents=True)
    wishes.write_text('{"pull": "standard", "declined": []}')
    ward.follow(ward.found("download", "download_offline"), last=1)
    ward.found("download", "download_waiting", "advice")


def test_a_clock_that_is_behind(ward: Ward) -> None:
    file = ward.settings("")
    tomorrow = time.time() + 86_400
    os.utime(file, (tomorrow, tomorrow))
    assert "timedatectl" in ward.found("clock", "clock_behind", "advice")["remedy"]
    os.utime(file)
    ward.well("clock")


def test_autostart_that_is_off_or_broken(ward: Ward, tmp_path: Path) -> None:
    finding = ward.found("autostart", "autostart_off", "advice")
    ward.follow(finding)
    ward.well("autostart")
    (entry,) = (tmp_path / "xdg" / "autostart").iterdir()
    entry.write_text(entry.read_text().replace("Exec=", "Exec=/nowhere"))
    ward.follow(ward.found("autostart", "autostart_broken"))
    ward.well("autostart")


def test_a_drive_that_is_not_connected_is_no_place_to_look_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows the parent of a drive is that drive, whether it is there or not; and so on for ever."""
    assert disk._nearest(tmp_path / "not" / "yet") == tmp_path
    seen: list[str] = []

    def is_there(place: Path, _mode: int) -> bool:
        seen.append(str(place))
        assert len(seen) < 10
        return False

    monkeypatch.setattr(os, "access", is_there)
    assert disk._nearest(Path("/photos/copies")) is None
    assert seen == ["/photos/copies", "/photos", "/"]
