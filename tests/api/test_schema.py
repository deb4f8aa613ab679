"""The schemas: what they let through, and that document, table and handlers are one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from photoveil.api import openapi, server
from photoveil.api.schema import (
    Misfit,
    Schema,
    array,
    check,
    count,
    maybe,
    number,
    one_of,
    record,
    switch,
    table,
    text,
    whole,
)
from photoveil.api.verbs import VERBS

DOCUMENT = openapi.document()
BODIES = {verb.name: openapi._plain(verb.body) for verb in VERBS.values()}


def _broken(value: float) -> bool:
    """1.0 is an integer to JSON Schema, and not to us; nobody sends it."""
    return not value.is_integer()


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(-1e3, 1e3).filter(_broken)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        (text(low=1, high=3), ["a", "äöü"], ["", "abcd", 1, None, ["a"]]),
        (text(pattern="^[a-z]{1,9}$"), ["abc"], ["", "ABC", "abc\n", "\nabc"]),
        (whole(1, 3), [1, 3], [0, 4, 1.5, True, "1", None]),
        (number(0, 1), [0, 0.5, 1], [-0.1, 2, True, "x"]),
        (count(), [0, 1 << 70], [-1, 0.5]),
        (switch(), [True, False], [0, 1, "true", None]),
        (one_of("a", "b"), ["a"], ["c", "", None, 1, ["a"]]),
        (maybe(whole(1, 2)), [None, 1], [0, "x"]),
        (array(one_of("a", "b"), most=2, unique=True), [[], ["a"], ["b", "a"]], [["a", "a"], ["c"], "a", {}]),
        (table(count()), [{}, {"x": 1}], [{"x": -1}, []]),
        (
            record({"a": count()}, b=switch()),
            [{"a": 1}, {"a": 1, "b": True}],
            [{}, {"a": 1, "c": 2}, {"b": True}],
        ),
    ],
)
def test_the_check_is_strict(schema: Schema, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        check(schema, value)
    for value in bad:
        with pytest.raises(Misfit):
            check(schema, value, "field")


@given(st.data())
def test_the_check_and_the_document_agree(data: st.DataObject) -> None:
    """Another reader of JSON schemas finds the same bodies good and bad."""
    name = data.draw(st.sampled_from(sorted(BODIES)))
    value = data.draw(_near(BODIES[name]) | JSON)
    assert _fits(VERBS[f"/v1/{name}"].body, value) == jsonschema_rs.is_valid(BODIES[name], value)


def _near(schema: Any) -> st.SearchStrategy[Any]:
    """Values that fit the schema, or almost."""
    if "anyOf" in schema:
        return st.one_of(*map(_near, schema["anyOf"]))
    if "enum" in schema:
        return st.sampled_from(schema["enum"]) | st.just("other")
    match schema.get("type"):
        case "object":
            fields = {name: _near(inner) for name, inner in schema.get("properties", {}).items()}
            return st.fixed_dictionaries({}, optional={**fields, "other": st.none()})
        case "array":
            return st.lists(_near(schema["items"]), max_size=schema.get("maxItems", 3) + 1)
        case "integer":
            edges = [schema.get("minimum", 0) - 1, schema.get("minimum", 0), schema.get("maximum", 9) + 1]
            return st.sampled_from(edges) | st.booleans()
        case "string" if "pattern" in schema:
            return st.from_regex(schema["pattern"]) | st.text(max_size=70)
        case "string":
            return st.text(max_size=schema["maxLength"] + 1 if schema["maxLength"] < 70 else 70)
        case "boolean":
            return st.booleans() | st.integers(0, 1)
    return JSON


def _fits(schema: Schema, value: Any) -> bool:
    try:
        check(schema, value, "field")
    except Misfit as misfit:
        return not (str(misfit).isprintable() and str(misfit).endswith("."))
    return True


def test_every_verb_is_served() -> None:
    served = {*server.HANDLERS, *server.SENDERS, *server.TAKERS}
    assert served == {verb.name for verb in VERBS.values()}


def test_the_document_is_sound() -> None:
    assert set(DOCUMENT["paths"]) == set(VERBS)
    for path in DOCUMENT["paths"].values():
        for content in [path["post"]["requestBody"], *path["post"]["responses"].values()]:
            for media in content.get("content", {}).values():
                assert jsonschema_rs.meta.is_valid(media.get("schema", {}))


ROWS = re.findall(
    r"^\| `([a-z/]+)` \| ([a-z-]+) \| (.*) \|$",
    Path(__file__).parents[2].joinpath("docs/protocol.md").read_text("utf-8").partition("## Verbs")[2],
    re.MULTILINE,
)


def test_the_protocols_table_is_the_table_of_verbs() -> None:
    assert sorted((name, access) for name, access, _ in ROWS) == sorted(
        (verb.name, str(verb.access)) for verb in VERBS.values()
    )


@pytest.mark.parametrize(("name", "_access", "told"), ROWS, ids=[row[0] for row in ROWS])
def test_the_protocol_names_every_field(name: str, _access: str, told: str) -> None:
    verb = VERBS[f"/v1/{name}"]
    if told.startswith("see "):
        return
    fields = {*verb.body["properties"], *(verb.answer or {}).get("properties", {})}
    fields -= {"persona", "strength", "method"} if "choice?" in told or "wish?" in told else set()
    fields -= {"slider"} if "wish?" in told else set()
    fields -= set(VERBS["/v1/folders/add"].body["properties"]) if "…the same" in told else set()
    if "as `" not in told:
        assert {field for field in fields if field not in told} == set()
