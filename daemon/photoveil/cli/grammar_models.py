"""Commands about model sets."""

from __future__ import annotations

from photoveil.cli.grammar import Commands, Parser, add, group

_MODELS = """\
The encoders that photos are protected against. “starter” is part of Photoveil: for trying it out, not for trusting it.
The others are fetched once from a model hub and checked at every use.
"""
_SET = "the model set, such as standard"


def add_models(commands: Commands[Parser]) -> None:
    """``models``."""
    actions = group(
        commands,
        "models",
        "the encoders that photos are protected against",
        _MODELS,
        examples=(
            "  photoveil models list\n"
            "  photoveil models pull standard\n"
            "  photoveil models add standard /media/stick/models\n"
        ),
    )
    add(
        actions,
        "list",
        "models",
        "list_models",
        "list the model sets, their encoders and whether they are installed",
        json=True,
    )
    _add_pull(actions)
    _add_faces(actions)
    verify = add(
        actions,
        "verify",
        "models",
        "verify",
        "compare the files of model sets with what was recorded when they came",
        json=True,
    )
    verify.add_argument(
        "model_set", nargs="?", metavar="SET", help=f"{_SET} (default: all that are installed)"
    )
    new = add(
        actions,
        "add",
        "models",
        "add",
        "take a model set from files on disk, as for a computer without a network",
        json=True,
        examples=(
            "  photoveil models add standard /media/stick/models\n"
            "  photoveil models add standard clip-b32.safetensors\n"
        ),
    )
    new.add_argument("model_set", metavar="SET", help=_SET)
    new.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="files named like the encoders, or a folder that has them: of another Photoveil, a mirror, a hub's cache",
    )
    remove = add(actions, "remove", "models", "remove", "delete a fetched model set", json=True)
    remove.add_argument("model_set", metavar="SET", help=_SET)


def _add_pull(actions: Commands[Parser]) -> None:
    command = add(
        actions,
        "pull",
        "models",
        "pull",
        "fetch a model set, or what is missing or damaged of it; goes on where it was interrupted",
        json=True,
        examples=(
            "  photoveil models pull standard\n"
            "  photoveil models pull standard --endpoint https://mirror.example.org\n"
        ),
    )
    command.add_argument("model_set", metavar="SET", help=_SET)
    _add_source(command, "only tell whether the set is whole")


def _add_faces(actions: Commands[Parser]) -> None:
    command = add(
        actions,
        "faces",
        "models",
        "faces",
        "fetch OpenCV's face detector YuNet, for `photoveil assist` and photos for AI assistants",
        json=True,
    )
    _add_source(command, "only tell whether it is there")


def _add_source(command: Parser, otherwise: str) -> None:
    command.add_argument(
        "--endpoint", metavar="URL", help="fetch from this mirror (default: the setting model_endpoint)"
    )
    command.add_argument(
        "--offline",
        action="store_true",
        help=f"contact nobody: {otherwise} (default: the setting offline)",
    )
