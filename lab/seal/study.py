"""What is measured, photo by photo, and how it is summed up."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from zlib import crc32

import cv2
import numpy as np

from lab.seal import attacks
from lab.seal.pictures import CHANNELS, DRAWN, HELD, Channel, Picture
from photoveil.photos.model import Pixels
from photoveil.seal import (
    Box,
    Mark,
    Position,
    Sealed,
    SealError,
    SealKey,
    Size,
    TamperedError,
    WrongKeyError,
    unseal,
)
from photoveil.seal.sealing import seal_wrapped
from photoveil.seal.wraps import wrap

MARK = Mark("© Anna Berg 2026")
_AVERAGED = 8
_PAINTED = (0.02, 0.05, 0.2, 0.4)
_PATCHED = 0.1
_GUESS_BAR = 22.0


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Args:
        keys: how many wrong ones are tried on every photo.
        attacked: the first so many drawn photos are attacked, and all photographs.
    """

    keys: int
    attacked: int
    seed: int


@dataclass(frozen=True)
class Row:
    """One figure.

    Args:
        part: restoration, attack or detection.
        photos: the kind of photos, and how many there were.
        value: the median over the photos, or a share or count.
        lowest, highest: of the photos.
        beside: what the same channel leaves of the unmarked photo at the same place, where that says something.
        reached: the share of photos that reach the bar alone.
    """

    part: str
    name: str
    photos: str
    count: int
    value: float
    unit: str
    goal: str = ""
    met: bool | None = None
    lowest: float | None = None
    highest: float | None = None
    beside: float | None = None
    reached: float | None = None


@dataclass
class Notebook:
    """Figures as they come, by part, name and kind of photo."""

    decibels: dict[tuple[str, str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    beside: dict[tuple[str, str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    counted: dict[tuple[str, str, str], list[tuple[int, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )


@dataclass(frozen=True)
class Shown:
    """What the picture shows of one photo."""

    original: Pixels
    sealed: Pixels
    restored: Pixels
    wrong: Pixels
    inpainted: Pixels


def measured(photos: Iterable[Picture], plan: Plan) -> tuple[list[Row], list[Shown]]:
    """All rows, and some photos to look at."""
    notes, shown = Notebook(), []
    before: tuple[Pixels, Sealed, SealKey] | None = None
    for number, picture in enumerate(photos):
        key, sealed = _sealed(picture, plan.seed)
        for channel in CHANNELS:
            _restore(notes, picture, sealed, key, channel)
        if number < plan.attacked or picture.kind not in (DRAWN, HELD):
            found = _attack(notes, picture, sealed, key, plan)
            if number < 3:
                shown.append(found)
        if before is not None and before[0].shape == picture.pixels.shape:
            _detect(notes, picture, sealed, key, before, plan)
        before = picture.pixels, sealed, key
    return _rows(notes), shown


def glanced(photos: Iterable[Picture], seed: int) -> list[Row]:
    """Only how well marks come off after the channels that have goals: seconds where ``measured`` takes minutes."""
    notes = Notebook()
    for picture in photos:
        key, sealed = _sealed(picture, seed)
        for channel in CHANNELS:
            if channel.bar is not None:
                _restore(notes, picture, sealed, key, channel)
    return _rows(notes)


def _draw(seed: int, picture: Picture, purpose: str) -> Random:
    """Chance that is the same for the same seed, whatever else is measured."""
    return Random(f"{seed}/{picture.name}/{purpose}")


def _sealed(picture: Picture, seed: int) -> tuple[SealKey, Sealed]:
    """The photo with a mark of the owner's, and the owner's key."""
    draw = _draw(seed, picture, "key")
    key = attacks.owners_key(draw)
    return key, seal_wrapped(picture.pixels, MARK, wrap([key], draw))


def _restore(notes: Notebook, picture: Picture, sealed: Sealed, key: SealKey, channel: Channel) -> None:
    truth, arrived = channel.frame(picture.pixels), channel.sent(sealed.pixels)
    place = ("restoration", channel.name, picture.kind)
    try:
        found = unseal(arrived, [key])
    except SealError:
        notes.counted["restoration", f"opened: {channel.name}", picture.kind].append((0, 1))
        return
    notes.counted["restoration", f"opened: {channel.name}", picture.kind].append((1, 1))
    notes.counted["detection", f"false alarms: {channel.name}", picture.kind].append(
        (int(bool(found.tampered)), 1)
    )
    where = found.region
    notes.decibels[place].append(attacks.psnr(found.pixels[where], truth[where]))
    notes.beside[place].append(attacks.psnr(channel.sent(picture.pixels)[where], truth[where]))


def _attack(notes: Notebook, picture: Picture, sealed: Sealed, key: SealKey, plan: Plan) -> Shown:
    pixels, boxes = picture.pixels, sealed.boxes
    told, dress = attacks.opened(sealed.pixels, key)
    truth = attacks.inside(pixels, boxes)

    def told_of(name: str, found: Pixels) -> Pixels:
        notes.decibels["attack", name, picture.kind].append(attacks.psnr(attacks.inside(found, boxes), truth))
        return found

    wrong = told_of("wrong key, all else known", attacks.inverted(sealed.pixels, told, dress, bytes(32)))
    telea = told_of("inpainting (Telea)", attacks.inpainted(sealed.pixels, boxes, cv2.INPAINT_TELEA))
    told_of("inpainting (Navier–Stokes)", attacks.inpainted(sealed.pixels, boxes, cv2.INPAINT_NS))
    told_of("mark subtracted, contrast undone", attacks.unmatted(sealed.pixels, told, dress))
    told_of("nothing done", sealed.pixels)
    fixed = Mark(MARK.text, position=Position.CENTRE, size=Size.MEDIUM)
    draw = _draw(plan.seed, picture, "averaged")
    mean, places = attacks.averaged(pixels, fixed, key, _AVERAGED, draw)
    notes.decibels["attack", f"{_AVERAGED} sealed copies averaged", picture.kind].append(
        attacks.psnr(attacks.inside(mean, places), attacks.inside(pixels, places))
    )
    _try_keys(notes, picture, sealed, key, plan)
    restored = unseal(CHANNELS[2].sent(sealed.pixels), [key]).pixels
    return Shown(pixels, sealed.pixels, restored, wrong, telea)


def _try_keys(notes: Notebook, picture: Picture, sealed: Sealed, key: SealKey, plan: Plan) -> None:
    for name, keys in (
        ("wrong keys accepted", attacks.wrong_keys(plan.keys, plan.seed)),
        ("keys with one wrong bit accepted", attacks.flipped(key)),
    ):
        accepted = 0
        try:
            unseal(sealed.pixels, keys)
            accepted = 1
        except WrongKeyError:
            pass
        notes.counted["attack", name, picture.kind].append((accepted, len(keys)))


def _detect(
    notes: Notebook,
    picture: Picture,
    sealed: Sealed,
    key: SealKey,
    before: tuple[Pixels, Sealed, SealKey],
    plan: Plan,
) -> None:
    other, other_sealed, other_key = before
    kind = picture.kind
    # By the photo's name, so that no two photos get their piece at the same place.
    rng = np.random.default_rng([plan.seed, crc32(picture.name.encode())])
    for channel in (CHANNELS[0], CHANNELS[2]):
        copied = channel.sent(attacks.moved(other_sealed.pixels, other_sealed.boxes, picture.pixels))
        notes.counted["detection", f"mark of another photo: {channel.name}", kind].append(
            (int(_refused(copied, other_key)), 1)
        )
        copied = channel.sent(attacks.cornered(other_sealed.pixels, other_sealed.boxes[0], picture.pixels))
        notes.counted["detection", f"the same in its opposite corner: {channel.name}", kind].append(
            (int(_refused(copied, other_key)), 1)
        )
        changed, piece = attacks.pasted(sealed.pixels, other, sealed.boxes, rng)
        hit = _noticed(channel.sent(changed), key, piece, changed.shape[1])
        notes.counted["detection", f"piece of another photo pasted in: {channel.name}", kind].append(
            (int(hit), 1)
        )
    for share in _PAINTED:
        broken = attacks.painted(sealed.pixels, sealed.boxes[0], share)
        notes.counted["detection", f"{share:.0%} of the mark painted over", kind].append(
            (int(_refused(broken, key)), 1)
        )
    there = other_sealed.boxes[0]
    patch = other_sealed.pixels[there.rows, there.columns]
    broken = attacks.patched(sealed.pixels, sealed.boxes[0], patch, _PATCHED)
    notes.counted["detection", f"{_PATCHED:.0%} of the mark from another mark", kind].append(
        (int(_refused(broken, key)), 1)
    )


def _refused(pixels: Pixels, key: SealKey) -> bool:
    try:
        unseal(pixels, [key])
    except TamperedError:
        return True
    except SealError:
        return False
    return False


def _noticed(pixels: Pixels, key: SealKey, piece: Box, width: int) -> bool:
    """Whether a change is told at its place, or the seal refused."""
    try:
        found = unseal(pixels, [key])
    except TamperedError:
        return True
    except SealError:  # nothing was said about a change
        return False
    scale = pixels.shape[1] / width
    x, y = piece.x * scale, piece.y * scale
    w, h = piece.width * scale, piece.height * scale
    return any(
        one.x < x + w and x < one.x + one.width and one.y < y + h and y < one.y + one.height
        for one in found.tampered
    )


def _rows(notes: Notebook) -> list[Row]:
    bars = {channel.name: channel.bar for channel in CHANNELS}
    rows = [
        _decibels(place, values, notes.beside.get(place), bars.get(place[1]))
        for place, values in notes.decibels.items()
    ]
    rows += [_counted(place, pairs) for place, pairs in notes.counted.items()]
    order = {"restoration": 0, "attack": 1, "detection": 2}
    return sorted(rows, key=lambda row: (order[row.part], row.unit != "dB"))


def _decibels(
    place: tuple[str, str, str], values: Sequence[float], beside: Sequence[float] | None, bar: float | None
) -> Row:
    part, name, kind = place
    value = statistics.median(values)
    at_most = part == "attack" and ("wrong key" in name or "inpainting" in name)
    goal, met, reached = "", None, None
    if at_most:
        goal, met = f"≤ {_GUESS_BAR:g}", value <= _GUESS_BAR
        reached = sum(one <= _GUESS_BAR for one in values) / len(values)
    elif part == "restoration" and bar is not None:
        goal, met = f"≥ {bar:g}", value >= bar
        reached = sum(one >= bar for one in values) / len(values)
    return Row(
        part,
        name,
        kind,
        len(values),
        value,
        "dB",
        goal,
        met,
        min(values),
        max(values),
        statistics.median(beside) if beside else None,
        reached,
    )


def _counted(place: tuple[str, str, str], pairs: Sequence[tuple[int, int]]) -> Row:
    part, name, kind = place
    hits, tries = sum(hit for hit, _ in pairs), sum(count for _, count in pairs)
    if "accepted" in name:
        return Row(part, name, kind, tries, hits, f"of {tries}", "0", hits == 0)
    return Row(part, name, kind, tries, hits, f"of {tries}")
