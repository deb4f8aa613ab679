"""The parts that a seal is made of."""

from __future__ import annotations

import dataclasses
import io
import math
import zlib
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photoveil.seal import (
    SealKey,
    carrier,
    codes,
    convolution,
    finding,
    fingerprint,
    header,
    lettering,
    looks,
    mending,
    placing,
    scramble,
    wavelet,
    wraps,
)
from photoveil.seal.errors import KeyTextError, NewerSealError, WrongKeyError
from photoveil.seal.header import Header
from photoveil.seal.model import Box, Mark, Size, Tone
from photoveil.seal.scramble import Gain
from photoveil.seal.wraps import Content

STYLE = looks.LOOKS[looks.NEWEST].lettering
SIDES = st.integers(1, 70)
SECRETS = st.binary(min_size=16, max_size=16)


@pytest.fixture
def jpeg_of() -> Callable[[npt.NDArray[np.uint8], int], npt.NDArray[np.uint8]]:
    def through(pixels: npt.NDArray[np.uint8], quality: int) -> npt.NDArray[np.uint8]:
        from PIL import Image

        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=quality)
        return np.asarray(Image.open(file))

    return through


def plane(height: int, width: int, seed: int = 0) -> wavelet.Plane:
    return np.random.default_rng(seed).normal(0, 40, (height, width)).astype(np.float32)


@given(SIDES, SIDES)
def test_the_transform_can_be_undone(height: int, width: int) -> None:
    picture = plane(height, width)
    bands = wavelet.forward(picture)
    assert np.abs(wavelet.inverse(bands) - picture).max() < 1e-3
    covered = np.zeros((height, width), int)
    for _, where in wavelet.bands(height, width):
        covered[where] += 1
    assert (covered == 1).all()


@given(SIDES, SIDES, st.floats(0.1, 4), st.floats(0, 1), st.integers(1, 4))
def test_the_disguise_can_be_undone(height: int, width: int, base: float, slope: float, knee: int) -> None:
    picture, gain = plane(height, width), Gain(base, slope, knee)
    hidden = scramble.disguise(picture, bytes(32), 3, gain)
    assert np.abs(scramble.reveal(hidden, bytes(32), 3, gain) - picture).max() < 0.1


def test_the_disguise_says_nothing_without_its_key() -> None:
    picture = np.add.outer(np.arange(96), np.arange(288)).astype(np.float32) + plane(96, 288)
    picture -= picture.mean()
    gain = Gain(1.0, 0.0)
    hidden = scramble.disguise(picture, bytes(32), 0, gain)
    other = bytes(31) + b"\1"
    for found in (
        hidden,
        scramble.reveal(hidden, other, 0, gain),
        scramble.reveal(hidden, bytes(32), 1, gain),
    ):
        assert abs(np.corrcoef(found.ravel(), picture.ravel())[0, 1]) < 0.6
        assert np.square(found - picture).mean() > 0.8 * picture.var()
    # Not stronger and not weaker than what it hides.
    assert hidden.std() == pytest.approx(picture.std(), rel=0.2)


@given(st.lists(st.booleans(), min_size=1, max_size=80), st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_the_convolutional_code_mends(bits: list[bool], seed: int) -> None:
    sent = np.where(convolution.encoded(np.array(bits)), 1.0, -1.0)
    noise = np.random.default_rng(seed)
    clear = convolution.decoded((sent + noise.uniform(-0.9, 0.9, sent.shape)).astype(np.float32))
    assert clear.tolist() == bits


def test_a_frame_survives_noise_as_strong_as_itself_and_more_is_told() -> None:
    rng = np.random.default_rng(5)
    frame = rng.bytes(carrier.FRAME_BYTES)
    grain = carrier.grain(carrier.encoded(frame))
    loud = grain + rng.normal(0, 0.8, grain.shape).astype(np.float32)
    assert carrier.decoded(carrier.read(loud)) == frame
    with pytest.raises(carrier.UnreadableError):
        carrier.decoded(carrier.read(rng.normal(0, 1, grain.shape).astype(np.float32)))


GROUND = looks.packed_ground(np.array([[90, -40, 8], [255, 120, -128], [0, 0, 0], [130, 3, -3]], np.float32))


def test_the_mean_of_what_is_hidden_is_told_by_how_far_it_lies_from_the_surroundings() -> None:
    around = looks.means(GROUND)
    wanted = [around[0] + 50.0, around[1] - 29.0, around[2] + 3.0]
    found = looks.means(GROUND, looks.offsets(GROUND, wanted))
    for told, value, step in zip(found, wanted, (16, 8, 8), strict=True):
        assert abs(told - value) <= step / 2
    assert looks.offsets(GROUND, [around[0] - 999, around[1] + 999, around[2]]) == (-8, 7, 0)
    assert looks.offsets(GROUND, around[:1]) == (0, 0, 0)


def a_header(drawing: bytes = b"\1x") -> Header:
    return Header(
        size=(4000, 3000),
        box=Box(976, 1552, 1440, 480),
        tiled=False,
        grey=False,
        tone=Tone.LIGHT,
        gains=(header.told_gain(1.3), header.told_gain(0.7)),
        means=looks.means(GROUND, (-8, 7, -1)),
        strengths=(100, 80),
        outside=b"outside!",
        # Its last four bits say nothing.
        fingerprint=bytes(range(fingerprint.FINGERPRINT_BYTES - 1)) + b"\xb0",
        drawing=drawing,
        ground=GROUND,
    )


def test_a_frame_opens_with_its_keys_only_and_cannot_be_bent() -> None:
    keys = [SealKey(str(number), bytes((number,)) * 16) for number in range(4)]
    told, wrapped = a_header(bytes((67,)) + b"x" * 67), wraps.wrap(keys[:3])
    frame = header.lock(told, wrapped)
    assert len(frame) == carrier.FRAME_BYTES
    for key in keys[:3]:
        assert header.unlock(frame, [keys[3], key]) == (key, wrapped.content, told)
    assert header.opened(frame, Content.heard(wrapped.content.told)) == told
    with pytest.raises(WrongKeyError):
        header.opened(frame, Content.fresh())
    with pytest.raises(WrongKeyError):
        header.unlock(frame, keys[3:])
    for place in range(0, len(frame), 7):
        bent = bytearray(frame)
        bent[place] ^= 4
        if place < 68 and place >= 8:
            continue  # perhaps the slot of another key: see below
        with pytest.raises(WrongKeyError):
            header.unlock(bytes(bent), keys[:3])
    swapped = frame[:8] + frame[18:28] + frame[8:18] + frame[28:]
    with pytest.raises(WrongKeyError):
        header.unlock(swapped, keys[:3])


def test_a_mark_of_a_later_version_is_told_from_a_wrong_key() -> None:
    key = SealKey("a", bytes(16))
    with pytest.raises(NewerSealError, match="version 9"):
        header.unlock(header.lock(dataclasses.replace(a_header(), version=9), wraps.wrap([key])), [key])


@pytest.mark.parametrize(
    ("box", "size"),
    [
        (Box(3984, 0, 288, 96), (4000, 3000)),
        (Box(0, 2960, 1440, 480), (4000, 3000)),
        (Box(0, 0, 64, 22), (4000, 3000)),
        (Box(0, 0, 65520, 21840), (65535, 65535)),
        (Box(0, 0, 288, 96), (65535, 65535)),
        # Gigabytes under one mark, and hours under many: no photo is decoded that is so large.
        (Box(0, 0, 7200, 2400), (12_000, 12_000)),
        (Box(0, 0, 6400, 2134), (65_520, 65_520)),
    ],
)
def test_a_header_that_someone_made_up_is_refused(box: Box, size: tuple[int, int]) -> None:
    key = SealKey("a", bytes(16))
    with pytest.raises(WrongKeyError):
        header.unlock(
            header.lock(dataclasses.replace(a_header(), box=box, size=size), wraps.wrap([key])), [key]
        )


def test_the_largest_mark_on_the_largest_photo_is_believed() -> None:
    width = height = 12_240
    box = Box(16, 16, *placing.extent(width, height, Size.LARGE))
    told, key = dataclasses.replace(a_header(), box=box, size=(width, height)), SealKey("a", bytes(16))
    assert header.unlock(header.lock(told, wraps.wrap([key])), [key])[2] == told


@pytest.mark.parametrize("gains", [(1.0, math.nan), (math.nan, 1.0), (math.inf, 1.0), (1.0, 0.0)])
def test_gains_that_are_no_numbers_are_refused(gains: tuple[float, float]) -> None:
    """Version 1 wrote them as they are, so whoever shares a key can write anything."""
    body = header._FIRST.pack(1, 0, 1000, 800, 0, 0, 288, 96, *gains, 1, 2, 3, 4, 5, b"outside!")
    wrapped = wraps.wrap([SealKey("a", bytes(16))])
    with pytest.raises(WrongKeyError):
        header.opened(wraps.encrypted(body.ljust(header._BODY, b"\0"), wrapped), wrapped.content)


def test_a_hairline_is_not_enlarged_until_a_mark_would_fit() -> None:
    strip = plane(8, 1600)
    assert finding.find(strip, thorough=True) is None
    assert finding._best_at(strip, placing.expected_width(1600, 8, Size.SMALL)) is None


@given(
    st.lists(st.tuples(st.floats(0, 255), st.floats(-128, 127), st.floats(-128, 127)), min_size=4, max_size=4)
)
def test_the_colours_of_a_mark_are_told_to_half_a_step(colours: list[tuple[float, float, float]]) -> None:
    wanted = np.array(colours, np.float32)
    off = np.abs(looks.corners(looks.packed_ground(wanted)).reshape(4, 3) - wanted)
    assert off[:, 0].max() <= 2.01
    assert off[:, 1:].max() <= 4.01


def test_noise_is_mended_and_detail_stays() -> None:
    rng = np.random.default_rng(4)
    y, x = np.mgrid[:120, :200].astype(np.float32)
    luma = np.where((x // 25 + y // 40) % 2, 60.0, -50.0).astype(np.float32) + 8 * np.sin(x / 9)
    clean = np.stack([luma, luma * 0.3, -luma * 0.1]).astype(np.float32)
    noise = rng.normal(0, 5, clean.shape).astype(np.float32)
    found = mending.mended(clean + noise, 1.0)
    error = np.sqrt(np.square(found - clean).mean((1, 2)))
    assert (error < 2.6).all(), error
    # Where the gain leaves no room for noise, all that is seen is detail.
    assert np.abs(mending.mended(clean + noise, 1e4)[0] - clean[0] - noise[0]).max() < 0.1


def test_compression_is_told_from_grain(
    jpeg_of: Callable[[npt.NDArray[np.uint8], int], npt.NDArray[np.uint8]],
) -> None:
    rng = np.random.default_rng(6)
    grain = np.clip(rng.normal(120, 12, (96, 288)), 0, 255).astype(np.uint8)
    assert not mending.compressed(grain.astype(np.float32))
    for quality in (60, 75, 85, 90):
        assert mending.compressed(jpeg_of(grain, quality).astype(np.float32))


def test_frames_do_not_tell_how_many_can_open_them() -> None:
    told = a_header()
    one = header.lock(told, wraps.wrap([SealKey("a", bytes(16))]))
    many = header.lock(told, wraps.wrap([SealKey("a", bytes((n,)) * 16) for n in range(6)]))
    assert len(one) == len(many)
    assert b"\0\0\0\0" not in one[:68]


@given(SECRETS)
def test_codes_bring_a_key_over(secret: bytes) -> None:
    key = SealKey("Anna", secret, created="2026-01-01")
    text = codes.code(key)
    assert codes.read(text, "from Anna") == SealKey("from Anna", secret, shared=True)
    sloppy = text.lower().replace("-", " ").replace("0", "o").replace("1", "l").replace("pvl", "pv1")
    assert codes.read(sloppy).secret == secret
    assert codes.read(codes.file_text(key)).name == "Anna"


@given(SECRETS, st.integers(0, 30), st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
def test_a_wrong_letter_is_noticed(secret: bytes, place: int, letter: str) -> None:
    digits = codes.code(SealKey("", secret)).removeprefix("PV1-").replace("-", "")
    wrong = digits[:place] + letter + digits[place + 1 :]
    if wrong != digits:
        with pytest.raises(KeyTextError):
            codes.read("PV1" + wrong)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "PV1-",
        "{}",
        "[1]",
        '{"kind": 1',
        '{"kind": "photoveil seal key"}',
        "{" * 5000,
        "PV1" + "U" * 31,
    ],
)
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(KeyTextError):
        codes.read(text)


@given(st.binary(max_size=70))
def test_drawings_of_hostile_bytes_are_refused_or_drawn(data: bytes) -> None:
    try:
        drawn = lettering.drawn(data, STYLE, 96, 32)
    except (ValueError, zlib.error):
        return
    assert drawn.shape == (32, 96)
    assert 0 <= drawn.min() <= drawn.max() <= 1


def test_letters_fit_into_the_frame() -> None:
    for text in ("I", "© Jiří Müller", "W" * 60, "Ελένη Ψ", "Жанна"):
        drawn = lettering.drawn(lettering.written(Mark(text)), STYLE, 384, 128)
        inside = drawn[16:-16, 20:-20]
        assert inside.max() > 0.8
        assert drawn[:6].max() == drawn[:, :6].max() == 0


def test_a_fingerprint_stays_and_tells_changes() -> None:
    from PIL import Image

    picture = np.clip(plane(90, 120) + 120, 0, 255)
    picture = np.asarray(Image.fromarray(picture).resize((600, 450), Image.Resampling.BICUBIC))
    print_ = fingerprint.taken(picture)
    assert len(print_) == fingerprint.FINGERPRINT_BYTES
    small = np.asarray(Image.fromarray(picture).resize((240, 180), Image.Resampling.LANCZOS))
    differs, seen = fingerprint.compared(print_, small, (0, 0, 240, 180))
    assert seen.all()
    assert not differs.any()
    changed = small.copy()
    changed[:20, :40] += 12
    differs, _ = fingerprint.compared(print_, changed, (0, 0, 240, 180))
    assert differs[0, :2].all()
    assert differs.sum() == 2
    _, seen = fingerprint.compared(print_, small[40:], (0, -40, 240, 140))
    assert not seen[:2].any()
    assert seen[2:].all()
