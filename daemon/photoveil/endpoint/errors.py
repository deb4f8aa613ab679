"""What can go wrong between a photo and the model that is asked about it."""

from __future__ import annotations

from photoveil.errors import PhotoveilError


class EndpointError(PhotoveilError):
    """The model was asked and gave nothing that can be used."""

    code = "endpoint"


class EndpointAddressError(EndpointError):
    """What was given is not an address of a model."""

    code = "endpoint_address"


class RemoteRefusedError(EndpointError):
    """The model is not on this computer, and nobody has agreed to send photos there."""

    code = "endpoint_remote"


class EndpointSilentError(EndpointError):
    """Nobody answers at the address; asking again later may help."""

    code = "endpoint_silent"


class EndpointSlowError(EndpointError):
    """No answer in time; a model this slow would be as slow again."""

    code = "endpoint_slow"


def not_an_address(why: str) -> EndpointAddressError:
    """The address is refused before anything is sent."""
    return EndpointAddressError(
        "This is not the address of a model",
        f"{why}.",
        "Give one such as http://127.0.0.1:11434/v1 (Ollama) or http://127.0.0.1:8080/v1 (llama.cpp).",
    )


def remote_refused(origin: str) -> RemoteRefusedError:
    """Photos stay here."""
    return RemoteRefusedError(
        "The photo was not sent",
        f"{origin} is not on this computer.",
        "Use a model that runs here. If you do want to send photos there, put this very address into the setting "
        "remote_endpoint, have “Stay offline” off, and give --remote with the command.",
    )


def not_encrypted(origin: str) -> RemoteRefusedError:
    """Plain http beyond this computer."""
    return RemoteRefusedError(
        "The photo was not sent",
        f"{origin} is not on this computer and would get the photo unencrypted.",
        "Use its https address.",
    )


def led_elsewhere(origin: str) -> RemoteRefusedError:
    """A redirect, which is never followed."""
    return RemoteRefusedError(
        "The model's server points to another address",
        f"{origin} answered with a redirect; photos are not sent on.",
        "Give the address where the model really answers.",
    )


def silent(origin: str, why: str) -> EndpointSilentError:
    """No connection, or none that lasted."""
    return EndpointSilentError(
        "The model does not answer",
        f"{origin}: {why}.",
        "See that its server runs and that the address and port are right, then try again.",
    )


def too_slow(origin: str, seconds: float) -> EndpointSlowError:
    """No answer in time."""
    return EndpointSlowError(
        "The model does not answer in time",
        f"{origin} took more than {seconds:.0f} seconds.",
        "Try a smaller model, or allow it more time.",
    )


def status(origin: str, code: int, said: str) -> EndpointError:
    """An answer that is an error."""
    if code in (401, 403):
        return EndpointError(
            "The model's server wants another key",
            f"{origin} answered {code}.",
            "Set PHOTOVEIL_ENDPOINT_KEY to the key that its provider gave you.",
        )
    if code == 404:
        return EndpointError(
            "The model's server does not know this model or path",
            f"{origin} answered 404{said}.",
            "Check the model's name, and that the address ends as its server says (most often in /v1).",
        )
    return EndpointError(
        "The model's server answered with an error",
        f"{origin} answered {code}{said}.",
        "Look into that server's log; the model must be one that takes pictures.",
    )


def unreadable(origin: str) -> EndpointError:
    """An answer in no form that we know."""
    return EndpointError(
        "The model's answer cannot be read",
        f"What {origin} sent is not an answer of the OpenAI chat protocol.",
        "Check that the address is that of a chat API (most often it ends in /v1).",
    )
