"""Blocks of a resampling matrix give the products of the whole."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from photoveil.protection.bands import Bands, Way
from photoveil.protection.canvas import resampling, stretch

_SIDES = st.integers(1, 150)


@settings(max_examples=40, deadline=None)
@given(_SIDES, _SIDES, _SIDES, st.floats(-0.4, 0.4), st.integers(1, 3))
def test_products_are_those_of_the_matrix(
    source: int, target: int, other: int, off: float, planes: int
) -> None:
    matrix = resampling(source, target, off * source, (1 + off) * source)
    bands = Bands(matrix)
    x = torch.rand(planes, source, other, generator=torch.Generator().manual_seed(source))
    assert torch.allclose(bands.above(x), matrix @ x, atol=1e-5)
    assert torch.allclose(bands.beside(x.mT.contiguous()), x.mT @ matrix.T, atol=1e-5)
    assert torch.equal(bands.above(x[:, bands.used], bands.used.start), bands.above(x))
    added = torch.cat([rows for _, rows in bands.added(torch.ones(target, other), x[0])])
    assert torch.allclose(added, 1 + matrix @ x[0], atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(_SIDES, _SIDES, _SIDES, _SIDES)
def test_the_way_back_is_the_gradient(tall: int, wide: int, height: int, width: int) -> None:
    rows, columns = resampling(tall, height), resampling(wide, width)
    way = Way.of(rows, columns, torch.device("cpu"))
    canvas = torch.rand(3, tall, wide, generator=torch.Generator().manual_seed(tall), requires_grad=True)
    aim = torch.rand(3, height, width, generator=torch.Generator().manual_seed(wide))
    (gradient,) = torch.autograd.grad((stretch(canvas[None], rows, columns)[0] * aim).sum(), canvas)
    assert torch.allclose(way.trace(aim), gradient, atol=1e-4)
    assert torch.allclose(
        way.show(canvas.detach()), stretch(canvas.detach()[None], rows, columns)[0], atol=1e-5
    )
