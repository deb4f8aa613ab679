"""What may leave the computer in a report: words that Photoveil itself writes, small numbers, and nothing else.

Not a list of what is secret, which would always lack something, but of what is not: a word passes only if it stands in
a message of Photoveil's own source. Whatever is quoted, paths, every other word, long numbers and all signs beyond
plain punctuation become “…”. On top of that the words that are known to be personal here never pass.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import photoveil

HIDDEN = "…"
HOME = "<home>"
_WORD = re.compile(r"\w+")
_PLAIN = re.compile(r"[A-Za-z]+")
_SMALL = re.compile(r"\d{1,6}")
_QUOTED = re.compile(r"“[^”]*”|\"[^\"]*\"|(?<!\w)'[^'\n]*'(?!\w)|«[^»]*»")
_PATH = re.compile(r"(?<![\w`<])(?:[A-Za-z]:|~)?[/\\][^\s'\"“”`<>]*")
_PHOTO = re.compile(
    r"[^\s/\\]+\.(?:jpe?g|jpe|jfif|png|apng|gif|bmp|dib|webp|tiff?|avif|hei[cf]|hif|raw|dng|mp4|mov)\b", re.I
)
_COMMAND = re.compile(r"`([^`]*)`")
_MARKS = frozenset(" \n.,;:!?()[]{}<>/\\|*+-=_%&#@$^~'\"`“”’–—×→" + HIDDEN)
_RUNS = re.compile(rf"{HIDDEN}(?:[-./\\_ ]*{HIDDEN})+")
_EXAMPLES = "cli"
"""Its modules are full of examples, with names in them."""
_TECHNICAL = ("MB", "GB", "kB", "HEIC", "CUDA", "ROCm", "CPU", "GPU", "SQLite", "PyTorch", "NVIDIA", "AMD")


class Redactor:
    """Redacts texts.

    Args:
        personal: names, paths and the like that are known here; their words never pass.
        home: the user's home folder.
    """

    def __init__(self, personal: Iterable[str] = (), home: Path | None = None) -> None:
        self._personal = {word.casefold() for text in personal for word in _words(text)}
        self._home = str(home) if home and len(home.parts) > 1 else None

    def text(self, text: str) -> str:
        """A message, as far as it is Photoveil's own."""
        if self._home:
            text = re.sub(rf"{re.escape(self._home)}(?!\w)", HOME, text)
        text = _COMMAND.sub(lambda found: f"`{self._unquoted(found.group(1))}`", text)
        for shape in (_QUOTED, _PHOTO, _PATH):
            text = shape.sub(HIDDEN, text)
        return _RUNS.sub(HIDDEN, self._marks(self._worded(text)))

    def fact(self, text: str) -> str:
        """What the computer tells of itself, such as the name of its processor: only personal words are hidden."""
        return self._marks(_WORD.sub(lambda found: self._unless_personal(found.group()), text))

    def value(self, value: Any) -> Any:
        """Every text in a JSON value; names of fields stay, because they are ours."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {str(name): self.value(one) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(one) for one in value]
        return value

    def _unquoted(self, command: str) -> str:
        """Quotation marks in commands hold paths; without them they are hidden word by word."""
        return command.replace("'", "").replace('"', "")

    def _worded(self, text: str) -> str:
        return _WORD.sub(lambda found: self._allowed(found.group()), text)

    def _allowed(self, word: str) -> str:
        parts = word.split("_")
        if all(not part or _SMALL.fullmatch(part) or part in vocabulary() for part in parts):
            return self._unless_personal(word)
        return HIDDEN

    def _unless_personal(self, word: str) -> str:
        is_personal = {word.casefold(), *word.casefold().split("_")} & self._personal
        return HIDDEN if is_personal else word

    def _marks(self, text: str) -> str:
        return "".join(sign if sign in _MARKS or sign.isalnum() else HIDDEN for sign in text)


@cache
def vocabulary() -> frozenset[str]:
    """The words of all messages in Photoveil's source, of its modules' and exceptions' names, as they are written."""
    root = Path(photoveil.__file__).parent
    words = {word for name in dir(builtins) for word in _PLAIN.findall(name)} | set(_TECHNICAL)
    for file in root.rglob("*.py"):
        inside = file.relative_to(root)
        words.update(_PLAIN.findall(" ".join(inside.with_suffix("").parts)))
        if inside.parts[0] != _EXAMPLES:
            words.update(_literals(file))
    return frozenset(words)


def _literals(file: Path) -> set[str]:
    """Words of the texts in a module, docstrings left out."""
    try:
        tree = ast.parse(file.read_text("utf-8"))
    except (OSError, SyntaxError, ValueError):  # a broken installation: fewer words pass
        return set()
    words: set[str] = set()
    documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents:
            words.update(_PLAIN.findall(node.value))
        elif isinstance(node, ast.ClassDef):
            words.add(node.name)
    return words


def _words(text: str) -> list[str]:
    """The words of a personal text, also those joined by underscores."""
    found = _WORD.findall(text)
    return [*found, *(part for word in found for part in word.split("_") if part)]
