"""How far do protected photos move, and what does it cost to look at? The figures behind README's table.

Protects the bundled portrait and drawn private photos at every strength with the shipped engine, and compares each with
random noise of the same PSNR: white noise, and noise on the engine's own canvas, which an encoder feels more.
Everything is measured on delivered bytes.

    python -m lab.shift                      # writes docs/results/shift.json and shift.md
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from lab.people import sample_persona
from lab.render import render
from lab.scenes import sample_photo
from photoveil import __version__
from photoveil.photos import Photo, decode, encode
from photoveil.protection import Engine, Persona
from photoveil.protection.budget import budget_map, colour_mix, psnr
from photoveil.protection.canvas import apply_full_size, canvas_size, resampling, stretch
from photoveil.protection.catalogue import STRENGTHS, Role
from photoveil.protection.channel import jpeg
from photoveil.protection.methods import antithetical
from photoveil.protection.report import picture

PORTRAIT = Path(__file__).parent / "photos" / "eileen_collins.jpg"
RESULTS = Path(__file__).parent.parent / "docs" / "results"
_SIZES = ((1280, 960), (960, 1280), (1600, 1067), (1080, 1080))
_HELD_OUT = 900_000  # persona seeds no starter was trained on


@dataclass(frozen=True)
class Case:
    """A photo to protect and photos of the same persona to learn from."""

    name: str
    photo: Photo
    others: list[Photo]


def portrait() -> Case:
    """The bundled real photo; its persona knows nothing but it."""
    return Case("portrait", decode(PORTRAIT.read_bytes(), name=PORTRAIT.name), [])


def drawn(index: int) -> Case:
    """A drawn photo of an unseen persona, delivered as a JPEG file, with three others to learn from."""
    persona = sample_persona(_HELD_OUT + index)
    width, height = _SIZES[index % len(_SIZES)]
    photos = [
        _as_file(render(sample_photo(persona, seed), width, height), f"{index}-{seed}.jpg")
        for seed in range(4)
    ]
    return Case(f"drawn {index}", photos[0], photos[1:])


def _as_file(pixels: NDArray[np.uint8], name: str) -> Photo:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=92, subsampling="4:4:4")
    return decode(buffer.getvalue(), name=name)


def white_noise(pixels: NDArray[np.uint8], psnr_db: float, seed: int) -> NDArray[np.uint8]:
    """``pixels`` with Gaussian noise of the given PSNR."""
    sigma = 255 / 10 ** (psnr_db / 20)
    noise = np.random.default_rng(seed).normal(0, sigma, pixels.shape)
    return np.asarray((pixels + noise).round().clip(0, 255).astype(np.uint8))


def canvas_noise(pixels: NDArray[np.uint8], psnr_db: float, seed: int, strength: str) -> NDArray[np.uint8]:
    """``pixels`` with random signs on the engine's canvas, under its budget map, scaled to the given PSNR."""
    height, width = pixels.shape[:2]
    small_w, small_h = canvas_size(width, height)
    planes = np.atleast_3d(pixels).transpose(2, 0, 1).astype(np.float32)
    budget = budget_map(torch.from_numpy(planes)[None], STRENGTHS[strength])
    mix = colour_mix(len(planes), STRENGTHS[strength].chroma)
    shaped = stretch(budget, resampling(height, small_h), resampling(width, small_w))
    signs = torch.randn(
        (1, len(planes), small_h, small_w), generator=torch.Generator().manual_seed(seed)
    ).sign()
    change = torch.einsum("ij,bjhw->bihw", mix, shaped * signs)
    scale = 1.0
    for _ in range(4):  # rounding and limits make the relation a little uneven
        moved = apply_full_size(pixels, change * scale)
        scale *= 10 ** ((psnr(pixels, moved) - psnr_db) / 20)
    return apply_full_size(pixels, change * scale)


def measure(engine: Engine, case: Case, strength: str, draws: int) -> dict[str, Any]:
    """Protect one case and set its movement against random noise of the same PSNR, after JPEG 75."""
    with tempfile.TemporaryDirectory() as folder:
        persona = Persona.load(Path(folder), "lab")
    engine.learn(persona, [case.photo, *case.others])
    done = engine.protect(case.photo, persona=persona, strength=strength)
    report = done.report.as_dict()
    noise = _noise_shifts(engine, persona, case.photo, report["psnr_db"], strength, draws)
    encoders = [
        {
            "name": e["name"],
            "role": e["role"],
            "as_delivered": e["anchor_shift"],
            "jpeg75": e["channels"]["jpeg75"]["anchor_shift"],
            "jpeg75_tokens": e["channels"]["jpeg75"]["token_anchor_shift"],
            "resize540_jpeg75": e["channels"]["resize540_jpeg75"]["anchor_shift"],
            **noise[e["name"]],
        }
        for e in report["encoders"]
    ]
    keys = ("psnr_db", "ssim", "timings_ms", "delivered")
    return {"photo": case.name, "strength": strength, **{k: report[k] for k in keys}, "encoders": encoders}


@torch.inference_mode()
def _noise_shifts(
    engine: Engine, persona: Persona, photo: Photo, psnr_db: float, strength: str, draws: int
) -> dict[str, dict[str, float]]:
    """Mean size of the movement along the anchor that noise causes after JPEG 75, by encoder."""
    kinds = {
        "white_noise": [white_noise(photo.pixels, psnr_db, seed) for seed in range(draws)],
        "canvas_noise": [canvas_noise(photo.pixels, psnr_db, seed, strength) for seed in range(draws)],
    }
    seen = {kind: [_delivered(photo, pixels) for pixels in all_] for kind, all_ in kinds.items()}
    result: dict[str, dict[str, float]] = {}
    for encoder in engine.encoders:
        anchor = persona.anchor(encoder, torch.device(engine.device))
        before = encoder.encode([picture(photo.pixels)])
        result[encoder.name] = {
            kind: round(float(antithetical.shift(before, encoder.encode(all_), anchor)[0].abs().mean()), 5)
            for kind, all_ in seen.items()
        }
    return result


def _delivered(photo: Photo, pixels: NDArray[np.uint8]) -> Image.Image:
    return jpeg(picture(decode(encode(photo, pixels).data).pixels), 75)


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One line per strength and encoder: medians, worst cases and the least ratio to noise."""
    lines = []
    for strength in STRENGTHS:
        chosen = [row for row in rows if row["strength"] == strength]
        for index, encoder in enumerate(chosen[0]["encoders"] if chosen else []):
            own = [row["encoders"][index] for row in chosen]
            worse = [max(e["white_noise"], e["canvas_noise"], 1e-4) for e in own]
            ratios = [e["jpeg75"] / noise for e, noise in zip(own, worse, strict=True)]
            lines.append(
                {
                    "strength": strength,
                    "encoder": encoder["name"],
                    "role": encoder["role"],
                    "photos": len(own),
                    "psnr_db_min": min(row["psnr_db"] for row in chosen),
                    "psnr_db_median": statistics.median(row["psnr_db"] for row in chosen),
                    "ssim_min": min(row["ssim"] for row in chosen),
                    "shift_as_delivered": round(statistics.median(e["as_delivered"] for e in own), 3),
                    "shift_jpeg75": round(statistics.median(e["jpeg75"] for e in own), 3),
                    "shift_jpeg75_min": round(min(e["jpeg75"] for e in own), 3),
                    "shift_540_jpeg75": round(statistics.median(e["resize540_jpeg75"] for e in own), 3),
                    "noise_jpeg75": round(statistics.median(worse), 4),
                    "ratio_to_noise_min": round(min(ratios), 1),
                    "ratio_to_noise_median": round(statistics.median(ratios), 1),
                }
            )
    return lines


def as_markdown(lines: list[dict[str, Any]], command: str) -> str:
    """The summary as a table."""
    head = ["strength", "encoder", "role", "PSNR dB min / median", "SSIM min", "shift as delivered"]
    head += [
        "after JPEG 75, median / min",
        "after 540 px + JPEG 75",
        "noise of equal PSNR",
        "ratio median / min",
    ]
    table = [" | ".join(head), " | ".join(["---"] * len(head))]
    for x in lines:
        cells = [
            x["strength"],
            x["encoder"],
            x["role"],
            f"{x['psnr_db_min']:.1f} / {x['psnr_db_median']:.1f}",
        ]
        cells += [f"{x['ssim_min']:.3f}", f"{x['shift_as_delivered']:.3f}"]
        cells += [f"{x['shift_jpeg75']:.3f} / {x['shift_jpeg75_min']:.3f}", f"{x['shift_540_jpeg75']:.3f}"]
        cells += [
            f"{x['noise_jpeg75']:.4f}",
            f"{x['ratio_to_noise_median']:.0f} / {x['ratio_to_noise_min']:.1f}",
        ]
        table.append(" | ".join(cells))
    rows = "\n".join(f"| {row} |" for row in table)
    return (
        f"# Movement towards the anchor\n\nPhotoveil {__version__}, `{command}`; seeds 0.\n\n{rows}\n\n"
        "Shift: gain in cosine towards the persona's anchor, pooled embedding, on delivered bytes. Noise: the larger "
        "of white noise and random signs on the engine's own canvas, mean size over draws.\n"
    )


def main() -> None:
    """Measure, print and write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--photos", type=int, default=20, help="drawn photos beside the portrait (default 20)"
    )
    parser.add_argument("--draws", type=int, default=4, help="draws of each kind of noise (default 4)")
    parser.add_argument("--strength", choices=list(STRENGTHS), action="append", help="default: all")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for shift.json and shift.md")
    options = parser.parse_args()
    engine = Engine.load()
    cases = [portrait(), *(drawn(index) for index in range(options.photos))]
    rows = []
    for strength in options.strength or list(STRENGTHS):
        for case in cases:
            rows.append(measure(engine, case, strength, options.draws))
            print(f"{strength:9} {case.name:10} {rows[-1]['psnr_db']:.1f} dB", file=sys.stderr)
    lines = summary(rows)
    command = f"python -m lab.shift --photos {options.photos} --draws {options.draws}"
    options.out.mkdir(parents=True, exist_ok=True)
    document = {
        "command": command,
        "version": __version__,
        "device": engine.device,
        "summary": lines,
        "rows": rows,
    }
    (options.out / "shift.json").write_text(json.dumps(document, indent=1) + "\n")
    text = as_markdown(lines, command)
    (options.out / "shift.md").write_text(text)
    print(text)
    worst = min(x["ratio_to_noise_min"] for x in lines if x["role"] == Role.SURROGATE)
    print(f"Least movement of a surrogate against noise: {worst} times.")


if __name__ == "__main__":
    main()
