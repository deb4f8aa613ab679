"""Settings files as people write them, for hypothesis."""

from __future__ import annotations

import tomllib
from pathlib import Path

from hypothesis import strategies as st

from photoveil.settings import TEMPLATE, Settings, SettingsError
from photoveil.settings.reading import parse

_TOP = st.sampled_from(
    [
        "# a note of mine\n",
        "\n",
        "#\n",
        '#strength = "balanced"\n',
        '  #  strength = "balanced" is the default\n',
        '# strength = "balanced"   # kept\n',
        '#strength = "subtle"\n',
        "#vault_mb = 4096",
        '"unknown" = [\n  1, # one\n  "]", \'#\',\n  {a = "}"},\n]\n',
        'text = """\n#strength = "balanced"\n[[folders]]\n"""\n',
        "when = 2026-11-21T18:15:00Z\n",
        "nan = nan\n",
        'a.b."c d" = 1e3\n',
    ]
)
_SIMPLE = st.sampled_from(
    [
        'strength = "strong"\n',
        "  strength='subtle'   # because\n",
        '"persona" = "anna"\n',
        'model_set = """starter"""\n',
        "port=1\n",
        "previews = false\n",
        "history_days = 1_0 # ten\n",
    ]
)
_TABLES = st.sampled_from(
    [
        '[[folders]]\npath = "/photos/a"\n',
        "# before\n[[folders]] # of 2019\n# inside\npath = '/photos/b' # here\n"
        "stranger = {x = 1}\n\nrecursive = false\n# behind\n",
        '[[folders]]\npath = "/photos/c"\n[folders.more]\nx = 1\n',
        '[sites."a.org"]\nprotect = false\n',
        "[sites.localhost]\n\n# nothing\n",
        '[sites]\n"b.org" = {protect = false, stranger = [1]}\n"c.org".persona = "anna"\n',
        '[personas."my mother"]\n  colour = "red"\n  age = 70\n',
        '[mine]\nstrength = 3\n#strength = "balanced"\n',
        "[[also.mine]]\n",
    ]
)
_AT_ONCE = st.sampled_from(
    [
        'folders = [{path = "/photos/d"}, # one\n  {path = "/photos/e", stranger = 1}]\n',
        'sites = {"a.org" = {protect = false}}\n',
        'sites."a.org".protect = false\n',
    ]
)


def _usable(content: bytes) -> bool:
    try:
        parse_here(content)
    except SettingsError:
        return False
    return True


def parse_here(content: bytes) -> Settings:
    """The settings in a file's content."""
    return parse(Path("settings.toml"), content).settings


def plain(content: bytes) -> dict[str, object]:
    """What the reference reader makes of a file's content."""
    return tomllib.loads(content.removeprefix(b"\xef\xbb\xbf").decode())


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """The content of a settings file that can be used."""
    top = draw(st.lists(st.one_of(_TOP, _SIMPLE, _AT_ONCE), max_size=8))
    tables = draw(st.lists(_TABLES, max_size=5, unique=True))
    start = draw(st.sampled_from(["", TEMPLATE]))
    text = "".join(
        part if part.endswith("\n") else f"{part}\n" for part in [start, *dict.fromkeys(top), *tables]
    )
    if draw(st.booleans()):
        text = text.removesuffix("\n")
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return (b"\xef\xbb\xbf" if draw(st.booleans()) else b"") + text.encode()


def usable_files() -> st.SearchStrategy[bytes]:
    """Those of them that can be used."""
    return files().filter(_usable)
