"""``photoveil protect --method unlearnable`` with the real worker and tiny models."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Photoveil
from tests.cli.test_protect import jpeg
from tests.unlearnable.small_vlm import small_vlm


def test_a_user_names_a_model_and_gets_a_copy_with_words(photoveil: Photoveil, tmp_path: Path) -> None:
    jpeg(tmp_path / "one.jpg", 1)
    asked = ("protect", "one.jpg", "-o", "out", "--method", "unlearnable", "--persona", "anna")
    refused = photoveil(*asked)
    assert refused.returncode == 1
    assert "photoveil settings set unlearnable_model" in " ".join(refused.stderr.split())
    assert not list((tmp_path / "out").iterdir())

    small_vlm("llava", tmp_path / "small-llava")
    not_whole = photoveil("settings", "set", "unlearnable_model", "small-llava")
    assert not_whole.returncode != 0
    assert "whole path" in not_whole.stderr
    assert photoveil("settings", "set", "unlearnable_model", str(tmp_path / "small-llava")).returncode == 0
    made = photoveil(*asked)
    assert made.returncode == 0, made.stderr
    assert "Words for its alt text or caption: " in made.stdout
    assert "of the lesson is left in photo and words" in made.stdout
    told = json.loads(photoveil(*asked, "--json").stdout)  # known: needs no worker
    assert told["unlearnable"]["words"] in made.stdout
    assert told["delivered"]["sha256"] != told["original"]["sha256"]
    assert (tmp_path / "out" / "one.jpg").read_bytes() == (tmp_path / "out" / "one (2).jpg").read_bytes()

    (tmp_path / "library").mkdir()
    library = photoveil("archive", "library", "copies", "--method", "unlearnable")
    assert library.returncode == 2
    assert "unlearnable" in library.stderr
