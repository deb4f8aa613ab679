"""What a model is shown: hidden is what should be, kept what should be, and nothing of the camera's notes travels."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from lab.leakage.faces import boxes
from lab.people import sample_persona
from lab.render import render
from lab.scenes import sample_photo
from photoveil.audit.manipulations import NEED_A_FACE, Manipulation
from photoveil.audit.pictures import LONGEST, cut_out, landscape, manipulated, picture_of, shown

SPEC = sample_photo(sample_persona(870_000_111), 3, "portrait")
SIZE = (400, 300)
PICTURE = picture_of(render(SPEC, *SIZE))
(FACE,) = boxes(SPEC, *SIZE)


def part(picture: Image.Image, box: tuple[float, float, float, float]) -> np.ndarray:
    left, top, right, bottom = (round(v * s) for v, s in zip(box, SIZE * 2, strict=True))
    return np.asarray(picture, np.float32)[top:bottom, left:right]


def middle(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    left, top, right, bottom = box
    x, y = (right - left) / 4, (bottom - top) / 4
    return left + x, top + y, right - x, bottom - y


def test_a_blurred_face_has_no_features_left_and_the_rest_is_untouched() -> None:
    blurred = manipulated(PICTURE, Manipulation.BLURRED, [FACE])
    inner = middle(FACE)
    before, after = (part(p, inner).std(axis=(0, 1)).mean() for p in (PICTURE, blurred))
    assert after < 0.35 * before
    corner = (0.0, 0.0, 0.08, 0.08)
    assert np.array_equal(part(blurred, corner), part(PICTURE, corner))


@pytest.mark.parametrize("what", [Manipulation.WHITE, Manipulation.LANDSCAPE])
def test_another_background_keeps_the_face(what: Manipulation) -> None:
    changed = manipulated(PICTURE, what, [FACE], seed=5)
    inner = middle(FACE)
    assert np.abs(part(changed, inner) - part(PICTURE, inner)).mean() < 2
    corners = [(0.0, 0.0, 0.1, 0.1), (0.9, 0.0, 1.0, 0.1)]
    assert all(np.abs(part(changed, box) - part(PICTURE, box)).mean() > 10 for box in corners)


def test_white_is_white_and_the_cut_is_no_more_than_a_person() -> None:
    changed = manipulated(PICTURE, Manipulation.WHITE, [FACE])
    assert part(changed, (0.0, 0.0, 0.1, 0.1)).min() >= 250
    share = np.asarray(cut_out(PICTURE, [FACE]), np.float32).mean() / 255
    assert 0.05 < share < 0.7


@pytest.mark.parametrize("style", ["curly", "long", "bun"])
def test_hair_is_cut_out_with_the_face(style: str) -> None:
    """Detectors mark faces from the hairline down."""
    persona = sample_persona(852_300_007)
    look = replace(persona.look, hair_style=style, hair_colour="blond", skin="brown")
    spec = sample_photo(replace(persona, look=look), 3, "portrait")
    gone = render(replace(spec, pose=replace(spec.pose, x=9.0)), *SIZE)
    person = np.abs(render(spec, *SIZE).astype(int) - gone).max(2) > 10
    cut = np.asarray(cut_out(picture_of(render(spec, *SIZE)), boxes(spec, *SIZE))) > 127
    assert (cut & person).sum() >= 0.85 * (cut | person).sum()


def test_equal_seeds_give_equal_pictures() -> None:
    for what in NEED_A_FACE:
        first, second = (shown(manipulated(PICTURE, what, [FACE], 3)).sha256 for _ in range(2))
        assert first == second
    assert landscape(64, 48, 1).tobytes() != landscape(64, 48, 2).tobytes()


@pytest.mark.parametrize("box", [(0.0, 0.0, 1.0, 1.0), (0.95, 0.95, 1.0, 1.0), (0.4, 0.4, 0.41, 0.41)])
@pytest.mark.parametrize("size", [(40, 30), (31, 200), (8, 8)])
def test_faces_at_the_edge_and_tiny_photos_do_no_harm(
    box: tuple[float, float, float, float], size: tuple[int, int]
) -> None:
    for what in Manipulation:
        assert shown(manipulated(PICTURE.resize(size), what, [box])).data


def test_what_is_sent_is_small_and_bare() -> None:
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    photo = Image.fromarray(np.zeros((1500, 3000, 3), np.uint8))
    photo.info["exif"] = exif.tobytes()
    sent = Image.open(io.BytesIO(shown(picture_of(np.asarray(photo))).data))
    assert max(sent.size) == LONGEST
    assert not sent.getexif()
    assert set(sent.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_grey_photos_are_shown_too() -> None:
    grey = np.full((30, 40), 90, np.uint8)
    assert manipulated(picture_of(grey), Manipulation.BLURRED, [(0.2, 0.2, 0.6, 0.6)]).mode == "RGB"
