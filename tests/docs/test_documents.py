"""README and docs/: every command parses, every link leads somewhere, every file that is named is there."""

import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from photoveil.cli import parser

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
GUIDE_PICTURES = ROOT / "tests" / "browser" / "guide.mjs"

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
FILE = re.compile(r"(?<![\w/])(?:daemon|docs|extension|installers|lab|tests)/[\w./-]+\w")

named = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


def commands(text: str) -> Iterator[str]:
    """The `photoveil …` commands in a document's shell blocks."""
    for language, body in BLOCK.findall(text):
        if language in ("sh", "bash", "console"):
            for line in body.splitlines():
                words = line.split("#", 1)[0]
                yield from (part.strip() for part in re.split(r";|&&|\|", words) if "photoveil " in part)


def mentions(text: str) -> Iterator[str]:
    """Commands in a sentence, which may leave out what they need, or have placeholders: `photoveil pull SET`."""
    for found in INLINE.findall(BLOCK.sub("", text)):
        if found.startswith("photoveil "):
            yield found


def complaint(command: str) -> str | None:
    """What the command line says of a command it does not understand; None if it would run it."""
    words = [word for word in shlex.split(command) if not re.fullmatch(r"[A-Z_]+=.*|sudo", word)]
    return _told(words[1:])[1] if words[:1] == ["photoveil"] else None


def unknown(mention: str) -> list[str]:
    """Commands and options that a mention names and that do not exist."""
    words = re.findall(r"(?<=[\s\[])(?:--?)?[a-z][a-z-]*(?=$|[\s\]=])", mention)
    options = [word for word in words if word.startswith("-")]
    path: list[str] = []
    for word in words:
        if word.startswith("-") or _told([*path, word, "--help"])[1]:
            break
        path.append(word)
    page = _told([*path, "--help"])[0]
    lost = [option for option in options if not re.search(rf"(?<![\w-]){option}\b", page)]
    return lost if path or options else [mention]


def _told(words: list[str]) -> tuple[str, str | None]:
    """What the command line prints, and its complaint if it has one."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            parser().parse_args(words)
    except SystemExit as end:
        return said.getvalue(), said.getvalue().strip().splitlines()[-1] if end.code else None
    return said.getvalue(), None


def anchors(path: Path) -> set[str]:
    """The names under which a page's headings can be linked to, as GitHub makes them."""
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(path.read_text("utf-8")))
    return {heading.replace(" ", "-") for heading in plain}


@named
def test_every_command_is_one_that_photoveil_understands(document: Path) -> None:
    text = document.read_text("utf-8")
    told = {command: complaint(command) for command in commands(text)}
    assert {command: why for command, why in told.items() if why} == {}
    named_so = {mention: unknown(mention) for mention in mentions(text)}
    assert {mention: lost for mention, lost in named_so.items() if lost} == {}


def test_commands_that_do_not_exist_are_found() -> None:
    """Else the test above could not fail."""
    (good, bad) = commands("```sh\nphotoveil run; photoveil protekt a.jpg -o out/   # typo\n```")
    assert complaint(good) is None
    assert "protekt" in str(complaint(bad))
    text = "`photoveil archive --rain`, `photoveil foldres add` or `photoveil archive --ray`, `photoveil folders add`"
    assert [unknown(mention) for mention in mentions(text)] == [["--rain"], ["photoveil foldres add"], [], []]


@named
def test_every_link_leads_somewhere(document: Path) -> None:
    lost = []
    for one, other in LINK.findall(BLOCK.sub("", document.read_text("utf-8"))):
        target, _, anchor = (one or other).partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        path = (document.parent / target).resolve() if target else document
        if not path.exists() or (anchor and path.suffix == ".md" and anchor not in anchors(path)):
            lost.append(one or other)
    assert lost == []


@pytest.mark.parametrize("name", ["developers.md", "release.md", "privacy.md", "guide.md"])
def test_every_file_that_is_named_is_there(name: str) -> None:
    text = (ROOT / "docs" / name).read_text("utf-8")
    places = {found for words in INLINE.findall(BLOCK.sub("", text)) for found in FILE.findall(words)}
    assert [place for place in sorted(places) if not (ROOT / place).exists()] == []


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for document in DOCUMENTS:
        text = document.read_text("utf-8")
        lines = [line for _language, body in BLOCK.findall(text) for line in body.splitlines()]
        called = [words.split("#")[0].split() for words in (*lines, *INLINE.findall(BLOCK.sub("", text)))]
        asked = {name for words in called if words[:1] == ["make"] for name in words[1:] if name.islower()}
        assert asked - targets == set(), document.name


def test_the_pictures_of_the_guide_are_the_ones_its_script_makes() -> None:
    shown = set(re.findall(r"images/guide-([\w-]+)\.png", (ROOT / "docs" / "guide.md").read_text("utf-8")))
    there = {path.stem.removeprefix("guide-") for path in (ROOT / "docs" / "images").glob("guide-*.png")}
    script = GUIDE_PICTURES.read_text("utf-8")
    assert shown == there
    assert [name for name in sorted(shown) if f"'{name}'" not in script] == []


def test_no_document_names_the_machine_it_was_written_on() -> None:
    for document in DOCUMENTS:
        assert not re.search(
            r"/(?:work|root)/|file:///|localhost:\d{4,}/simple", document.read_text("utf-8")
        ), document.name
