"""A worker starts without torch's compiler and what else it never uses, and whoever would use it gets it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.tiny_models import tiny_models

_PROTECTED = """
import io, sys
from pathlib import Path
import numpy as np
from PIL import Image
from photoveil.photos import decode
from photoveil.protection import Engine, Persona

file = io.BytesIO()
Image.fromarray(np.random.default_rng(0).integers(0, 255, (96, 128, 3), np.uint8)).save(file, "JPEG")
engine = Engine.load(device="cpu", models_dir=Path(sys.argv[1]))
done = engine.protect(decode(file.getvalue(), name="a.jpg"), persona=Persona("anna"), strength="balanced")
assert done.report.psnr_db > 20
needless = {"torch._dynamo", "torch._inductor", "sympy"}
needless |= {"transformers", "huggingface_hub", "open_clip.tokenizer"}
print("loaded:", sorted(needless & set(sys.modules)))
"""

_COMPILED = """
import sys

class Future:  # a timm that cannot do without the hub's package
    def find_spec(self, name, *_):
        if name == "timm.models._hub" and sys.modules.get("huggingface_hub", self) is None:
            raise ImportError(name)

sys.meta_path.insert(0, Future())
from photoveil.protection import lean
import torch
from torchvision.ops import roi_align

assert {"open_clip", "timm", "torchvision"} <= set(sys.modules)
assert "huggingface_hub" in sys.modules
assert not {"torch._dynamo", "transformers", "open_clip.tokenizer"} & set(sys.modules)
assert lean.open_clip.tokenize("a photo").shape == (1, 77)
with lean._without_compiler():
    import torch._dynamo
    assert not hasattr(torch._dynamo, "__file__")
    from torch._dynamo import graph_break  # a future timm might want it
assert graph_break.__module__.startswith("torch._dynamo"), graph_break
assert torch._dynamo is sys.modules["torch._dynamo"]
assert torch._dynamo.__file__
assert lean._is_compile_supported("cpu") == torch._dynamo.utils.is_compile_supported("cpu")

twice = torch.compile(lambda x: 2 * x, backend="eager")
assert twice(torch.ones(3)).tolist() == [2.0] * 3
boxes = [torch.tensor([[0.0, 0.0, 4.0, 4.0]])]
torch.testing.assert_close(roi_align(torch.ones(1, 1, 8, 8), boxes, 2), torch.ones(1, 1, 2, 2))
print("works")
"""


def said(script: str, *arguments: str) -> str:
    command = [sys.executable, "-W", "ignore", "-c", script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_a_photo_is_protected_without_the_compiler(tmp_path: Path) -> None:
    assert said(_PROTECTED, str(tiny_models(tmp_path))) == "loaded: []"


def test_whoever_asks_for_more_than_the_stand_in_knows_gets_the_real_compiler() -> None:
    assert said(_COMPILED) == "works"
