"""Sealing and unsealing, with what platforms and other people do in between."""

from __future__ import annotations

import hashlib
import io
import secrets
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from lab.people import sample_persona
from lab.render import render
from lab.scenes import sample_photo
from photoveil.photos.model import Pixels
from photoveil.seal import (
    Mark,
    NotSealedError,
    Position,
    Sealed,
    SealKey,
    Size,
    State,
    TamperedError,
    Tone,
    WrongKeyError,
    placing,
    residual,
    seal,
    unseal,
    wraps,
)
from photoveil.seal.errors import BadMarkError, RevokedKeyError, TooManyRecipientsError, TooSmallError
from photoveil.seal.sealing import seal_wrapped
from photoveil.seal.unsealing import unseal_with
from photoveil.seal.wraps import Content

MARK = Mark("© Anna Berg")
DATA = Path(__file__).parent / "data"
GREY_BEFORE_SEALING = {
    1: "4b14bd1588aa867e721612572c7a64c41495a0465499e0bd5ba4618fd29186ae",
    2: "98b2584950b8faed0856b8e9f474a22b89f66d172317a4fa478d6cd594e32300",
}
"""SHA-256 of the pixels in version-N.png as they were before version N sealed them with the key 00 01 … 0f."""
SCENES = {1: (977, 640, 480), 2: (978, 560, 420)}
"""Seed, width and height of what is in version-N.jpg."""


def new_key(name: str = "me") -> SealKey:
    return SealKey(name, secrets.token_bytes(16))


def psnr(a: Pixels, b: Pixels) -> float:
    return float(10 * np.log10(255**2 / max(float(np.mean((a.astype(float) - b) ** 2)), 1e-9)))


def jpeg(pixels: Pixels, quality: int) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def smaller(pixels: Pixels, width: int) -> Pixels:
    height = round(pixels.shape[0] * width / pixels.shape[1])
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS))


@pytest.fixture(scope="module")
def photo() -> Pixels:
    return render(sample_photo(sample_persona(41), 41), 1400, 1050)


@pytest.fixture(scope="module")
def key() -> SealKey:
    return new_key()


@pytest.fixture(scope="module")
def sealed(photo: Pixels, key: SealKey) -> Sealed:
    return seal(photo, MARK, key, exact=True)


def test_only_the_mark_changes_and_hides_what_is_there(photo: Pixels, sealed: Sealed) -> None:
    outside = np.ones(photo.shape[:2], bool)
    for box in sealed.boxes:
        outside[box.rows, box.columns] = False
        assert psnr(sealed.pixels[box.rows, box.columns], photo[box.rows, box.columns]) < 22
    assert (sealed.pixels[outside] == photo[outside]).all()
    assert 0.03 < 1 - outside.mean() < 0.3
    assert sealed.fill_db < 22


def test_what_lost_nothing_comes_back(photo: Pixels, sealed: Sealed, key: SealKey) -> None:
    found = unseal(sealed.pixels, [key])
    assert found.state is State.LOSSLESS
    assert psnr(found.pixels[found.region], photo[found.region]) > 45
    assert (found.pixels[~found.region] == photo[~found.region]).all()
    assert (found.key, found.tampered, found.size) == ("me", (), (1400, 1050))
    exact = unseal(sealed.pixels, [key], rest=sealed.residual)
    assert exact.exact
    assert (exact.pixels == photo).all()


def test_a_residual_of_another_photo_is_left_alone(photo: Pixels, sealed: Sealed, key: SealKey) -> None:
    other = seal(photo, MARK, key, exact=True)
    found = unseal(sealed.pixels, [key], rest=other.residual)
    assert found.state is State.LOSSLESS
    assert not unseal(sealed.pixels, [key], rest=b"nonsense").exact


@pytest.mark.parametrize(
    ("quality", "width", "state", "least"),
    [(85, None, State.RECOMPRESSED, 34), (75, 1080, State.RESIZED, 29), (90, 960, State.RESIZED, 27)],
)
def test_platforms(
    photo: Pixels, sealed: Sealed, key: SealKey, quality: int, width: int | None, state: State, least: float
) -> None:
    truth = photo if width is None else smaller(photo, width)
    arrived = jpeg(sealed.pixels if width is None else smaller(sealed.pixels, width), quality)
    found = unseal(arrived, [new_key("other"), key])
    assert (found.state, found.key, found.tampered) == (state, "me", ())
    assert found.pixels.shape == arrived.shape
    assert psnr(found.pixels[found.region], truth[found.region]) > least
    assert (found.pixels[~found.region] == arrived[~found.region]).all()


def test_a_cropped_photo(photo: Pixels, sealed: Sealed, key: SealKey) -> None:
    part = np.s_[31:-12, 17:-40]
    found = unseal(sealed.pixels[part], [key])
    assert found.state is State.CROPPED
    truth = photo[part]
    assert psnr(found.pixels[found.region], truth[found.region]) > 45
    both = unseal(jpeg(smaller(sealed.pixels[part], 1080), 80), [key])
    assert psnr(both.pixels[both.region], smaller(truth, 1080)[both.region]) > 28


def test_other_keys_do_not_open_it(sealed: Sealed, key: SealKey) -> None:
    with pytest.raises(WrongKeyError, match="1000 keys"):
        unseal(sealed.pixels, [new_key() for _ in range(1000)])
    with pytest.raises(WrongKeyError):
        unseal(sealed.pixels, [])
    bent = bytearray(key.secret)
    bent[5] ^= 1
    with pytest.raises(WrongKeyError):
        unseal(sealed.pixels, [SealKey("bent", bytes(bent))])


def test_everyone_it_is_for_opens_it(photo: Pixels) -> None:
    mine, friends = new_key(), [new_key(f"friend {number}") for number in range(5)]
    sealed = seal(photo, MARK, mine, friends)
    for one in (mine, *friends):
        assert unseal(sealed.pixels, [one]).key == one.name
    with pytest.raises(TooManyRecipientsError, match="7 keys"):
        seal(photo, MARK, mine, [*friends, new_key()])
    with pytest.raises(RevokedKeyError, match="Ben"):
        seal(photo, MARK, mine, [SealKey("Ben", secrets.token_bytes(16), revoked=True)])


def test_a_photo_without_a_mark(photo: Pixels, key: SealKey) -> None:
    with pytest.raises(NotSealedError):
        unseal(photo, [key])
    with pytest.raises(NotSealedError):
        unseal(np.full((300, 400), 90, np.uint8), [key])
    with pytest.raises(NotSealedError):
        unseal(np.zeros((9, 4, 3), np.uint8), [key])


def test_every_sealed_copy_is_disguised_anew(photo: Pixels, sealed: Sealed, key: SealKey) -> None:
    box = sealed.boxes[0]
    again = seal(photo, MARK, key).pixels[box.rows, box.columns].astype(float)
    first = sealed.pixels[box.rows, box.columns].astype(float)
    # Letters and the colours beneath are the same; apart from them, nothing is alike.
    one, other = (np.diff(mark[:20], axis=1).ravel() for mark in (again, first))
    assert np.corrcoef(one, other)[0, 1] < 0.3
    assert psnr(((again + first) / 2).astype(np.uint8), photo[box.rows, box.columns]) < 22


def test_a_mark_pasted_onto_another_photo_is_refused(sealed: Sealed, key: SealKey) -> None:
    other = render(sample_photo(sample_persona(42), 42), 1400, 1050)
    for box in sealed.boxes:
        other[box.rows, box.columns] = sealed.pixels[box.rows, box.columns]
    with pytest.raises(TamperedError, match="do not belong together"):
        unseal(other, [key])
    with pytest.raises(TamperedError):
        unseal(jpeg(smaller(other, 1080), 75), [key])


def test_a_mark_pasted_into_the_opposite_corner_is_refused(photo: Pixels, key: SealKey) -> None:
    """There the photo that it comes from would lie outside the picture, and no fingerprint tells of what is inside."""
    small = np.asarray(Image.fromarray(photo).resize((640, 480)))
    sealed = seal(small, Mark("© A", position=Position.TOP_LEFT, size=Size.SMALL), key)
    box = sealed.boxes[0]
    other = np.array(Image.fromarray(render(sample_photo(sample_persona(42), 42), 640, 480)))
    other[-box.height :, -box.width :] = sealed.pixels[box.rows, box.columns]
    with pytest.raises(TamperedError, match="do not belong together"):
        unseal(other, [key])
    # What is cut off at the right and below leaves the mark where it was.
    assert unseal(sealed.pixels[:-30, :-20], [key]).state is State.CROPPED
    # With a little around it, it opens, and what is around it is told.
    framed = np.pad(sealed.pixels, ((0, 60), (24, 0), (0, 0)), constant_values=90)
    found = unseal(framed, [key])
    assert found.state is State.CROPPED
    assert psnr(found.pixels[:480, 24:], small) > 40
    below, left = found.tampered
    assert (below.x, below.width, below.y + below.height) == (0, 664, 540)
    assert abs(below.y - 480) <= 2
    assert (left.x, left.y) == (0, 0)
    assert abs(left.width - 24) <= 2


def test_changes_are_told_where_they_are(sealed: Sealed, key: SealKey) -> None:
    changed = Image.fromarray(sealed.pixels)
    box = sealed.boxes[0]
    x = 0 if box.x > 400 else 1000
    ImageDraw.Draw(changed).rectangle((x, 0, x + 350, 300), fill=(250, 20, 30))
    for arrived in (np.asarray(changed), jpeg(smaller(np.asarray(changed), 1080), 75)):
        found = unseal(arrived, [key])
        scale = arrived.shape[1] / 1400
        assert found.tampered
        for field in found.tampered:
            assert field.x < (x + 352) * scale
            assert field.y < 302 * scale
            assert field.x + field.width > (x - 2) * scale


@pytest.mark.parametrize("share", [0.03, 0.1, 0.35])
@pytest.mark.parametrize("fill", ["grey", "text", "another mark"])
def test_a_mark_that_was_painted_over(
    photo: Pixels, sealed: Sealed, key: SealKey, fill: str, share: float
) -> None:
    """Whatever is written in what is left: under it there would be noise, told to be as good as new."""
    box = sealed.boxes[0]
    x = box.x + box.width // 3
    part = (slice(box.y, box.y + box.height), slice(x, x + round(share * box.width)))
    painted = sealed.pixels.copy()
    if fill == "grey":
        painted[part] = 120
    elif fill == "text":
        page = Image.new("RGB", (part[1].stop - part[1].start, box.height), (250, 250, 250))
        ImageDraw.Draw(page).text((2, 2), "WOW\n" * 20, fill=(10, 10, 10))
        painted[part] = np.asarray(page)
    else:
        painted[part] = seal(photo, Mark("© Anna Berg", position=Position.TOP), key).pixels[
            : box.height, part[1]
        ]
    for arrived in (painted, jpeg(smaller(painted, 1080), 75)):
        with pytest.raises(TamperedError, match="damaged"):
            unseal(arrived, [key])


def test_a_mark_of_which_half_is_left(sealed: Sealed, key: SealKey) -> None:
    """Perhaps it is not even found; it does not open."""
    box = sealed.boxes[0]
    painted = sealed.pixels.copy()
    painted[box.rows, box.x : box.x + box.width // 2] = 120
    with pytest.raises((TamperedError, NotSealedError)):
        unseal(painted, [key])


def test_of_several_marks_one_was_painted_over(photo: Pixels, key: SealKey) -> None:
    sealed = seal(photo, Mark("Anna", tiling=True, size=Size.SMALL), key, exact=True)
    painted = sealed.pixels.copy()
    box = sealed.boxes[1]
    painted[box.y + 10 : box.y + 40, box.x + 10 : box.x + 70] = (200, 30, 30)
    found = unseal(painted, [key], rest=sealed.residual)
    assert box in found.tampered
    assert not found.exact
    # It stays as it came, and what is under the others comes back.
    assert (found.pixels[box.rows, box.columns] == painted[box.rows, box.columns]).all()
    assert not found.region[box.rows, box.columns].any()
    assert found.region.sum() == (len(sealed.boxes) - 1) * box.width * box.height
    assert psnr(found.pixels[found.region], photo[found.region]) > 45


def test_tiles(photo: Pixels, key: SealKey) -> None:
    sealed = seal(photo, Mark("Anna", tiling=True, size=Size.SMALL, tone=Tone.LIGHT), key)
    assert len(sealed.boxes) >= 4
    found = unseal(sealed.pixels, [key])
    assert len(found.boxes) == len(sealed.boxes)
    assert psnr(found.pixels, photo) > 45
    scaled = unseal(jpeg(smaller(sealed.pixels, 1080), 85), [key])
    assert psnr(scaled.pixels[scaled.region], smaller(photo, 1080)[scaled.region]) > 27


@pytest.mark.parametrize("number", range(len(Position)), ids=list(Position))
def test_small_photos_at_every_position(photo: Pixels, key: SealKey, number: int) -> None:
    position, sizes = list(Position)[number], [(400, 300), (333, 500)]
    for width, height in sizes:
        small = np.asarray(Image.fromarray(photo).resize((width, height)))
        box = placing.single(small, Size.MEDIUM, position)
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= width
        assert box.y + box.height <= height
    # Sealing takes a while: every position once, in turn on the one and on the other.
    small = np.asarray(Image.fromarray(photo).resize(sizes[number % 2]))
    sealed = seal(small, Mark("© A", position=position), key)
    assert sealed.boxes == (placing.single(small, Size.MEDIUM, position),)
    found = unseal(sealed.pixels, [key])
    assert psnr(found.pixels[found.region], small[found.region]) > 45


def test_grey_stays_grey(photo: Pixels, key: SealKey) -> None:
    grey = np.asarray(Image.fromarray(photo).convert("L"))
    sealed = seal(grey, MARK, key)
    assert sealed.pixels.ndim == 2
    assert psnr(unseal(sealed.pixels, [key]).pixels, grey) > 45
    # Platforms may store it as colour.
    coloured = np.dstack([jpeg(smaller(sealed.pixels, 1080), 85)] * 3)
    found = unseal(coloured, [key])
    assert psnr(found.pixels[..., 0][found.region], smaller(grey, 1080)[found.region]) > 28


@pytest.mark.parametrize("pixels", ["black", "white", "noise"])
def test_extreme_photos(key: SealKey, pixels: str) -> None:
    rng = np.random.default_rng(3)
    photo = {
        "black": np.zeros((480, 640, 3), np.uint8),
        "white": np.full((480, 640, 3), 255, np.uint8),
        "noise": rng.integers(0, 256, (480, 640, 3), dtype=np.uint8),
    }[pixels]
    sealed = seal(photo, MARK, key)
    found = unseal(sealed.pixels, [key])
    assert psnr(found.pixels[found.region], photo[found.region]) > 38
    assert (sealed.fill_db > 22) == (pixels != "noise")


def test_logos(photo: Pixels, key: SealKey) -> None:
    drawing = Image.new("RGBA", (200, 120))
    ImageDraw.Draw(drawing).ellipse((30, 10, 170, 110), fill=(200, 0, 0, 255))
    file = io.BytesIO()
    drawing.save(file, "PNG")
    plain = seal(photo, Mark("Anna", position=Position.CENTRE), key)
    sealed = seal(photo, Mark("Anna", logo=file.getvalue(), position=Position.CENTRE), key)
    assert unseal(sealed.pixels, [key]).state is State.LOSSLESS
    assert psnr(unseal(sealed.pixels, [key]).pixels, photo) > 45
    assert plain.boxes == sealed.boxes
    for bad in (b"no picture", file.getvalue()[:60]):
        with pytest.raises(BadMarkError, match="logo"):
            seal(photo, Mark("Anna", logo=bad), key)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "neither text nor a logo"), ("x" * 80, "80 bytes"), ("漢字", "漢"), ("two\nlines", "line breaks")],
)
def test_marks_that_cannot_be(photo: Pixels, key: SealKey, text: str, reason: str) -> None:
    with pytest.raises(BadMarkError, match=reason):
        seal(photo, Mark(text), key)


def test_photos_that_are_too_small(photo: Pixels, key: SealKey) -> None:
    with pytest.raises(TooSmallError, match="280 × 200"):
        seal(photo[:200, :280], MARK, key)
    with pytest.raises(TooSmallError):
        seal(photo[:90, :1000], MARK, key)


def test_the_chunk_of_a_png_file(photo: Pixels, sealed: Sealed) -> None:
    file = io.BytesIO()
    Image.fromarray(sealed.pixels).save(file, "PNG")
    with_chunk = residual.put(file.getvalue(), sealed.residual)
    assert residual.found(with_chunk) == sealed.residual
    assert (np.asarray(Image.open(io.BytesIO(with_chunk))) == sealed.pixels).all()
    assert residual.found(file.getvalue()) == b""
    assert residual.found(b"\xff\xd8\xff nothing") == b""
    assert residual.found(with_chunk[:-40]) == b""
    assert residual.found(file.getvalue()[:8] + b"\xff\xff\xff\xffpvSL") == b""


@pytest.mark.parametrize("version", SCENES)
@pytest.mark.parametrize("kind", ["jpg", "png"])
def test_photos_sealed_by_older_versions_still_open(version: int, kind: str) -> None:
    golden, data = SealKey("golden", bytes(range(16))), (DATA / f"version-{version}.{kind}").read_bytes()
    sealed = np.asarray(Image.open(io.BytesIO(data)))
    found = unseal(sealed, [golden], rest=residual.found(data))
    if kind == "png":
        assert found.exact
        assert hashlib.sha256(found.pixels.tobytes()).hexdigest() == GREY_BEFORE_SEALING[version]
        return
    seed, width, height = SCENES[version]
    photo = render(sample_photo(sample_persona(seed), seed), width, height)
    assert (found.state, found.tampered) == (State.RECOMPRESSED, ())
    assert psnr(found.pixels[found.region], photo[found.region]) > 30
    smaller_still = unseal(jpeg(smaller(sealed, width * 7 // 8), 90), [golden])
    assert smaller_still.state is State.RESIZED
    with pytest.raises(WrongKeyError):
        unseal(sealed, [new_key()])


def test_one_side_has_the_keys_and_the_other_the_photo(photo: Pixels, key: SealKey) -> None:
    wrapped = wraps.wrap([key, new_key()])
    done = seal_wrapped(photo, MARK, wrapped)
    asked: list[bytes] = []

    def opener(frame: bytes) -> tuple[str, Content]:
        asked.append(frame)
        opened_by, content = wraps.unwrap(frame, [new_key(), key])
        return opened_by.name, content

    found = unseal_with(jpeg(done.pixels, 85), opener)
    assert (found.key, len(asked)) == ("me", 1)
    assert psnr(found.pixels[found.region], photo[found.region]) > 34


def test_a_mark_lies_where_it_is_hard_to_guess_and_keeps_well(photo: Pixels) -> None:
    """Left half: a busy lawn. Right half: broad shapes, as hard to guess, without fine detail."""
    rng = np.random.default_rng(8)
    coarse = Image.fromarray(rng.integers(20, 235, (12, 18, 3), dtype=np.uint8))
    pixels = np.array(coarse.resize((1200, 800), Image.Resampling.BICUBIC)).astype(float)
    pixels[:, :600] += rng.normal(0, 40, (800, 600, 1))
    pixels = np.clip(pixels, 0, 255).astype(np.uint8)
    done = seal(pixels, MARK, new_key())
    assert done.boxes[0].x >= 600 - done.boxes[0].width // 4
    assert done.fill_db < 17.5
