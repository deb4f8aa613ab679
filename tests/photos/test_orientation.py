"""The orientation is applied once: the delivered file needs none and shows the same picture."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from photoveil.photos import Format, MetadataPolicy, Pixels, decode, encode, inspect
from photoveil.photos import exif as exif_block
from photoveil.photos.containers import tiff
from photoveil.photos.exif import Exif
from photoveil.photos.model import Metadata

from .samples import picture, private, private_exif, saved

TURNS = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: np.swapaxes(a, 0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(np.swapaxes(a, 0, 1), 2),
    8: lambda a: np.rot90(a, 1),
}
EXACT = (Format.PNG, Format.TIFF, Format.WEBP)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", [*EXACT, Format.JPEG, Format.AVIF], ids=lambda f: f.value)
def test_applied_once(kind: Format, orientation: int) -> None:
    data = private(kind, orientation=orientation)
    upright = TURNS[orientation](picture())
    info, photo = inspect(data), decode(data)
    assert (info.width, info.height) == (48, 32)
    assert info.orientation == orientation
    assert (info.upright_height, info.upright_width) == upright.shape[:2] == photo.pixels.shape[:2]
    assert close(photo.pixels, upright, exact=kind in EXACT)
    for policy in MetadataPolicy:
        delivered = encode(photo, photo.pixels, metadata=policy)
        again = decode(delivered.data)
        assert inspect(delivered.data).orientation == 1
        assert close(again.pixels, upright, exact=kind in EXACT)
        with Image.open(BytesIO(delivered.data)) as seen:
            assert seen.getexif().get(exif_block.ORIENTATION, 1) == 1
            assert seen.size == (photo.width, photo.height)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_heic_is_turned_by_its_decoder(orientation: int) -> None:
    data = saved(picture(), Format.HEIC, quality=95, exif=private_exif("<", orientation))
    upright = TURNS[orientation](picture())
    info, photo = inspect(data), decode(data)
    assert (info.upright_height, info.upright_width) == upright.shape[:2]
    assert close(photo.pixels, upright, exact=False)
    for policy in MetadataPolicy:
        assert close(decode(encode(photo, photo.pixels, metadata=policy).data).pixels, upright, exact=False)


def close(found: Pixels, wanted: Pixels, *, exact: bool) -> bool:
    if exact:
        return np.array_equal(found, wanted)
    return float(np.abs(found.astype(int) - wanted).mean()) < 8


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_plane_turns_along(orientation: int) -> None:
    rgba = np.dstack((picture(), picture(channels=1, seed=3)))
    exif = private_exif("<", orientation)
    photo = decode(saved(rgba, Format.PNG, exif=exif))
    assert photo.source.alpha is not None
    turned = TURNS[orientation](rgba)
    assert np.array_equal(np.dstack((photo.pixels, photo.source.alpha)), turned)
    inks = np.asarray(Image.fromarray(picture()).convert("CMYK"))
    data = saved(Image.frombytes("CMYK", (48, 32), inks.tobytes()), Format.TIFF)
    main = {exif_block.ORIENTATION: exif_block.short(exif_block.ORIENTATION, orientation, "<")}
    cmyk = decode(tiff.with_metadata(data, Metadata(exif=exif_block.serialise(Exif("<", main)))))
    assert cmyk.source.inks is not None
    assert np.array_equal(cmyk.source.inks, TURNS[orientation](inks))


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_absurd_orientations_mean_upright(value: int) -> None:
    photo = decode(saved(picture(), Format.PNG, exif=private_exif(">", value)))
    assert np.array_equal(photo.pixels, picture())


def test_resolution_turns_along() -> None:
    data = saved(picture(), Format.JPEG, dpi=(300, 200), exif=b"Exif\0\0" + private_exif("<", 6))
    photo = decode(data)
    assert photo.source.metadata.dpi == pytest.approx((200, 300))
    with Image.open(BytesIO(encode(photo, photo.pixels).data)) as seen:
        assert seen.info["dpi"] == (200, 300)
