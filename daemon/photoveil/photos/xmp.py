"""XMP packets: read as XML without entities, filtered property by property, written anew."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

_MOST = 1024 * 1024
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_META = "adobe:ns:meta/"
_DC = "http://purl.org/dc/elements/1.1/"
_XAP = "http://ns.adobe.com/xap/1.0/"
_RIGHTS = "http://ns.adobe.com/xap/1.0/rights/"
_PS = "http://ns.adobe.com/photoshop/1.0/"
_TIFF = "http://ns.adobe.com/tiff/1.0/"
_EXIF = "http://ns.adobe.com/exif/1.0/"
_AUX = "http://ns.adobe.com/exif/1.0/aux/"
_IPTC_EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"

_PREFIXES = {
    "x": _META,
    "rdf": _RDF,
    "dc": _DC,
    "xmp": _XAP,
    "xmpRights": _RIGHTS,
    "photoshop": _PS,
    "tiff": _TIFF,
    "exif": _EXIF,
    "aux": _AUX,
    "Iptc4xmpExt": _IPTC_EXT,
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
}
for _prefix, _uri in _PREFIXES.items():
    ET.register_namespace(_prefix, _uri)  # readers that look for "dc:" in the text find it

_KEPT = {
    _DC: {"creator", "rights", "title", "description", "date", "format"},
    _XAP: {"CreateDate", "ModifyDate", "MetadataDate", "CreatorTool", "Rating", "Label"},
    _RIGHTS: {"Marked", "Owner", "UsageTerms", "WebStatement"},
    _PS: {
        "Credit",
        "Source",
        "DateCreated",
        "AuthorsPosition",
        "CaptionWriter",
        "Headline",
        "ColorMode",
        "ICCProfile",
    },
    _TIFF: {"Make", "Model", "Artist", "Copyright", "DateTime", "Software", "Orientation"},
    _EXIF: {"DateTimeOriginal", "DateTimeDigitized", "ExposureTime", "FNumber", "FocalLength", "ColorSpace"},
    _AUX: {"Lens", "LensInfo"},
    _IPTC_EXT: {"DigitalSourceType"},
}
# Second pictures, and pointers to data that followed the first picture and no longer do.
_NEVER = (
    "http://ns.adobe.com/xap/1.0/g/img/",
    "http://ns.google.com/photos/1.0/",
    "http://ns.google.com/photos/dd/",
    "http://ns.adobe.com/hdr-gain-map/",
    "http://ns.apple.com/",
)
_NEVER_NAMES = {(_XAP, "Thumbnails"), ("http://ns.adobe.com/xmp/note/", "HasExtendedXMP")}
_ZONE = re.compile(r"(T\d\d:\d\d[\d:.]*)(?:Z|[+-]\d\d:?\d\d)$")


def filtered(data: bytes, *, keep_all: bool) -> bytes | None:
    """The packet without places, serial numbers, histories and previews; with ``keep_all`` without
    previews only. None when nothing is left, or when it cannot be read safely. Never raises.
    """
    root = _parsed(data)
    body = root if root is None or root.tag == f"{{{_RDF}}}RDF" else root.find(f"{{{_RDF}}}RDF")
    if body is None:
        return None
    for description in list(body):
        _filter(description, keep_all)
        if not len(description) and set(description.attrib) <= {f"{{{_RDF}}}about"}:
            body.remove(description)
    if not len(body):
        return None
    meta = ET.Element(f"{{{_META}}}xmpmeta")
    meta.append(body)
    try:
        text: bytes = ET.tostring(meta, encoding="utf-8")
    except (RecursionError, ValueError, TypeError):
        return None
    text = text.partition(b"?>\n")[2] if text.startswith(b"<?xml") else text
    return b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>' + text + b'<?xpacket end="w"?>'


def _parsed(data: bytes) -> ET.Element | None:
    data = data.strip(b"\0 \r\n\t")
    # Entities are what makes XML dangerous; XMP has no use for a document type that could declare them.
    if len(data) > _MOST or b"<!" in data or b"\0" in data:
        return None
    try:
        return ET.fromstring(data)  # noqa: S314 - neither document type nor entity gets here
    except (ET.ParseError, ValueError, RecursionError):
        return None


def _filter(description: ET.Element, keep_all: bool) -> None:
    for name in list(description.attrib):
        space, local = _split(name)
        if space == _RDF:
            description.attrib[name] = "" if local == "about" else description.attrib[name]
        elif not _stays(space, local, keep_all):
            del description.attrib[name]
        else:
            description.attrib[name] = _value(space, local, description.attrib[name], keep_all)
    for child in list(description):
        space, local = _split(child.tag)
        if not _stays(space, local, keep_all):
            description.remove(child)
        elif child.text:
            child.text = _value(space, local, child.text, keep_all)


def _stays(space: str, local: str, keep_all: bool) -> bool:
    if (space, local) in _NEVER_NAMES or space.startswith(_NEVER):
        return False
    return keep_all or local in _KEPT.get(space, ())


def _value(space: str, local: str, text: str, keep_all: bool) -> str:
    if (space, local) == (_TIFF, "Orientation"):
        return "1"
    # A date's time zone is a place, if a large one.
    return text if keep_all else _ZONE.sub(r"\1", text)


def _split(name: str) -> tuple[str, str]:
    space, _, local = name.removeprefix("{").rpartition("}")
    return space, local
