"""Run the identity-affiliation attack with a real vision-language model: see `docs/real-vlm.md`.

python -m lab.real_vlm album --model llava-hf/llava-1.5-7b-hf --revision COMMIT --protect balanced --out leak.json
python -m lab.real_vlm --tiny qwen2-vl --protect subtle --out build/tiny.json     # random weights, drawn photos
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photoveil.errors import PhotoveilError
from photoveil.protection.catalogue import STRENGTHS

if TYPE_CHECKING:
    from lab.real_vlm.conditions import Defence
    from lab.real_vlm.folder import Album
    from lab.real_vlm.model import Source

_EPOCHS = 10
_TINY_RATE, _TINY_EPOCHS = 5e-3, 8


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one study; 0 when the document was written, whether or not its figures count."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(given)
    try:
        _check(options)
        with tempfile.TemporaryDirectory() as folder:
            document = _run(options, Path(folder))
    except PhotoveilError as error:
        print(error, file=sys.stderr)
        return 1
    document = {"command": shlex.join(["python", "-m", "lab.real_vlm", *given]), **document}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    options.out.write_text(text + "\n", encoding="utf-8")
    print(f"{document['gate']['verdict']}\nWritten to {options.out}.")
    return 0


def _parser() -> argparse.ArgumentParser:
    from lab.real_vlm.folder import __doc__ as layout

    parser = argparse.ArgumentParser(
        prog="python -m lab.real_vlm",
        description=f"{__doc__}\n{layout}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("album", type=Path, nargs="?", help="folder of photos; may be left out with --tiny")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--model", help="name on the hub, or folder")
    which.add_argument(
        "--tiny", choices=("llava", "qwen2-vl", "minigpt"), help="a random model made on the spot"
    )
    add("--revision", help="commit, tag or branch on the hub; name a commit for figures to be quoted")
    defence = parser.add_mutually_exclusive_group()
    defence.add_argument(
        "--protected", type=Path, metavar="DIR", help="album with protected photos in train/"
    )
    defence.add_argument("--protect", choices=list(STRENGTHS), help="protect train/ here and now")
    add("--model-set", default="starter", help="encoders that --protect works with (default starter)")
    add("--tune", choices=("projector", "lora", "full-vision"), default="lora")
    add("--epochs", type=int, help=f"default {_EPOCHS}; with --tiny {_TINY_EPOCHS}")
    add("--batch", type=int, default=8, help="questions to a step (default 8)")
    add("--learning-rate", type=float, help=f"default by --tune; with --tiny {_TINY_RATE}")
    add("--rank", type=int, default=64, help="of the adapters (default 64)")
    add("--checkpointing", action="store_true", help="save memory, take longer")
    add("--long-edge", type=int, default=1024, help="photos are first reduced to this many px (default 1024)")
    add("--seeds", type=int, nargs="+", default=[0], help="one attacker each (default 0)")
    add("--device", help="a torch device; default: the first GPU, else the CPU")
    add("--dtype", choices=("float32", "bfloat16"), help="default: bfloat16 on a GPU, else float32")
    add("--keep-answers", action="store_true", help="write down what was said, private facts included")
    add("--out", type=Path, required=True, help="the JSON document to write")
    return parser


def _check(options: argparse.Namespace) -> None:
    from lab.real_vlm.errors import StudyError

    if missing := [name for name in ("transformers", "peft") if find_spec(name) is None]:
        raise StudyError(
            "Packages missing",
            f"{' and '.join(missing)} cannot be imported.",
            "Install them with: pip install -e '.[real-vlm]'.",
        )
    if options.album is None and not options.tiny:
        raise StudyError(
            "No album", "A real model needs real photos.", "Name the folder; see docs/real-vlm.md."
        )
    if options.album is None and options.protected:
        raise StudyError("No album", "--protected needs the clean album.", "Name its folder as well.")
    for name in ("epochs", "batch", "rank", "long_edge", "learning_rate"):
        value = getattr(options, name)
        if value is not None and value <= 0:
            option = name.replace("_", "-")
            raise StudyError("Option not usable", f"--{option} is {value}.", "Give more than nothing.")
    if min(options.seeds) < 0:
        raise StudyError("Option not usable", f"--seeds has {min(options.seeds)}.", "Seeds start at 0.")


def _run(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    from lab.real_vlm.attack import Recipe, Tune
    from lab.real_vlm.conditions import make_conditions
    from lab.real_vlm.study import Plan, study

    album, source = _album_and_source(options, folder)
    conditions = make_conditions(album, _defence(options), options.long_edge, options.seeds[0])
    recipe = Recipe(
        tune=Tune(options.tune),
        learning_rate=options.learning_rate or (_TINY_RATE if options.tiny else None),
        epochs=options.epochs or (_TINY_EPOCHS if options.tiny else _EPOCHS),
        batch=options.batch,
        rank=options.rank,
        alpha=2 * options.rank,
        checkpointing=options.checkpointing,
    )
    plan = Plan(
        source,
        recipe,
        tuple(options.seeds),
        options.long_edge,
        not options.tiny,
        keep_answers=options.keep_answers,
    )
    document = study(plan, album, conditions, lambda line: print(line, file=sys.stderr))
    if options.tiny:
        document["model"]["name"] = f"tiny {options.tiny}"
    protection = {"strength": options.protect, "model_set": options.model_set} if options.protect else None
    return {"protection": protection, **document}


def _album_and_source(options: argparse.Namespace, folder: Path) -> tuple[Album, Source]:
    import torch

    from lab.real_vlm import tiny
    from lab.real_vlm.folder import read_album
    from lab.real_vlm.model import Source

    album = read_album(options.album or tiny.make_album(folder / "album"))
    name = options.model
    if options.tiny:
        texts = [fact for member in album.members for fact in member.facts.values()]
        texts += [other.caption for other in album.others]
        name = str(tiny.make_model(options.tiny, folder / "model", texts))
    device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
    dtype = options.dtype or ("bfloat16" if device.startswith("cuda") else "float32")
    return album, Source(name, options.revision, dtype, device)


def _defence(options: argparse.Namespace) -> Defence | None:
    from lab.real_vlm.conditions import from_engine, from_folder

    if options.protected:
        return from_folder(options.protected)
    if options.protect:
        from photoveil.protection import Engine

        return from_engine(Engine.load(options.model_set, device=options.device), options.protect)
    return None


if __name__ == "__main__":
    sys.exit(main())
