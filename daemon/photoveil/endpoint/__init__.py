"""A vision model that is asked about photos: whose address is allowed, how it is asked, what came back.

`Endpoint` speaks the chat protocol that Ollama, llama.cpp, vLLM and LM Studio share with OpenAI. Everything that asks
takes an `Asker`, so that a model in this process serves as well. Importing this loads no network library.
"""

from __future__ import annotations

from photoveil.endpoint.address import consented, is_local
from photoveil.endpoint.answers import Answer, Asker, looks_refused
from photoveil.endpoint.asking import Endpoint
from photoveil.endpoint.errors import (
    EndpointAddressError,
    EndpointError,
    EndpointSilentError,
    EndpointSlowError,
    RemoteRefusedError,
)
from photoveil.endpoint.secret import KEY_VARIABLE, keep_key, key_for

__all__ = [
    "KEY_VARIABLE",
    "Answer",
    "Asker",
    "Endpoint",
    "EndpointAddressError",
    "EndpointError",
    "EndpointSilentError",
    "EndpointSlowError",
    "RemoteRefusedError",
    "consented",
    "is_local",
    "keep_key",
    "key_for",
    "looks_refused",
]
