"""The OpenAPI document, made from the table of verbs: the schemas that check bodies are the ones it shows."""

from __future__ import annotations

from typing import Any

from photoveil import __version__
from photoveil.api.shapes import REFUSAL
from photoveil.api.verbs import BYTES, EVENTS, JSON, VERBS, Access, Verb

_ABOUT = """\
The daemon's door on 127.0.0.1. Requests are signed in a session in which the daemon has proved itself first: see
docs/protocol.md of the project, which also has the order of all checks. Before its proof a caller gets a bare status.
"""
_WHO = {
    Access.PAIRING: "A browser while it is being paired.",
    Access.OPENING: "Any client, to open a session.",
    Access.SIGN_IN: "The dashboard's page, with a one-time code.",
    Access.CLIENT: "Any client.",
    Access.OWNER: "The dashboard and the command line.",
    Access.LOCAL: "The command line.",
}
_REFUSALS = {
    400: "The request is not as described.",
    401: "Not signed, signed wrongly, or sent twice.",
    403: "Not for this caller.",
    404: "There is no such thing.",
    408: "The body did not arrive in time.",
    409: "Things are not as they must be for this.",
    410: "It is no longer kept.",
    411: "Content-Length is missing.",
    413: "The body is too large.",
    415: "Content-Type is not the verb's.",
    422: "The values are understood but cannot be used.",
    429: "Too much at a time.",
    503: "A part that is needed does not work.",
    507: "There is no room.",
}


def document() -> dict[str, Any]:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Photoveil", "version": __version__, "description": _ABOUT},
        "paths": {path: {"post": _operation(verb)} for path, verb in VERBS.items()},
        "components": {
            "schemas": {"Refusal": _plain(REFUSAL)},
            "securitySchemes": {
                "session": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "Photoveil <session>.<n>.<sha256>.<mac>",
                }
            },
        },
    }


def _operation(verb: Verb) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": verb.name.replace("/", "_"),
        "summary": verb.summary,
        "description": f"For: {_WHO[verb.access]}",
        "x-access": str(verb.access),
        "requestBody": {"required": True, "content": {verb.content_type: _taken(verb)}},
        "responses": _responses(verb),
    }
    if verb.signed:
        found["security"] = [{"session": []}]
    if verb.content_type == BYTES:
        found["x-photoveil-meta"] = _plain(verb.body)
    return found


def _taken(verb: Verb) -> dict[str, Any]:
    return {"schema": _plain(verb.body)} if verb.content_type == JSON else {}


def _responses(verb: Verb) -> dict[str, Any]:
    answer = {"content": {verb.answers: _given(verb)}}
    found: dict[str, Any] = {str(status): {"description": "Done.", **answer} for status in verb.statuses}
    for status, words in _REFUSALS.items():
        found[str(status)] = {"description": words}
        if verb.signed:
            schema = {"$ref": "#/components/schemas/Refusal"}
            found[str(status)]["content"] = {JSON: {"schema": schema}}
    found["401"] = {"description": _REFUSALS[401]}
    return found


def _given(verb: Verb) -> dict[str, Any]:
    if verb.answer is not None:
        return {"schema": _plain(verb.answer)}
    return {"schema": {"type": "string"}} if verb.answers == EVENTS else {}


def _plain(schema: Any) -> Any:
    """A copy made of dicts and lists alone."""
    if isinstance(schema, dict):
        return {name: _plain(value) for name, value in schema.items()}
    if isinstance(schema, list | tuple):
        return [_plain(value) for value in schema]
    return schema
