"""The sets that Photoveil describes, held against what open_clip knows of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import open_clip
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from photoveil.models.tensors import fingerprint
from photoveil.protection import catalogue, model_sets
from photoveil.protection.catalogue import CatalogueError, EncoderEntry, Role
from photoveil.protection.encoders import Encoder
from photoveil.protection.towers import layout

HUB_SETS = {one.name: one for one in model_sets.model_sets() if one.from_hub}
ENTRIES = {f"{one.name}/{entry.name}": entry for one in HUB_SETS.values() for entry in one.encoders}


@pytest.fixture(params=ENTRIES)
def entry(request: pytest.FixtureRequest) -> EncoderEntry:
    return ENTRIES[request.param]


def _known(entry: EncoderEntry) -> dict[str, Any]:
    found: dict[str, Any] = open_clip.get_pretrained_cfg(entry.config["open_clip"], entry.config["tag"])
    return found


def _tower(entry: EncoderEntry) -> torch.nn.Module:
    return layout(entry.config["open_clip"], quick_gelu=entry.config["quick_gelu"])


def test_there_are_standard_and_strong() -> None:
    assert list(HUB_SETS) == ["standard", "strong"]
    for one in HUB_SETS.values():
        roles = [entry.role for entry in one.encoders]
        assert roles.count(Role.SURROGATE) == 3
        assert roles.count(Role.WITNESS) == 1
        assert not one.installed
    assert len({entry.name for entry in ENTRIES.values()}) == len(ENTRIES)
    assert len({entry.hub.tensors for entry in ENTRIES.values() if entry.hub}) == len(ENTRIES)


def test_a_witness_is_of_a_family_of_its_own() -> None:
    for one in HUB_SETS.values():
        witness = next(entry for entry in one.encoders if entry.role is Role.WITNESS)
        assert witness.family not in {e.family for e in one.encoders if e.role is Role.SURROGATE}


def test_repository_and_file_are_those_of_open_clip(entry: EncoderEntry) -> None:
    assert entry.hub is not None
    assert entry.hub.repo == _known(entry)["hf_hub"].rstrip("/")
    assert entry.hub.file == open_clip.constants.HF_SAFE_WEIGHTS_NAME
    assert entry.hub.file.endswith(".safetensors")


def test_activation_is_the_one_the_weights_were_trained_with(entry: EncoderEntry) -> None:
    assert entry.config["quick_gelu"] == _known(entry).get("quick_gelu", False)
    config = open_clip.get_model_config(entry.config["open_clip"])
    assert entry.config["quick_gelu"] == config.get("quick_gelu", False)


def test_preprocessing_is_that_of_open_clip(entry: EncoderEntry) -> None:
    known, config = _known(entry), open_clip.get_model_config(entry.config["open_clip"])
    ours = entry.config["preprocess"]
    assert ours["size"] == config["vision_cfg"]["image_size"]
    for name in ("mean", "std", "resize_mode", "interpolation"):
        assert ours[name] == (list(known[name]) if name in ("mean", "std") else known[name])
    assert ours["interpolation"] == "bicubic"  # all that views know


def test_parameters_tensors_and_work_are_those_of_the_tower(entry: EncoderEntry) -> None:
    tower, size = _tower(entry).eval().requires_grad_(False), entry.config["preprocess"]["size"]
    assert entry.parameters == sum(p.numel() for p in tower.parameters())
    assert entry.hub is not None
    assert entry.hub.tensors == fingerprint((n, t.shape) for n, t in tower.state_dict().items())
    with FlopCounterMode(display=False) as counted:
        tower(torch.empty(1, 3, size, size, device="meta"))
    assert entry.config["gflops"] == pytest.approx(counted.get_total_flops() / 1e9, abs=0.1)


def test_size_to_plan_with_is_that_of_the_whole_model_in_single_precision(entry: EncoderEntry) -> None:
    config = open_clip.get_model_config(entry.config["open_clip"])
    text = {k: v for k, v in config["text_cfg"].items() if k not in ("hf_tokenizer_name", "tokenizer_kwargs")}
    kind = open_clip.CustomTextCLIP if config.get("custom_text") else open_clip.CLIP
    with torch.device("meta"):
        model = kind(config["embed_dim"], config["vision_cfg"], text)
    assert entry.hub is not None
    assert entry.hub.bytes == pytest.approx(sum(p.numel() * 4 for p in model.parameters()), rel=0.01)


def test_tokens_are_read_where_vision_language_models_read_them(entry: EncoderEntry) -> None:
    """On the real architectures, without memory: the last layer but one of a ViT, the last grid of a convnet."""
    tower: Any = _tower(entry).eval()
    size = entry.config["preprocess"]["size"]
    encoder = Encoder.__new__(Encoder)
    torch.nn.Module.__init__(encoder)
    encoder.visual = tower
    out = tower.forward_intermediates(
        torch.empty(1, 3, size, size, device="meta"), **encoder._token_request()
    )
    tokens = out["image_intermediates"][-1]
    convolutional = "convolutional" in entry.family
    assert encoder._token_request()["indices"] == [-1 if convolutional else -2]
    assert tokens.shape[1] >= 768
    assert (
        tokens.shape[2]
        == tokens.shape[3]
        == size
        // (
            32
            if convolutional or "B-32" in entry.config["open_clip"]
            else 16
            if "16" in entry.config["open_clip"]
            else 14
        )
    )


def test_the_document_tells_the_same(entry: EncoderEntry) -> None:
    told = (Path(__file__).parents[2] / "docs" / "models.md").read_text("utf-8")
    config, hub = entry.config, entry.hub
    assert hub is not None
    weights = f"`{config['open_clip']}` / `{config['tag']}`"
    size, millions = config["preprocess"]["size"], entry.parameters / 1e6
    columns = (
        f"`{entry.name}`",
        weights,
        entry.role,
        size,
        f"{millions:.1f} M",
        config["gflops"],
        hub.licence,
    )
    assert f"| {' | '.join(map(str, columns))} |" in told


def test_starter_comes_first_and_yours_last(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "one.json").write_text(
        json.dumps({"name": "one", "role": "surrogate", "family": "f", "parameters": 1, "sha256": "0"})
    )
    (tmp_path / "mine" / "one.safetensors").touch()
    (tmp_path / "a clone").mkdir()
    (tmp_path / "a clone" / "config.json").write_text("{}")
    (tmp_path / "a clone" / "model.safetensors").touch()
    names = [one.name for one in catalogue.model_sets(tmp_path)]
    assert names == ["starter", "standard", "strong", "mine"]


@pytest.mark.parametrize("other", [{"resize_mode": "longest"}, {"interpolation": "bilinear"}])
def test_preprocessing_that_views_cannot_do_is_refused(tmp_path: Path, other: dict[str, str]) -> None:
    (tmp_path / "sets").mkdir()
    config = dict(ENTRIES["standard/clip-b32"].config)
    config["preprocess"] = config["preprocess"] | other
    (tmp_path / "sets" / "bad.json").write_text(json.dumps({"description": "", "encoders": [config]}))
    with pytest.raises(CatalogueError, match="no other way"):
        catalogue.model_sets(tmp_path)


@pytest.mark.parametrize("name", ["../up", "Up", "", "a/b", "con:"])
def test_names_that_cannot_be_files_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "sets").mkdir()
    config = dict(ENTRIES["standard/clip-b32"].config) | {"name": name}
    (tmp_path / "sets" / "bad.json").write_text(json.dumps({"description": "", "encoders": [config]}))
    with pytest.raises(CatalogueError, match="cannot be a name"):
        catalogue.model_sets(tmp_path)
