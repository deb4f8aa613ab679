"""A tower made for speed: what an optimiser asks it for is the way down, hundreds of times."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import cast

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from photoveil.protection import stem


def quickened(visual: nn.Module, *, half: bool) -> nn.Module:
    """A copy of a frozen image tower with its batch norms folded into the convolutions before them, and a quick `Stem`.

    The features are the same but for rounding. A tower without batch norms is returned as it is.

    Args:
        half: keep weights as bfloat16 (for use under autocast, which would otherwise convert them at each pass).
    """
    if not any(isinstance(module, nn.BatchNorm2d) for module in visual.modules()):
        return visual
    quick = copy.deepcopy(visual).eval()
    for parent in quick.modules():
        _fold_children(parent)
    if half:
        for module in quick.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                module.to(torch.bfloat16)
    else:
        _replace_stems(quick)
    return quick.requires_grad_(False).to(memory_format=torch.channels_last)


def _fold_children(parent: nn.Module) -> None:
    """In all towers of open_clip and timm a norm stands right behind its convolution, and is applied there."""
    children = list(parent.named_children())
    for (first, convolution), (second, norm) in pairwise(children):
        if not isinstance(convolution, nn.Conv2d) or not isinstance(norm, nn.BatchNorm2d):
            continue
        rest = _rest_of(norm)
        if rest is not None and norm.num_features == convolution.out_channels:
            setattr(parent, first, fuse_conv_bn_eval(convolution, norm))
            setattr(parent, second, rest)


def _replace_stems(quick: nn.Module) -> None:
    for parent in list(quick.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Conv2d) and stem.fits(child):
                setattr(parent, name, stem.Stem(child))


def _rest_of(norm: nn.BatchNorm2d) -> nn.Module | None:
    """What a batch norm does beside normalising; timm's may drop and activate. None for one of another kind."""
    if type(norm) is nn.BatchNorm2d:
        return nn.Identity()
    if hasattr(norm, "drop") and hasattr(norm, "act"):
        return nn.Sequential(cast("nn.Module", norm.drop), cast("nn.Module", norm.act))
    return None
