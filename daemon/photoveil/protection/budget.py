"""What the eye will not see: how far each pixel may move, and how far the delivered picture did move."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from photoveil.protection.catalogue import Strength
from photoveil.protection.lanes import Lanes
from photoveil.protection.reduced import is_big

LUMA = (0.299, 0.587, 0.114)
"""Rec. 601 weights, those of JPEG."""

BLUE = 3.0
"""How much more blue–yellow may change than red–green, of which eyes and faces tell more: green patches on skin are
the first thing seen, fine blue ones the last (Mullen 1985: the eye resolves colour worse than light, blue worst)."""


def colour_mix(channels: int, chroma: float) -> Tensor:
    """How a canvas's planes become changes of the photo's channels, channels×channels.

    Colour photos move along brightness and along the two colour axes of JPEG: blotches of red and green are seen where
    as strong a change of brightness hides in texture, so they get less of it.
    """
    if channels == 1:
        return torch.ones(1, 1)
    blue, red = (0.0, -0.1942, 1.0), (1.0, -0.5094, 0.0)
    return torch.tensor([(1.0, 1.0, 1.0), [BLUE * chroma * x for x in blue], [chroma * x for x in red]]).T


_SMOOTH, _BUSY = 1.2, 9.0
"""Detail (8-bit levels) below which an area counts as smooth, above which as fully textured."""
_TALL = 128
"""Rows that a budget is measured for at a time on a processor: so few that they stay in a core's own cache."""


def luma(pixels: Tensor) -> Tensor:
    """B×1×H×W luma of B×3×H×W or B×1×H×W pixels, in the same range."""
    if pixels.shape[1] == 1:
        return pixels
    weights = pixels.new_tensor(LUMA).view(1, 3, 1, 1)
    return (pixels * weights).sum(1, keepdim=True)


def budget_map(pixels: Tensor, strength: Strength, lanes: Lanes | None = None) -> Tensor:
    """How far each pixel may move, in 8-bit levels.

    Texture masks, smooth areas and lone edges do not: detail is the local standard deviation of luma, and the
    lowest detail in a neighbourhood counts, so that an edge between skin and sky is no excuse.

    Args:
        pixels: 1×C×H×W in 0…255.
        strength: its ``flat`` and ``texture`` are the two ends of the map.
        lanes: each measures a share of the rows.

    Returns:
        1×1×H×W, between ``flat`` and ``texture``.
    """
    height, width = pixels.shape[-2:]
    reach = max(1, round(min(height, width) / 270))
    tall, beyond = _TALL if pixels.device.type == "cpu" else height, 5 * reach

    def measure(top: int) -> Tensor:
        first, stop = max(0, top - beyond), min(height, top + tall)
        texture = _texture(pixels[:, :, first : stop + beyond], reach)
        return texture[:, :, top - first : stop - first]

    share = torch.cat((lanes or Lanes()).share(measure, range(0, height, tall)), 2)
    return strength.flat + (strength.texture - strength.flat) * share


def _texture(pixels: Tensor, reach: int) -> Tensor:
    """1×1×H×W, from 0 in smooth areas to 1 in busy ones; what a pixel has depends on 5·reach rows above and below."""
    quiet = -_pool_max(-_local_std(luma(pixels), reach), 2 * reach)
    share = ((quiet - _SMOOTH) / (_BUSY - _SMOOTH)).clamp(0, 1)
    return _blur(share, 2 * reach)


def _local_std(x: Tensor, reach: int) -> Tensor:
    mean = _blur(x, reach)
    return (_blur(x * x, reach) - mean * mean).clamp_min(0).sqrt()


def _blur(x: Tensor, reach: int) -> Tensor:
    """Mean over a square of side 2·reach+1, the picture's border repeated."""
    # Every pixel joined with its neighbours, one after the other: far faster on a CPU than torch's pooling.
    for axis in (3, 2):
        padded, length = _padded(x, reach, axis), x.shape[axis]
        total = padded.narrow(axis, 0, length).clone()
        for offset in range(1, 2 * reach + 1):
            total += padded.narrow(axis, offset, length)
        x = total / (2 * reach + 1)
    return x


def _pool_max(x: Tensor, reach: int) -> Tensor:
    """The highest in a square of side 2·reach+1, the picture's border repeated."""
    side = 2 * reach + 1
    for axis in (3, 2):
        x, covered = _padded(x, reach, axis), 1
        # Stretches of twice the length, until two that overlap reach over the whole side.
        while covered < side:
            further = min(covered, side - covered)
            length = x.shape[axis] - further
            x = torch.maximum(x.narrow(axis, 0, length), x.narrow(axis, further, length))
            covered += further
    return x


def _padded(x: Tensor, reach: int, axis: int) -> Tensor:
    return F.pad(x, (reach, reach, 0, 0) if axis == 3 else (0, 0, reach, reach), mode="replicate")


def psnr(a: NDArray[np.uint8], b: NDArray[np.uint8], lanes: Lanes | None = None) -> float:
    """Peak signal-to-noise ratio in dB of two pictures of the same shape; 100 for identical ones.

    Args:
        lanes: each measures a share of the rows.
    """

    def energy(top: int) -> float:
        rows = slice(top, top + _FEW_ROWS)
        difference = np.subtract(a[rows], b[rows], dtype=np.int16).ravel().astype(np.float32)
        return float(difference @ difference)

    mse = sum((lanes or Lanes()).share(energy, range(0, len(a), _FEW_ROWS))) / a.size
    return 100.0 if mse == 0 else min(100.0, 10 * math.log10(255**2 / mse))


WINDOW = 11
"""Rows and columns over which SSIM compares."""
_SIGMA = 1.5
_FEW_ROWS, _FEW_LINES = 16, 4
_SAMPLES, _LEAST_LINES = 250_000, 64


def ssim(a: NDArray[np.uint8], b: NDArray[np.uint8], lanes: Lanes | None = None) -> float:
    """Mean structural similarity of the luma (Wang et al. 2004: 11×11 Gaussian, σ 1.5), in −1…1.

    Pictures smaller than the window are measured with their borders repeated. Of big ones (`is_big`) the mean is that
    over some whole rows, evenly spread over the picture.

    Args:
        a, b: H×W×3 or H×W, of the same shape.
        lanes: each measures a share of the rows.
    """
    if is_big(a):
        return ssim_along(a, b, _spread(*a.shape[:2]), lanes)
    kernel, reach = _gaussian(), WINDOW // 2
    small = min(a.shape[:2]) < WINDOW

    def measure(rows: slice) -> _Sum:
        near = rows if small else slice(max(0, rows.start - reach), rows.stop + reach)
        return _sum(_ssim_values(_luma_rows(a, near), _luma_rows(b, near), kernel, pad=small))

    return _mean((lanes or Lanes()).share(measure, _bands(a.shape[0])))


def ssim_along(
    a: NDArray[np.uint8], b: NDArray[np.uint8], lines: NDArray[np.int64], lanes: Lanes | None = None
) -> float:
    """The same measured around some rows only, each at least half a window from the first and the last row."""
    kernel, reach = _gaussian(), WINDOW // 2
    weights = torch.tensor(kernel)

    def measure(some: NDArray[np.int64]) -> _Sum:
        near = some[:, None] + np.arange(-reach, reach + 1)
        maps = _maps(_luma_rows(a, near), _luma_rows(b, near))
        return _sum(_alike(_weighted(torch.einsum("mlrw,r->mlw", maps, weights), kernel, 2)))

    return _mean((lanes or Lanes()).share(measure, np.array_split(lines, -(-len(lines) // _FEW_LINES))))


_Sum = tuple[float, int]
"""Of how many values."""


def _sum(values: Tensor) -> _Sum:
    return float(values.sum(dtype=torch.float64)), values.numel()


def _mean(sums: Sequence[_Sum]) -> float:
    return sum(total for total, _ in sums) / sum(count for _, count in sums)


def _spread(height: int, width: int) -> NDArray[np.int64]:
    """Rows enough to tell the mean of all, fewer the wider the picture is."""
    reach = WINDOW // 2
    count = min(height - 2 * reach, max(_LEAST_LINES, round(_SAMPLES / width)))
    middles = (np.arange(count) + 0.5) * (height - 2 * reach) / count
    return reach + middles.astype(np.int64)


def _bands(height: int, rows: int = 128) -> list[slice]:
    """Slices of rows, so that memory does not grow with the picture; the last is never thinner than a window."""
    starts = list(range(0, height, rows))
    if len(starts) > 1 and height - starts[-1] <= WINDOW:
        starts.pop()
    return [slice(s, e) for s, e in zip(starts, [*starts[1:], height], strict=True)]


def _luma_rows(pixels: NDArray[np.uint8], rows: slice | NDArray[np.int64]) -> Tensor:
    """The luma of some rows of a picture, H×W×3 or H×W; a row for each of the places asked for."""
    x = torch.from_numpy(pixels[rows].astype(np.float32))
    return x if pixels.ndim == 2 else x @ torch.tensor(LUMA)


def _gaussian() -> list[float]:
    weights = [math.exp(-((i - WINDOW // 2) ** 2) / (2 * _SIGMA**2)) for i in range(WINDOW)]
    return [weight / sum(weights) for weight in weights]


def _ssim_values(a: Tensor, b: Tensor, kernel: list[float], *, pad: bool) -> Tensor:
    maps = _maps(a, b)
    if pad:
        maps = F.pad(maps, (WINDOW // 2,) * 4, mode="replicate")
    return _alike(_weighted(_weighted(maps, kernel, 2), kernel, 1))


def _maps(a: Tensor, b: Tensor) -> Tensor:
    """What SSIM is made of, to be averaged over windows: both pictures, the squares' sum and the product."""
    return torch.stack([a, b, a * a + b * b, a * b])


def _alike(maps: Tensor) -> Tensor:
    """SSIM from the local means of `_maps`."""
    mean_a, mean_b, squares, product = maps
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    both, across = mean_a**2 + mean_b**2, mean_a * mean_b
    alike: Tensor = (2 * across + c1) * (2 * (product - across) + c2)
    whole: Tensor = alike / ((both + c1) * (squares - both + c2))
    return whole


def _weighted(maps: Tensor, kernel: list[float], axis: int) -> Tensor:
    """Convolve along one axis by shifted sums: far faster on a CPU than a one-channel convolution."""
    length = maps.shape[axis] - len(kernel) + 1
    total = maps.narrow(axis, 0, length) * kernel[0]
    for offset, weight in enumerate(kernel[1:], 1):
        total.add_(maps.narrow(axis, offset, length), alpha=weight)
    return total
