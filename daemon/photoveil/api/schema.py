"""JSON schemas as the API uses them: small builders, and a strict check that needs nothing but these few keywords.

The same schema checks a body and stands in the OpenAPI document, so that the two cannot differ. Keywords known here:
type, enum, const, pattern, minLength, maxLength, minimum, maximum, items, maxItems, uniqueItems, properties, required,
additionalProperties, propertyNames, anyOf. ``description`` is what a misfit is told: “x” must be <description>.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

Schema = Mapping[str, Any]


class Misfit(ValueError):  # noqa: N818 - becomes a bad_request
    """A value is not as its schema says; the message is a sentence for the reader."""


def text(described: str = "", *, low: int = 0, high: int = 1000, pattern: str | None = None) -> Schema:
    """A string of ``low`` to ``high`` characters; ``pattern`` must be anchored at both ends."""
    found: dict[str, Any] = {"type": "string", "minLength": low, "maxLength": high}
    if pattern is not None:
        found["pattern"] = pattern
    return {**found, "description": described or f"a text of {low} to {high} characters"}


def whole(low: int, high: int) -> Schema:
    """A whole number from ``low`` to ``high``."""
    described = f"a whole number from {low} to {high}"
    return {"type": "integer", "minimum": low, "maximum": high, "description": described}


def count() -> Schema:
    """A whole number that is not negative."""
    return {"type": "integer", "minimum": 0, "description": "a whole number"}


def number(low: float | None = None, high: float | None = None) -> Schema:
    """A number."""
    limits = {"minimum": low, "maximum": high}
    kept = {name: value for name, value in limits.items() if value is not None}
    return {"type": "number", **kept, "description": "a number"}


def switch() -> Schema:
    """True or false."""
    return {"type": "boolean", "description": "true or false"}


def one_of(*words: str) -> Schema:
    """One of a few words."""
    return {"type": "string", "enum": list(words), "description": "one of: " + ", ".join(words)}


def anything() -> Schema:
    """Any JSON value."""
    return {"description": "any JSON value"}


def maybe(schema: Schema) -> Schema:
    """The value or null."""
    return {"anyOf": [schema, {"type": "null"}], "description": f"{schema['description']}, or null"}


def array(items: Schema, *, most: int | None = None, unique: bool = False) -> Schema:
    """A list."""
    limits: dict[str, Any] = {} if most is None else {"maxItems": most}
    if unique:
        limits["uniqueItems"] = True
    return {"type": "array", "items": items, **limits, "description": f"a list, each {items['description']}"}


def table(values: Schema, *, names: Schema | None = None) -> Schema:
    """An object with any names, all values alike."""
    found: dict[str, Any] = {"type": "object", "additionalProperties": values}
    if names is not None:
        found["propertyNames"] = names
    return {**found, "description": "an object"}


def record(required: Mapping[str, Schema] | None = None, **optional: Schema) -> Schema:
    """An object with these fields and no others."""
    required = required or {}
    found: dict[str, Any] = {"type": "object", "properties": {**required, **optional}}
    if required:
        found["required"] = list(required)
    return {**found, "additionalProperties": False, "description": "an object"}


def check(schema: Schema, value: object, name: str = "") -> None:
    """Raise Misfit unless ``value`` is as ``schema`` says."""
    if "anyOf" in schema:
        _check_any(schema, value, name)
        return
    if "type" in schema and not _is(schema["type"], value):
        raise _misfit(schema, name)
    if "enum" in schema and value not in schema["enum"]:
        raise _misfit(schema, name)
    if isinstance(value, str):
        _check_text(schema, value, name)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        _check_number(schema, value, name)
    elif isinstance(value, list):
        _check_list(schema, value, name)
    elif isinstance(value, dict):
        _check_object(schema, value, name)


def _check_any(schema: Schema, value: object, name: str) -> None:
    for choice in schema["anyOf"]:
        try:
            check(choice, value, name)
        except Misfit:
            continue
        return
    raise _misfit(schema, name)


def _is(kind: str, value: object) -> bool:
    if kind == "integer":  # as in JSON Schema, 1.0 would be one; here it is not: no caller means it
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, _TYPES[kind])


_TYPES: dict[str, type] = {"string": str, "boolean": bool, "array": list, "object": dict, "null": type(None)}


def _check_text(schema: Schema, value: str, name: str) -> None:
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        raise _misfit(schema, name)
    if "pattern" in schema and not _compiled(schema["pattern"]).fullmatch(value):
        raise _misfit(schema, name)


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    """Without the anchors: in Python ``$`` would let a line end through."""
    return re.compile(pattern.removeprefix("^").removesuffix("$"))


def _check_number(schema: Schema, value: float, name: str) -> None:
    if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        raise _misfit(schema, name)


def _check_list(schema: Schema, value: list[object], name: str) -> None:
    if len(value) > schema.get("maxItems", len(value)):
        raise Misfit(f"“{name}” may have at most {schema['maxItems']} entries.")
    if schema.get("uniqueItems") and any(value.count(item) > 1 for item in value):
        raise Misfit(f"“{name}” names something twice.")
    for item in value:
        check(schema.get("items", {}), item, name)


def _check_object(schema: Schema, value: dict[str, object], name: str) -> None:
    properties, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    for missing in schema.get("required", ()):
        if missing not in value:
            raise Misfit(f"“{missing}” is missing; it must be {properties[missing]['description']}.")
    for field, item in value.items():
        if "propertyNames" in schema:
            check(schema["propertyNames"], field, name)
        if field in properties:
            check(properties[field], item, field)
        elif others is False:
            raise Misfit(f"“{_shown(field)}” is no field of this request.")
        elif isinstance(others, Mapping):
            check(others, item, field)


def _shown(field: str) -> str:
    return ascii(field[:60])[1:-1]


def _misfit(schema: Schema, name: str) -> Misfit:
    subject = f"“{_shown(name)}”" if name else "It"
    return Misfit(f"{subject} must be {schema.get('description', 'as the protocol says')}.")
