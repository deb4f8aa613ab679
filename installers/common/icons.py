"""Draws the installers' icons from the project's mark: `icons.py`, after the mark has changed.

Writes installers/windows/photoveil.ico and side.bmp, and installers/macos/photoveil.icns. They are kept in the
repository, so that a build machine needs nothing that draws; this program needs Pillow and `rsvg-convert`
(Debian: librsvg2-bin).
"""

import io
import subprocess
import sys
from pathlib import Path

from PIL import Image

INSTALLERS = Path(__file__).resolve().parents[1]
MARK = INSTALLERS.parent / "extension" / "icons" / "photoveil.svg"
ICO = INSTALLERS / "windows" / "photoveil.ico"
SIDE = INSTALLERS / "windows" / "side.bmp"
ICNS = INSTALLERS / "macos" / "photoveil.icns"
ICO_SIZES = (16, 20, 24, 32, 40, 48, 64, 128, 256)
ICNS_SIZES = (32, 64, 128, 256, 512, 1024)
# What Apple's grid for icons leaves free around a square one: 824 of 1024 pixels are the shape.
SHAPE_ON_MAC = 824 / 1024


def rendered(drawing: Path, *options: str) -> Image.Image:
    """An SVG file as pixels."""
    command = ["rsvg-convert", *options, str(drawing)]
    png = subprocess.run(command, check=True, capture_output=True).stdout
    return Image.open(io.BytesIO(png)).convert("RGBA")


def drawn(size: int) -> Image.Image:
    """The mark, that many pixels wide and high, on transparent ground."""
    return rendered(MARK, "--width", str(size), "--height", str(size))


def on_grid(size: int) -> Image.Image:
    """The mark as macOS wants it, with room around it."""
    canvas = Image.new("RGBA", (size, size))
    shape = round(size * SHAPE_ON_MAC / 2) * 2
    canvas.paste(drawn(shape), ((size - shape) // 2, (size - shape) // 2))
    return canvas


def main() -> int:
    """Write both files."""
    sizes = [drawn(size) for size in ICO_SIZES]
    sizes[-1].save(ICO, sizes=[(size, size) for size in ICO_SIZES], append_images=sizes[:-1])
    rendered(SIDE.with_suffix(".svg")).convert("RGB").save(SIDE)
    grid = [on_grid(size) for size in ICNS_SIZES]
    grid[-1].save(ICNS, append_images=grid[:-1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
