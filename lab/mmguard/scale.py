"""The lab's readers at the sizes of this study."""

from __future__ import annotations

from dataclasses import replace

from lab.affiliation.plan import PRESETS as AFFILIATION
from lab.affiliation.stage import Scale
from lab.mmguard.plan import Preset


def scale_of(preset: Preset) -> Scale:
    """That of the affiliation study's small run, aligned on as many photos and for as many steps as the preset says."""
    small = AFFILIATION["small"].scale
    return replace(small, general=preset.general, align=replace(small.align, steps=preset.align))
