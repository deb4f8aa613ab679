"""Can photos of iPhones (HEIC) be opened?"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from photoveil.doctor import remedies
from photoveil.doctor.model import Finding, Weight
from photoveil.doctor.patient import Patient


def look(_patient: Patient) -> Iterator[Finding]:
    """Load what opens them."""
    if find_spec("pillow_heif") is None:
        yield Finding(
            "heif_missing",
            "HEIC photos cannot be protected",
            "The part that opens them, pillow-heif, is not installed.",
            remedies.add("pillow-heif>=0.18"),
            Weight.ADVICE,
        )
        return
    try:
        import pillow_heif

        pillow_heif.libheif_version()
    except (ImportError, OSError) as error:
        yield Finding(
            "heif_broken",
            "HEIC photos cannot be protected",
            f"The part that opens them does not load: {str(error)[:200]}.",
            remedies.reinstall(["pillow-heif"]),
        )
