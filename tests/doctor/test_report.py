"""A report names nobody: whatever people, photos, folders, sites, keys and facts there are, none of them gets out."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import io
import json
import os
import secrets
import sqlite3
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from photoveil.doctor import CHECKS, Patient, examine, personal, report
from photoveil.doctor.redaction import Redactor, vocabulary
from photoveil.ledger.clients import Clients
from photoveil.ledger.database import Database
from tests.doctor.ward import Ward

_CHECKS = [
    check for check in CHECKS if check.name in ("settings", "folders", "browser", "secrets", "ledger", "disk")
]
_LETTERS = st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs"), exclude_characters='"\\/\0')
_NAMES = st.text(_LETTERS, min_size=5, max_size=24).map(str.strip)


class Planted:
    """A profile full of things that are nobody's business."""

    def __init__(self, root: Path, name: str, photo: str, place: str, fact: str) -> None:
        self.paths = Patient().paths
        self.key = secrets.token_urlsafe(32)
        self.secrets = (name, photo, place, fact, self.key)
        self.folder = root / place
        self.paths.prepare()
        self._settings(name)
        self._ledger(name, photo)
        self.paths.secrets_file.write_text(json.dumps({"vault": self.key, "0" * 16: self.key}))
        self._log(name, photo, fact)

    def _settings(self, name: str) -> None:
        quoted = json.dumps(name)
        lines = [
            f"persona = {quoted}",
            f"[[folders]]\npath = {json.dumps(str(self.folder))}\npersona = {quoted}",
        ]
        lines.append(f'[personas.{quoted}]\ncolour = "blue"')
        lines.append('[sites."secretmeetings.example"]\nprotect = false')
        self.paths.settings_file.write_text("\n".join(lines), encoding="utf-8")

    def _ledger(self, name: str, photo: str) -> None:
        async def fill() -> None:
            database = await Database.open(self.paths.ledger_file)
            await Clients(database).add("0" * 16, f"{name}'s browser", "chrome-extension://abc")
            await database.close()

        asyncio.run(fill())
        with contextlib.closing(sqlite3.connect(self.paths.ledger_file)) as ledger:
            ledger.execute(
                "INSERT INTO jobs (job, kind, client, name, original, persona, method, strength, model_set, metadata,"
                " state, error, priority, created) VALUES ('j', 'upload', 'c', ?, 'o', ?, 'antithetical', 'balanced',"
                " 'starter', 'strip-all', 'failed', ?, 1, '2026-01-01')",
                (f"{photo}.jpg", name, json.dumps({"code": "not_a_photo", "reason": f"“{photo}” is none"})),
            )
            ledger.commit()

    def _log(self, name: str, photo: str, fact: str) -> None:
        place = f"{self.folder}/{photo}.jpg"
        messages = [
            ("DEBUG", f"protecting {photo}.jpg for {name}", []),
            ("INFO", f"stopping after {place}: {fact}", []),
            ("WARNING", f"the worker failed on '{photo}' of {name} with key {self.key}", []),
            (
                "ERROR",
                "nobody foresaw this",
                [
                    "Traceback (most recent call last):",
                    '  File "/usr/lib/python3.11/site-packages/photoveil/app.py", line 12, in _start',
                    f'    open("{place}")',
                    f"FileNotFoundError: [Errno 2] No such file or directory: '{place}' ({fact})",
                ],
            ),
        ]
        with self.paths.log_file.open("w", encoding="utf-8") as log:
            log.write(f"{photo} {name} {fact}\n")
            for level, message, trace in messages:
                told = {
                    "time": "2026-01-01T00:00:00.000+00:00",
                    "level": level,
                    "room": "photoveil.app",
                    "message": message,
                }
                log.write(json.dumps(told | ({"trace": trace} if trace else {}), ensure_ascii=False) + "\n")

    def bundle(self) -> str:
        patient = Patient()
        results = examine(patient, _CHECKS)
        redactor = Redactor(personal.known(patient), Path.home())
        packed = report.packed(report.contents(patient, results, redactor))
        with zipfile.ZipFile(io.BytesIO(packed)) as opened:
            return "\n".join(opened.read(name).decode() for name in opened.namelist())


@contextlib.contextmanager
def _home(user: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as root:
        home = Path(root) / user
        home.mkdir()
        with mock.patch.dict(
            os.environ, {"PHOTOVEIL_HOME": str(home / "own"), "HOME": str(home), "LOGNAME": user}
        ):
            yield home


@functools.cache
def _about_nobody() -> str:
    """A report with nothing of the words that are looked for in others: what stands in it anyway tells nothing."""
    with _home("yxcvuser") as home:
        return Planted(home, "qaqaqaqa", "wswswsws", "edededed", "rfrfrfrf").bundle().casefold()


def _telling(text: str) -> list[str]:
    """The words of a text that would tell something: those, or parts of those, that reports hold anyway would not."""
    ours = {word.casefold() for word in vocabulary()}
    words = "".join(sign if sign.isalnum() else " " for sign in text).split()
    there = _about_nobody()
    return [
        word
        for word in words
        if len(word) > 3 and word.casefold() not in ours and word.casefold() not in there
    ]


@settings(max_examples=40)
@given(name=_NAMES, photo=_NAMES, place=_NAMES, fact=_NAMES)
@example("Anna Karénina", "Ferien am Meer", "Wohnung Lindenstraße", "fährt einen roten Käfer")
@example("王小明 李四", "20240713_101500", "写真 2024", "電話 09012345678")
@example("Zoë 😀😀😀", "DSC_09871234", "straße nach Süden", "license plate K-AB 98765432")
@example("00000", "00000 x1y2z", "00000 x1y2z", "VEIL: x1y2z")
@example("o'Neill-Smythe", "p@ssw0rd!x", "100CANON DCIM7", "https://secret.example/abcdef?token=ghijkl")
def test_nothing_personal_gets_into_a_report(name: str, photo: str, place: str, fact: str) -> None:
    assume(all(len(text) > 4 and _telling(text) for text in (name, photo, place, fact)))
    assume(len(place.encode()) < 200 and len(name) <= 40)
    with _home("qwertzuser") as home:
        planted = Planted(home, name, photo, place, fact)
        told = planted.bundle().casefold()
        for secret in (*planted.secrets, "qwertzuser", "secretmeetings", str(home)):
            assert secret.casefold() not in told
            for word in _telling(secret):
                assert word.casefold() not in told, (secret, word)
        # What helps is there all the same.
        assert '"jobs"' in told
        assert "filenotfounderror" in told
        assert "photoveil/app.py:12 in _start" in told


def test_holders_of_seal_keys_and_where_models_lie_are_personal() -> None:
    with _home("yxcvuser"):
        paths = Patient().paths
        paths.prepare()
        paths.settings_file.write_text('unlearnable_model = "/media/annasdisk/model"\n')
        assert "mumsname" not in personal.known(Patient())
        paths.seal_keys.parent.mkdir(parents=True, exist_ok=True)
        paths.seal_keys.write_text('{"keys": [{"name": "mumsname"}]}')
        assert {"mumsname", "annasdisk"} <= personal.known(Patient())


def test_names_that_are_words_of_our_own_are_hidden_where_they_are_known() -> None:
    redactor = Redactor(["Rose Original", "/srv/family"], None)
    assert redactor.text("The original of Rose was protected in family 12 at 3.5 MB.") == (
        "The … of … was protected in … 12 at 3.5 MB."
    )


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("answering on port 47610", "answering on port 47610"),
        ("“Anna” is not here", "… is not here"),
        ("C:\\Users\\Anna\\x.png was moved", "… was moved"),
        ("It needs 0042.jpg and 1234567 bytes", "It needs … and … bytes"),
        (
            "Run `photoveil folders remove '/home/anna/my photos'`.",
            "Run `photoveil folders remove … photos`.",
        ),
        ("/home/kim/Pictures is not there", "<home>… is not there"),
        ("Mallory\u200b\u202e evil\x1b[31m", "…[…"),
    ],
)
def test_what_a_text_becomes(text: str, left: str) -> None:
    assert Redactor([], Path("/home/kim")).text(text) == left


def test_the_file_is_private_whole_and_replaces_nothing(ward: Ward, tmp_path: Path) -> None:
    only = ("--only", "settings")
    told = ward.house.json("doctor", "--report", "bug.zip", *only)
    file = tmp_path / "bug.zip"
    assert told["report"] == str(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with zipfile.ZipFile(file) as bundle:
        assert bundle.testzip() is None
        names = {Path(name).name for name in bundle.namelist()}
        system = json.loads(bundle.read("photoveil-report/system.json"))
    assert names == {"README.txt", "doctor.json", "system.json", "settings.json", "state.json", "log.txt"}
    assert system["packages"]["torch"][0].isdigit()
    before = file.read_bytes()
    assert "there already" in ward.house.refused("doctor", "--report", "bug.zip", *only)
    assert "no folder" in ward.house.refused("doctor", "--report", "nowhere/bug.zip", *only)
    assert file.read_bytes() == before
    assert not list(tmp_path.glob(".*.part"))


def test_a_report_of_a_running_daemon_tells_its_state(ward: Ward, tmp_path: Path) -> None:
    ward.start()
    ward.house.run("doctor", "--report", "bug.zip", "--only", "daemon")
    with zipfile.ZipFile(tmp_path / "bug.zip") as bundle:
        state = json.loads(bundle.read("photoveil-report/state.json"))
        log = bundle.read("photoveil-report/log.txt").decode()
    assert state["daemon"]["state"] == "idle"
    assert state["ledger"]["clients"] == 0
    assert "photoveil.app: answering on port" in log
