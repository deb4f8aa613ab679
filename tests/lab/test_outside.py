"""Attacks of torchattacks as a defence: the wanted PSNR, in the wanted direction."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from lab.affiliation.album import Looks, Member, make_album
from lab.affiliation.defences import Posted, photos_of
from lab.affiliation.outside import ATTACKS, INSTALL, installed, outside
from lab.affiliation.plan import SECOND
from lab.affiliation.stage import picture_of
from photoveil.protection import Persona
from photoveil.protection.report import picture
from tests.lab.worlds import tiny_engine

pytestmark = pytest.mark.skipif(not installed(), reason=f"needs `{INSTALL}`")


@pytest.mark.parametrize("attack", ATTACKS)
def test_outside_attacks_keep_the_psnr_and_move_to_the_opposite(tmp_path: Path, attack: str) -> None:
    engine = tiny_engine(tmp_path)
    encoder = next(e for e in engine.encoders if e.name == SECOND)
    member = make_album(Looks.EASY, 1, 2, 1, 0).members[0]

    def like(other: Member) -> list[Posted]:
        return [Posted(b"", psnr_db, 0.9) for psnr_db in (31.0, 36.0)[: len(other.posted)]]

    defend = outside(engine, SECOND, attack, like)
    posted = defend(member)
    assert [one.psnr_db for one in posted] == pytest.approx([31.0, 36.0], abs=0.3)
    photos, persona = photos_of(member.posted), Persona("member")
    engine.learn(persona, photos)
    anchor = persona.anchor(encoder, torch.device("cpu")).pooled
    for photo, one in zip(photos, posted, strict=True):
        before, after = (
            encoder.encode([seen]).pooled[0] @ anchor
            for seen in (picture(photo.pixels), picture_of(one.data))
        )
        assert after > before + 0.02
    # Photos posted later change nothing about the first.
    assert defend(replace(member, posted=member.posted[:1]))[0].data == posted[0].data
