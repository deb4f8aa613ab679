"""What of the metadata travels, under each policy."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from PIL import Image

from photoveil.photos import Format, MetadataPolicy, decode, encode, iptc, xmp
from photoveil.photos import exif as exif_block
from photoveil.photos.containers import jpeg, photoshop
from photoveil.photos.model import Metadata

from .samples import IPTC, SECRETS, SRGB, THUMBNAIL_MARK, XMP, picture, private, private_exif, saved

CARRIERS = [Format.JPEG, Format.PNG, Format.WEBP, Format.TIFF, Format.AVIF, Format.HEIC]
STRIP, ALL, KEEP = MetadataPolicy.STRIP_LOCATION, MetadataPolicy.STRIP_ALL, MetadataPolicy.KEEP

carriers = pytest.mark.parametrize("kind", CARRIERS, ids=lambda f: f.value)
policies = pytest.mark.parametrize("policy", list(MetadataPolicy), ids=lambda p: p.value)


def delivered(kind: Format, policy: MetadataPolicy) -> bytes:
    photo = decode(private(kind), name=f"a{kind.extension}")
    return encode(photo, photo.pixels, metadata=policy).data


@carriers
@policies
def test_profile_is_identical(kind: Format, policy: MetadataPolicy) -> None:
    assert decode(delivered(kind, policy)).source.metadata.icc == SRGB


@carriers
@policies
def test_miniatures_never_travel(kind: Format, policy: MetadataPolicy) -> None:
    assert THUMBNAIL_MARK in private(kind)
    data = delivered(kind, policy)
    assert THUMBNAIL_MARK not in data
    assert data.count(b"\xff\xd8\xff") == (kind is Format.JPEG)


@carriers
def test_location_and_serial_numbers_stay_at_home(kind: Format) -> None:
    data = delivered(kind, STRIP)
    for secret in SECRETS:
        assert secret not in data, secret
    kept = decode(data).source.metadata
    assert kept.exif is not None
    block = exif_block.parse(kept.exif)
    assert block is not None
    assert not block.gps
    assert b"Camera One\0" in {e.data for e in block.main.values()}
    assert block.main[0x013B].data == b"Ada Lovelace\0"
    assert block.main[0x8298].data == b"(c) Ada\0"
    assert block.exif[0x9003].data == b"2024:05:01 12:30:00\0"
    assert exif_block.integer(block.exif[0xA002], block.order) == decode(data).width


@carriers
def test_strip_all_leaves_the_profile_only(kind: Format) -> None:
    metadata = decode(delivered(kind, ALL)).source.metadata
    assert (metadata.xmp, metadata.photoshop, metadata.texts, metadata.comment) == (None, (), (), None)
    assert metadata.exif is None or set(vars(exif_block.parse(metadata.exif))["exif"]) == set()
    for word in (*SECRETS, b"Ada", b"Camera One"):
        assert word not in delivered(kind, ALL), word


@carriers
def test_keep_keeps_place_and_serial_numbers(kind: Format) -> None:
    data = delivered(kind, KEEP)
    assert b"SERIAL-BODY-4711" in data
    assert b"Secretville" in data
    exif = decode(data).source.metadata.exif
    block = exif_block.parse(exif) if exif else None
    assert block is not None
    assert block.gps[0x001C].data.rstrip(b"\0") == b"Secretville"


@policies
def test_iptc_follows_the_policy(policy: MetadataPolicy) -> None:
    for kind in (Format.JPEG, Format.TIFF):
        resources = dict(decode(delivered(kind, policy)).source.metadata.photoshop)
        records = resources.get(photoshop.IPTC, b"")
        assert (b"Ada Lovelace" in records) == (policy is not ALL)
        assert (b"Secretville" in records) == (policy is KEEP)


def test_pillow_reads_what_is_delivered() -> None:
    for kind in CARRIERS[:5]:
        with Image.open(BytesIO(delivered(kind, STRIP))) as seen:
            exif = seen.getexif()
            assert exif[0x0110] == "Camera One"
            assert exif.get_ifd(0x8769)[0x9003] == "2024:05:01 12:30:00"
            assert not exif.get_ifd(0x8825)
            assert seen.info["icc_profile"] == SRGB


def test_xmp_keeps_the_author_and_loses_the_place() -> None:
    kept = xmp.filtered(XMP, keep_all=False)
    assert kept is not None
    for gone in (b"GPS", b"Secretville", b"SERIAL", b"MINIATURE", b"+02:00", b"uuid"):
        assert gone not in kept
    for stays in (b"Ada Lovelace", b'tiff:Make="Lab"', b'tiff:Orientation="1"', b"2024-05-01T12:30:00"):
        assert stays in kept
    everything = xmp.filtered(XMP, keep_all=True)
    assert everything is not None
    assert b"Secretville" in everything
    assert b"MINIATURE" not in everything
    assert xmp.filtered(everything, keep_all=True) == everything


@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        b"not xml",
        b"<a/>",
        b"<x:xmpmeta",
        XMP.replace(b"<x:xmpmeta", b'<!DOCTYPE a [<!ENTITY b "ha">]><x:xmpmeta'),
        XMP.decode().encode("utf-16"),
        b"<a>" * 30_000 + b"</a>" * 30_000,
        XMP + b" " * 2**20 + b"<!-- -->",
    ],
    ids=["empty", "text", "other-xml", "cut", "entities", "utf-16", "deep", "huge"],
)
def test_xmp_that_is_not_safe_is_dropped(hostile: bytes) -> None:
    assert xmp.filtered(hostile, keep_all=False) is None
    assert xmp.filtered(hostile, keep_all=True) is None


def test_deep_xmp_does_not_exhaust_the_stack() -> None:
    deep = XMP.replace(b"Ada Lovelace", b"<dc:a>" * 50_000 + b"</dc:a>" * 50_000)
    assert xmp.filtered(deep, keep_all=False) is None


def test_iptc_ends_at_the_first_broken_record() -> None:
    assert iptc.filtered(IPTC + b"\x1c\x02\x50\xff\xffrest", keep_all=True) == IPTC
    assert iptc.filtered(b"nonsense", keep_all=True) == b""


@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_survives_a_change_of_byte_order(order: str) -> None:
    block = exif_block.parse(private_exif(order, 6))
    assert block is not None
    other = exif_block.in_order(block, "<" if order == ">" else ">")
    assert exif_block.in_order(other, order) == block
    assert exif_block.parse(exif_block.serialise(other)) == other
    assert exif_block.orientation_of(other) == 6


def test_metadata_too_large_for_a_jpeg_is_left_out_with_a_note() -> None:
    big = exif_block.parse(private_exif())
    assert big is not None
    big.main[0x010E] = exif_block.blob(0x010E, b"x" * 70_000, 2)
    photo = decode(saved(picture(), Format.PNG, exif=exif_block.serialise(big)), name="a.png")
    result = encode(photo, photo.pixels, format=Format.JPEG)
    assert any("EXIF" in note for note in result.notes)
    assert encode(photo, photo.pixels).notes == ()


def test_a_large_profile_spans_segments() -> None:
    profile = SRGB + bytes(200_000)
    data, notes = jpeg.with_metadata(saved(picture(), Format.JPEG), Metadata(icc=profile))
    assert not notes
    assert decode(data).source.metadata.icc == profile
    photo = decode(data)
    assert decode(encode(photo, photo.pixels).data).source.metadata.icc == profile


def test_png_colour_chunks_stay() -> None:
    data = saved(picture(), Format.PNG)
    gamma = b"\0\0\0\4gAMA\0\0\xb1\x8f\x0b\xfca\x05"
    photo = decode(data[:33] + gamma + data[33:])
    for policy in MetadataPolicy:
        assert gamma in encode(photo, photo.pixels, metadata=policy).data


def test_content_credentials_and_motion_are_noted() -> None:
    data = saved(picture(), Format.JPEG)
    jumbf = b"\xff\xeb\0\x20JP\0\0\0\0\0\0\0\x16jumbc2pa".ljust(34, b"\0")
    photo = decode(data[:2] + jumbf + data[2:])
    assert re.search("C2PA", " ".join(photo.notes))
    moving = XMP.replace(b'tiff:Make="Lab"', b'tiff:Make="MotionPhoto"')
    moved, _ = jpeg.with_metadata(data, Metadata(xmp=moving))
    assert "motion photo" in " ".join(decode(moved).notes)
