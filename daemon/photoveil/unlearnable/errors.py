"""What the user is told when the method `unlearnable` cannot work. Imports nothing heavy."""

from __future__ import annotations

from photoveil.errors import PhotoveilError

_KIND = "It must be a vision-language model in the form of transformers, with *.safetensors."


class UnlearnableError(PhotoveilError):
    """The method `unlearnable` cannot be used as things are."""

    code = "unlearnable"


def no_model() -> UnlearnableError:
    """The user named no model."""
    return UnlearnableError(
        "This way to protect needs a model of your own",
        "“Unlearnable” works against a vision-language model on this computer, and none is chosen.",
        "Name its folder in the settings (“Folder of a vision-language model”, or `photoveil settings set "
        "unlearnable_model FOLDER`), or choose another method.",
    )


def no_folder(folder: str) -> UnlearnableError:
    """The folder holds no model."""
    return UnlearnableError(
        "There is no model in this folder",
        f"{folder} has no config.json.",
        "Choose the folder of a transformers model in the settings; Photoveil never downloads one.",
    )


def not_installed(package: str) -> UnlearnableError:
    """A package of the extra is missing."""
    return UnlearnableError(
        "Photoveil cannot read models of this kind yet",
        f"{package} is not installed.",
        "Install it with `pip install 'photoveil[real-vlm]'`, or choose another method.",
    )


def not_loaded(name: str, error: BaseException) -> UnlearnableError:
    """transformers refused it."""
    said = next(iter(str(error).strip().splitlines()), type(error).__name__)[:200]
    return UnlearnableError("The model cannot be loaded", f"{name}: {said}", _KIND)


def incomplete(name: str, missing: str) -> UnlearnableError:
    """Some of its weights are not in its files."""
    return UnlearnableError(
        "The model is incomplete",
        f"{name} has no weights for {missing}, which would be random.",
        "Get the whole model again.",
    )


def not_followed(name: str, why: str) -> UnlearnableError:
    """It loads, but what is needed of it cannot be had."""
    return UnlearnableError(
        "This model cannot be used to protect photos",
        f"{name}: {why}",
        "Choose another, such as one of the LLaVA, Qwen2-VL, SmolVLM or PaliGemma families.",
    )
