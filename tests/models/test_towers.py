"""Hub checkpoints as encoders: the right tower, nothing of the text, and the engine at work with them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from safetensors.torch import load, save
from torch.nn import functional as F

from photoveil import models
from photoveil.photos import decode
from photoveil.protection import Engine, Persona, catalogue
from photoveil.protection.catalogue import CatalogueError, EncoderEntry, ModelSet
from photoveil.protection.encoders import Encoder, load_encoders
from photoveil.protection.headline import sentence
from tests.models import tiny_hub
from tests.models.tiny_hub import ARCHITECTURES, checkpoint, whole_model

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with the set ``quartet``, added from files."""
    folder = tmp_path_factory.mktemp("models")
    tiny_hub.describe(folder, "quartet", tiny_hub.QUARTET)
    given = tmp_path_factory.mktemp("given")
    for name in tiny_hub.QUARTET:
        (given / f"{name}.safetensors").write_bytes(checkpoint(name))
    assert models.add("quartet", given, folder).installed
    return folder


@pytest.fixture(scope="module")
def quartet(folder: Path) -> ModelSet:
    return catalogue.model_set("quartet", folder)


@pytest.fixture(scope="module")
def encoders(quartet: ModelSet) -> dict[str, Encoder]:
    return {encoder.name: encoder for encoder in load_encoders(quartet, CPU)}


def _picture(width: int, height: int, seed: int = 0) -> Image.Image:
    draws = np.random.default_rng(seed)
    small = draws.integers(0, 255, (6, 8, 3), np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("name", tiny_hub.QUARTET)
def test_features_are_those_of_the_whole_model(encoders: dict[str, Encoder], name: str) -> None:
    encoder = encoders[name]
    model: Any = whole_model(name)
    state = {key: t.half().float() if t.is_floating_point() else t for key, t in model.state_dict().items()}
    model = type(model)(**{k: v for k, v in ARCHITECTURES[name].items() if k != "custom_text"}).eval()
    model.load_state_dict(state)
    images = torch.rand(2, 3, encoder.size, encoder.size, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        found = encoder(images)
        expected = F.normalize(model.encode_image((images - 0.5) / 0.5), dim=-1)
    torch.testing.assert_close(found.pooled, expected, atol=1e-5, rtol=1e-4)
    assert found.tokens.ndim == 3
    assert torch.isfinite(found.tokens).all()


@pytest.mark.parametrize(
    ("name", "blocks"), [("tiny-clip-quickgelu", 3), ("tiny-siglip", 6), ("tiny-eva", 12)]
)
def test_tokens_are_those_of_the_last_layer_but_one(
    encoders: dict[str, Encoder], name: str, blocks: int
) -> None:
    """What LLaVA reads: the patches after all blocks but the last, without the class token, not normalised."""
    encoder = encoders[name]
    trunk = getattr(encoder.visual, "trunk", None)
    layers = encoder.visual.transformer.resblocks if trunk is None else trunk.blocks
    assert len(layers) == blocks
    seen: list[torch.Tensor] = []
    hook = layers[blocks - 2].register_forward_hook(lambda _m, _i, out: seen.append(out))
    try:
        with torch.no_grad():
            tokens = encoder(torch.rand(1, 3, encoder.size, encoder.size)).tokens
    finally:
        hook.remove()
    assert seen[0].shape[1] == tokens.shape[1] + 1  # these have a class token
    patches = seen[0][:, 1:]
    torch.testing.assert_close(tokens, F.normalize(patches, dim=-1), atol=1e-6, rtol=1e-5)


def test_staged_towers_are_read_at_their_last_grid(encoders: dict[str, Encoder]) -> None:
    found = encoders["tiny-convnext"](torch.rand(1, 3, 96, 96))
    assert found.tokens.shape[1:] == (9, 64)


def test_whole_photos_are_shown_as_each_encoder_wants(encoders: dict[str, Encoder]) -> None:
    """SigLIP squashes, CLIP crops: what lies beside the central square matters to one alone."""
    wide = _picture(400, 200)
    other = wide.copy()
    other.paste(_picture(90, 200, seed=5), (0, 0))
    for name, squashes in (("tiny-siglip", True), ("tiny-clip-quickgelu", False)):
        same = torch.equal(encoders[name].encode([wide]).pooled, encoders[name].encode([other]).pooled)
        assert same is not squashes


def test_what_open_clip_shows_an_encoder_is_what_ours_sees(encoders: dict[str, Encoder]) -> None:
    photo = _picture(300, 240)
    for name, mode in (("tiny-siglip", "squash"), ("tiny-clip-quickgelu", "shortest")):
        encoder = encoders[name]
        shown: Any = open_clip.image_transform(
            encoder.size,
            is_train=False,
            mean=(0.5,) * 3,
            std=(0.5,) * 3,
            resize_mode=mode,
            interpolation="bicubic",
        )
        images = shown(photo)[None] * 0.5 + 0.5
        with torch.no_grad():
            expected = encoder(images).pooled
        assert F.cosine_similarity(encoder.encode([photo]).pooled, expected).item() > 0.999


def test_gradients_reach_the_picture(encoders: dict[str, Encoder]) -> None:
    for encoder in encoders.values():
        image = torch.rand(1, 3, encoder.size, encoder.size, requires_grad=True)
        found = encoder(image)
        (found.pooled.sum() + found.tokens.sum()).backward()
        assert image.grad is not None
        assert image.grad.abs().sum() > 0
        assert not any(p.requires_grad for p in encoder.parameters())


def test_an_engine_of_sizes_that_differ_protects_and_reports(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = dataclasses.replace(catalogue.STRENGTHS["film"], steps=6)
    monkeypatch.setitem(catalogue.STRENGTHS, "film", quick)
    engine = Engine.load("quartet", device="cpu", models_dir=folder)
    assert {encoder.size for encoder in engine.encoders} == {64, 96, 160, 224}
    photos = []
    for seed in range(2):
        file = tmp_path / f"{seed}.png"
        _picture(320, 240, seed).save(file)
        photos.append(decode(file.read_bytes(), name=file.name))
    persona = Persona("me")
    engine.learn(persona, photos)
    report = engine.protect(photos[0], persona=persona, strength="film").report.as_dict()
    assert report["model_set"] == "quartet"
    shifts = {e["name"]: e["anchor_shift"] for e in report["encoders"] if e["role"] == "surrogate"}
    assert set(shifts) == {"tiny-clip-quickgelu", "tiny-siglip", "tiny-convnext"}
    assert max(shifts.values()) > 0.1  # what there is to move in random networks differs much
    # Nobody has shown these encoders any strangers: the report says nothing about them instead of inventing some.
    assert all(e["strangers_nearer"] is None for e in report["encoders"])
    assert sentence(report) == ""


def _with(entry: EncoderEntry, tmp_path: Path, data: bytes) -> EncoderEntry:
    file = tmp_path / "other.safetensors"
    file.write_bytes(data)
    return dataclasses.replace(entry, weights=file, sha256=hashlib.sha256(data).hexdigest())


def _without(state: dict[str, torch.Tensor]) -> None:
    del state["visual.ln_post.bias"]


def _beside(state: dict[str, torch.Tensor]) -> None:
    state["visual.extra"] = torch.zeros(1)


def _reshaped(state: dict[str, torch.Tensor]) -> None:
    state["visual.ln_post.bias"] = torch.zeros(7)


@pytest.mark.parametrize(
    ("change", "words"), [(_without, "lacks"), (_beside, "beside"), (_reshaped, "shape")]
)
def test_other_tensors_in_the_image_tower_are_refused(
    quartet: ModelSet, tmp_path: Path, change: Any, words: str
) -> None:
    state = load(checkpoint("tiny-clip-quickgelu"))
    change(state)
    entry = next(e for e in quartet.encoders if e.name == "tiny-clip-quickgelu")
    with pytest.raises(CatalogueError, match=words) as refused:
        Encoder(_with(entry, tmp_path, save(state)), CPU)
    assert "models remove" in refused.value.remedy


def test_the_text_tower_does_not_matter(quartet: ModelSet, tmp_path: Path) -> None:
    state = {k: t for k, t in load(checkpoint("tiny-clip-quickgelu")).items() if k.startswith("visual.")}
    entry = next(e for e in quartet.encoders if e.name == "tiny-clip-quickgelu")
    Encoder(_with(entry, tmp_path, save(state)), CPU)


def test_what_is_no_safetensors_file_is_refused_at_load(quartet: ModelSet, tmp_path: Path) -> None:
    entry = quartet.encoders[0]
    with pytest.raises(CatalogueError, match="cannot be read"):
        Encoder(_with(entry, tmp_path, b"\x80\x04 a pickle" + bytes(500)), CPU)


def test_a_swapped_file_is_refused_at_load(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "models")
    name = "tiny-clip-quickgelu"
    (tmp_path / "models" / "quartet" / f"{name}.safetensors").write_bytes(checkpoint(name, 1))
    with pytest.raises(CatalogueError, match="recorded SHA-256") as refused:
        Engine.load("quartet", device="cpu", models_dir=tmp_path / "models")
    assert "models pull quartet" in refused.value.remedy


def test_gelu_for_weights_that_want_quickgelu_is_an_error(quartet: ModelSet) -> None:
    entry = next(e for e in quartet.encoders if e.name == "tiny-clip-quickgelu")
    with pytest.raises(CatalogueError, match="QuickGELU"):
        Encoder(dataclasses.replace(entry, config={**entry.config, "quick_gelu": False}), CPU)


def test_an_architecture_nobody_knows_is_an_error(quartet: ModelSet) -> None:
    entry = quartet.encoders[0]
    with pytest.raises(CatalogueError, match="no architecture"):
        Encoder(dataclasses.replace(entry, config={**entry.config, "open_clip": "nonsense"}), CPU)


def test_a_set_that_is_not_here_names_the_command_that_fetches_it(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError) as told:
        Engine.load("standard", device="cpu", models_dir=tmp_path)
    assert "photoveil models pull standard" in told.value.remedy


_PEAK = """
import json, re, sys
import torch
from photoveil.protection import catalogue, encoders
from pathlib import Path
from tests.models import tiny_hub
folder = Path(sys.argv[1])
tiny_hub.know_architectures(folder / "architectures")

def most():
    # Of this program alone; what getrusage tells begins with the memory of the one that started it.
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

encoders.load_encoders(catalogue.model_set("light", folder), torch.device("cpu"))  # with all that is imported
Path("/proc/self/clear_refs").write_text("5")  # the most is counted from here on
before = most()
encoders.load_encoders(catalogue.model_set("heavy", folder), torch.device("cpu"))
print(json.dumps((most() - before) * 1024))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")
def test_the_text_tower_takes_no_memory(tmp_path: Path) -> None:
    """A checkpoint whose text tower is twenty times its image tower."""
    name = "tiny-eva"
    state = load(checkpoint(name))
    state["text.heavy"] = torch.zeros(200 * 2**20, dtype=torch.uint8)
    tiny_hub.describe(tmp_path, "heavy", {name: "witness"})
    tiny_hub.describe(tmp_path, "light", {name: "witness"})
    given = tmp_path / f"{name}.safetensors"
    given.write_bytes(checkpoint(name))
    models.add("light", given, tmp_path)
    given.write_bytes(save(state))
    del state
    models.add("heavy", given, tmp_path)
    command = [sys.executable, "-c", _PEAK, str(tmp_path)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout) < 100 * 2**20
