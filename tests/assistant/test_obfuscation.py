"""What obfuscation does to pixels."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.data import astronaut

from photoveil.assistant.evaluation import similarity
from photoveil.assistant.kinds import KINDS
from photoveil.assistant.obfuscation import obfuscate
from photoveil.assistant.parameters import STYLES, Parameters, Treatment
from photoveil.assistant.regions import Region

FACE = Region("face", (0.34, 0.08, 0.56, 0.36))
BOX = (slice(41, 184), slice(174, 287))


@pytest.fixture(scope="module")
def photo() -> NDArray[np.uint8]:
    pixels: NDArray[np.uint8] = np.array(astronaut())
    pixels.setflags(write=False)
    return pixels


def hidden(style: str, strength: float, margin: float = 0.0) -> Parameters:
    return Parameters({"face": Treatment(style, strength, margin)})


@pytest.mark.parametrize("style", STYLES)
def test_a_style_hides_the_region_and_nothing_else(style: str, photo: NDArray[np.uint8]) -> None:
    strong = obfuscate(photo, [FACE], hidden(style, 1.0))
    weak = obfuscate(photo, [FACE], hidden(style, 0.2))

    changed = (strong != photo).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    wide, tall = 0.22 * 512 * 0.15, 0.28 * 512 * 0.15
    assert rows[0] >= 41 - tall
    assert rows[-1] <= 184 + tall
    assert columns[0] >= 174 - wide
    assert columns[-1] <= 287 + wide
    assert similarity(strong[BOX], photo[BOX]) < 0.75
    assert similarity(strong[BOX], photo[BOX]) < similarity(weak[BOX], photo[BOX])


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"face"}))
def test_what_somebody_framed_is_hidden_to_its_corners(kind: str) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (200, 300, 3), np.uint8)
    frame = Region(kind, (0.3, 0.2, 0.6, 0.8))
    copy = obfuscate(noise, [frame], Parameters({kind: Treatment("recolour", 1.0, 0.0)}))
    left, top, right, bottom = frame.pixels(300, 200)
    assert copy[top:bottom, left:right].astype(float).std(axis=(0, 1)).max() < 3.0
    assert (copy[:5] == noise[:5]).all()


@pytest.mark.parametrize("style", STYLES)
def test_a_small_copy_foretells_what_happens_to_the_photo(style: str, photo: NDArray[np.uint8]) -> None:
    small = np.asarray(cv2.resize(photo, (256, 256), interpolation=cv2.INTER_AREA), np.uint8)
    parameters = hidden(style, 0.7, 0.3)

    foretold = obfuscate(small, [FACE], parameters)
    happened = cv2.resize(obfuscate(photo, [FACE], parameters), (256, 256), interpolation=cv2.INTER_AREA)

    assert np.abs(foretold.astype(int) - happened).mean() < 2.0


def test_everything_is_coarser_paler_and_noisier(photo: NDArray[np.uint8]) -> None:
    detail = [
        np.abs(np.diff(obfuscate(photo, [], Parameters(downscale=d)).astype(int), axis=0)).mean()
        for d in (0.0, 0.5, 1.0)
    ]
    assert detail[0] > detail[1] > detail[2]
    colour = [
        np.ptp(obfuscate(photo, [], Parameters(tone=t)).astype(int), axis=2).mean() for t in (0.0, 0.5, 1.0)
    ]
    assert colour[0] > colour[1] > colour[2]
    noise = [
        np.abs(obfuscate(photo, [], Parameters(noise=n)).astype(int) - photo).mean() for n in (0.0, 0.5, 1.0)
    ]
    assert noise[0] == 0
    assert noise[2] > noise[1] > 5


def test_what_is_spared_loses_nothing_to_the_margin_of_what_is_hidden(photo: NDArray[np.uint8]) -> None:
    hidden, spared = Region("chosen", (0.2, 0.2, 0.5, 0.5)), Region("face", (0.45, 0.2, 0.7, 0.5))
    everything = Parameters({"chosen": Treatment("recolour", 1.0, 1.0)})
    left, top, right, bottom = hidden.pixels(photo.shape[1], photo.shape[0])
    own = (slice(top, bottom), slice(right, spared.pixels(photo.shape[1], photo.shape[0])[2]))
    within = (slice(top, bottom), slice(left, right))

    reached = obfuscate(photo, [hidden], everything)
    kept = obfuscate(photo, [hidden], everything, spared=[spared])

    assert (reached[own] != photo[own]).any()
    assert (kept[own] == photo[own]).all()
    assert (kept[within] == reached[within]).all(), "what is framed is hidden all the same"


def test_noise_cannot_be_drawn_again_unless_it_is_asked_for(photo: NDArray[np.uint8]) -> None:
    noisy = Parameters(noise=0.5)

    assert (obfuscate(photo, [], noisy) != obfuscate(photo, [], noisy)).any()
    assert (obfuscate(photo, [], noisy, seed=3) == obfuscate(photo, [], noisy, seed=3)).all()


@pytest.mark.parametrize("shape", [(40, 60), (41, 59, 3), (9, 400), (2, 2, 3)])
def test_any_shape_stays_what_it_is(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(1).integers(0, 255, shape, dtype=np.uint8)
    regions = [Region("face", (0.0, 0.0, 1.0, 1.0)), Region("chosen", (0.9, 0.9, 0.95, 1.0))]
    everything = Parameters(
        {"face": Treatment("inpaint", 1.0, 1.0), "chosen": Treatment("pixelate", 1.0, 1.0)}, 1.0, 1.0, 1.0
    )

    for style in STYLES:
        parameters = Parameters({**everything.regions, "face": Treatment(style, 0.6, 0.2)}, 0.5, 0.5, 0.5)
        copy = obfuscate(pixels, regions, parameters)
        assert copy.shape == pixels.shape
        assert copy.dtype == np.uint8
