"""The text of the settings file: what a change touches, and what it never does."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from photoveil.settings import KNOBS, TEMPLATE, editing
from photoveil.settings.document import Document, key, same, written
from photoveil.settings.template import default_line, help_lines
from tests.settings.texts import files, plain, usable_files

ANY_TOML = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(),
        st.text(),
        st.datetimes().filter(lambda at: not at.fold),
        st.dates(),
        st.times().filter(lambda at: not at.fold),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=6,
)


@given(files())
def test_a_document_is_its_bytes(content: bytes) -> None:
    document = Document.read(content)
    assert document.data == content
    assert [s.line for s in document.statements] == sorted({s.line for s in document.statements})


@given(ANY_TOML, st.text())
def test_what_is_written_is_read_as_the_same(value: object, name: str) -> None:
    assert same(plain(f"{key(name)} = {written(value)}".encode()), {name: value})


def changed(before: str, *changes: tuple[str, object]) -> str:
    content = before.encode()
    for name, value in changes:
        content = editing.simple(content, name, value)
    return content.decode()


def test_a_commented_default_becomes_the_setting_and_is_one_again() -> None:
    strong = changed(TEMPLATE, ("strength", "strong"))
    assert strong == TEMPLATE.replace('\n#strength = "balanced"\n', '\nstrength = "strong"\n', 1)
    assert changed(strong, ("strength", "film")) == strong.replace('strong"\n', 'film"\n', 1)
    assert changed(strong, ("strength", None)) == TEMPLATE


@pytest.mark.parametrize("name", list(KNOBS))
def test_every_setting_of_the_template_can_be_changed_back_and_forth(name: str) -> None:
    value = {"integer": 77, "switch": False, "text": "Zoë"}.get(KNOBS[name].kind, "other")
    there = changed(TEMPLATE, (name, value))
    lines = zip(TEMPLATE.splitlines(), there.splitlines(), strict=True)
    assert [one for one, other in lines if one != other] == [default_line(KNOBS[name])]
    assert changed(there, (name, None)) == TEMPLATE


@pytest.mark.parametrize(
    ("before", "name", "value", "after"),
    [
        ("port = 1 # mine\r\n", "port", 2, "port = 2 # mine\r\n"),
        ("\tport=1", "port", None, "\t#port = 47610"),
        ("port = 1 # mine\n", "port", None, "#port = 47610 # mine\n"),
        ("#port = 47610\nport = 1\n", "port", None, "#port = 47610\n"),
        ("# port = 47610 # hm\r\n", "port", 3, "port = 3 # hm\r\n"),
        ('#strength = "subtle"\nport = 1\n', "port", 3, '#strength = "subtle"\nport = 3\n'),
        ('persona = """\nme"""\n', "persona", "anna", 'persona = "anna"\n'),
        ("port = 1\n", "strength", None, "port = 1\n"),
        ("'port' = 1", "port", 2, "'port' = 2"),
    ],
)
def test_lines_keep_their_looks(before: str, name: str, value: object, after: str) -> None:
    assert changed(before, (name, value)) == after


def test_a_setting_that_the_file_does_not_mention_comes_with_its_explanation() -> None:
    after = changed("# Mine\n\nstrength = 'strong'\n\n[mine]\nx = 1", ("history_days", 7))
    assert after.startswith("# Mine\n\nstrength = 'strong'\n\n# How long the history remembers")
    assert after.endswith("from 1 to 3650.\nhistory_days = 7\n\n[mine]\nx = 1")
    assert changed("", ("port", 1)).endswith("65535.\nport = 1\n")
    assert changed("# Mine\n\n[mine]\n", ("port", 1)).startswith("# Mine\n\n# The first")
    assert changed("[mine]\n#port = 47610\n", ("port", 1)).endswith("\nport = 1\n\n[mine]\n#port = 47610\n")


def test_a_setting_is_never_put_behind_an_example_of_a_table() -> None:
    text = changed("#[[folders]]\n#path = '/x'\n#strength = \"balanced\"\n", ("strength", "film"))
    assert text.endswith("\n#[[folders]]\n#path = '/x'\n#strength = \"balanced\"\n")


def test_folders_are_appended_changed_and_removed() -> None:
    one = editing.folder(TEMPLATE.encode(), None, {"path": "/a", "strength": "strong"})
    assert one.decode() == TEMPLATE + '\n[[folders]]\npath = "/a"\nstrength = "strong"\n'
    two = editing.folder(one, None, {"path": "C:\\b"})
    assert two == one + b"\n[[folders]]\npath = 'C:\\b'\n"
    three = editing.folder(two, 0, {"recursive": False, "strength": None})
    assert three == two.replace(b'\nstrength = "strong"\n', b"\nrecursive = false\n")
    assert editing.folder(two, 1, None) == one
    assert editing.folder(one, 0, None).decode() == TEMPLATE


def test_a_new_folder_stands_with_the_others_and_leaves_comments_where_they_are() -> None:
    before = b'[[folders]]\npath = "/a"\n# mine\n\n# of x\n[x]\ny = 1\n'
    after = editing.folder(before, None, {"path": "/b"})
    assert after == b'[[folders]]\npath = "/a"\n\n[[folders]]\npath = "/b"\n\n# mine\n\n# of x\n[x]\ny = 1\n'
    assert editing.folder(after, 0, None) == b'[[folders]]\npath = "/b"\n\n# mine\n\n# of x\n[x]\ny = 1\n'


@pytest.mark.parametrize(
    "before",
    [
        'sites = {"a.org" = {protect = false, mine = 1.5}}\nport = 1 # keep\n',
        'sites."a.org".protect = false\nsites."a.org".mine = 1.5\n# keep\n',
        '[sites]\n"a.org" = {protect = false, mine = 1.5}\n# keep\n',
        '[sites]\n"a.org".protect = false\n"a.org".mine = 1.5\n# keep\n',
        '[sites."a.org"]\nprotect = false # keep\nmine = 1.5\n',
    ],
)
def test_sites_written_in_any_way_can_be_changed(before: str) -> None:
    after = editing.named(before.encode(), "sites", "a.org", {"persona": "anna"})
    site = {"protect": False, "mine": 1.5, "persona": "anna"}
    assert plain(after)["sites"] == {"a.org": site}
    assert b"# keep\n" in after
    more = editing.named(after, "sites", "b.org", {"protect": False})
    assert plain(more)["sites"] == {"a.org": site, "b.org": {"protect": False}}
    less = editing.named(more, "sites", "a.org", None)
    assert plain(less)["sites"] == {"b.org": {"protect": False}}
    assert plain(editing.named(less, "sites", "b.org", None)).get("sites", {}) == {}


SIMPLE = st.one_of(
    st.tuples(st.just("strength"), st.sampled_from(["subtle", "strong", None])),
    st.tuples(st.just("vault_mb"), st.sampled_from([7, 4096, None])),
    st.tuples(st.just("previews"), st.sampled_from([True, False, None])),
)


@given(usable_files(), st.lists(SIMPLE, max_size=4))
@example(b"port = 1", [("vault_mb", 7)])
def test_changes_say_what_was_meant_and_touch_nothing_else(
    before: bytes, changes: list[tuple[str, object]]
) -> None:
    content, meant = before, plain(before)
    for name, value in changes:
        content = editing.simple(content, name, value)
        meant.pop(name, None)
        meant |= {} if value is None else {name: value}
    assert same(plain(content), meant)
    assert content.startswith(b"\xef\xbb\xbf") == before.startswith(b"\xef\xbb\xbf")
    about = tuple({name for name, _ in changes})
    assert untouched(before, about) == untouched(content, about)


def untouched(content: bytes, about: tuple[str, ...]) -> list[bytes]:
    """The lines that changes of these settings have nothing to do with, blank ones aside."""
    ours = {line.encode() for name in about for line in help_lines(KNOBS[name])}
    lines = content.removeprefix(b"\xef\xbb\xbf").splitlines()
    rest = [line for line in lines if line.strip() and not any(name.encode() in line for name in about)]
    return [line for line in rest if line not in ours]


FIELDS = st.fixed_dictionaries(
    {}, optional={"strength": st.sampled_from([None, "film"]), "protect": st.booleans(), "x": st.just(1)}
)


@given(usable_files(), st.sampled_from(["a.org", "b.org", "c.org", "d.org"]), FIELDS)
def test_a_change_to_a_site_touches_only_that_site(
    before: bytes, host: str, changes: dict[str, object]
) -> None:
    after = editing.named(before, "sites", host, changes)
    assert around(after, "sites") == around(before, "sites")
    gone = editing.named(after, "sites", host, None)
    assert host not in plain(gone).get("sites", {})  # type: ignore[operator]
    assert [line for line in around(before, "sites") if line in around(gone, "sites")] == around(
        gone, "sites"
    )


@given(usable_files(), st.data())
def test_a_change_to_a_folder_touches_only_that_folder(before: bytes, data: st.DataObject) -> None:
    tables = plain(before).get("folders", [])
    assert isinstance(tables, list)
    number = data.draw(st.sampled_from([None, *range(len(tables))]))
    changes = data.draw(FIELDS) | ({"path": "/new"} if number is None else {})
    after = editing.folder(before, number, changes)
    assert around(after, "folders") == around(before, "folders")
    found = plain(after)["folders"]
    assert isinstance(found, list)
    assert len(found) == len(tables) + (number is None)
    assert [t for i, t in enumerate(found) if i != number][: len(tables) - 1] == [
        t for i, t in enumerate(tables) if i != number
    ][: len(tables) - 1]


def around(content: bytes, kind: str) -> list[str]:
    """All statements and comments but those about one kind of table."""
    found = Document.read(content).statements
    return [s.text.rstrip("\r\n") for s in found if s.kind != "blank" and s.path[:1] != (kind,)]
