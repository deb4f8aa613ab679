"""Does an answer tell a fact? Words are compared one by one, forgiving of spelling, deaf to what is denied.

A wording is told if every word of it that carries meaning stands in one sentence of the answer, close together, in
any order. What the prompt had already said proves nothing, and neither does a sentence that denies it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from photoveil.audit.facts import Fact

ALIKE = 87.0
"""From this similarity on (rapidfuzz's ratio, 0 to 100) two longer words are one, misspelt: one letter more or less
in seven, one other letter in eight. Shorter ones must be equal but for an ending: “Anna” is not “Anne”."""

_SHORT = 5
_ENDINGS = ("s", "es", "'s")
_APART = 3
"""At most so many foreign words among those of a wording; none where their order is another or an “and” stands between:
“a blue van and a red house” has no red van."""

_PREPOSITIONS = frozenset({"of", "in", "at", "on", "to", "with", "by", "for", "from", "as", "near"})
_VERBS = frozenset(
    {"is", "are", "was", "were", "has", "have", "had", "live", "lives", "living", "work", "works"}
)
_POINTERS = frozenset(
    {"a", "an", "the", "this", "that", "which", "her", "his", "their", "its", "she", "he", "they"}
)
_EMPTY = _PREPOSITIONS | _VERBS | _POINTERS | {"it", "and", "or", "working"}
_SENTENCES = re.compile(r"[.;:!?]+(?=\s|$)|\n|\s[–—-]\s|[()\[\]\"“”]")
_WORDS = re.compile(r"\w+(?:'\w+)?|,")
_IDIOMS = re.compile(
    r"\b(?:no doubt|without (?:a |any )?doubt|no question|not (?:only|just|merely|far)|why not)\b"
)
_BARRIERS = frozenset(
    {",", "but", "however", "although", "though", "whereas", "yet", "while", "because", "so"}
)
_SUBJECTS = frozenset({"i", "she", "he", "they", "it", "there", "her", "his", "their"})
_NARROW, _WIDE = (
    ("no", "without", "neither", "nor"),
    ("not", "never", "cannot", "nobody", "hardly", "unlikely"),
)
_REACH = {**dict.fromkeys(_NARROW, 3), **dict.fromkeys(_WIDE, 8)}
"""How many words further on a denial still holds; it does not reach over a barrier."""
_AUXILIARIES = frozenset(
    (
        "is",
        "are",
        "was",
        "were",
        "do",
        "does",
        "did",
        "can",
        "could",
        "has",
        "have",
        "had",
        "will",
        "would",
        "may",
    )
)
_AFTER = 3
_WITHOUT_SPACES = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True)
class Told:
    """A fact that an answer tells: in which of its wordings, and the sentence, in small letters."""

    fact: Fact
    wording: str
    sentence: str


def told(answer: str, facts: Sequence[Fact], prompt: str = "") -> list[Told]:
    """Which of the facts an answer tells, in their order.

    Args:
        prompt: what was asked; a wording whose every word stands in it proves nothing.
    """
    sentences = [part.strip() for part in _SENTENCES.split(_IDIOMS.sub(" ", _plain(answer))) if part.strip()]
    asked = _words(_plain(prompt))
    hits = (_first(fact, sentences, asked) for fact in facts)
    return [hit for hit in hits if hit is not None]


def _first(fact: Fact, sentences: Sequence[str], asked: Sequence[str]) -> Told | None:
    for wording in fact.wordings:
        wanted = _meaning(wording)
        if asked and all(any(_same(word, other) for other in asked) for word in wanted):
            continue
        for sentence in sentences:
            if _stands_in(wanted, sentence):
                return Told(fact, wording, sentence)
    return None


def _stands_in(wanted: Sequence[str], sentence: str) -> bool:
    """Whether a sentence says all of these words close together and does not deny them."""
    if any(_WITHOUT_SPACES.search(word) for word in wanted):
        return all(word in sentence for word in wanted)
    words = _words(sentence)
    joined = "".join(wanted)
    if any(word == joined and not _denied(words, at, at) for at, word in enumerate(words)):
        return True
    places = [[at for at, word in enumerate(words) if _same(one, word)] for one in wanted]
    return all(places) and any(_together(words, start, places) for start in places[0])


def _together(words: Sequence[str], start: int, places: Sequence[Sequence[int]]) -> bool:
    """Whether the nearest of each wanted word around ``start`` stand close enough and are not denied."""
    near = [min(found, key=lambda at: abs(at - start)) for found in places]
    first, last = min(near), max(near)
    between = [word for at, word in enumerate(words[first : last + 1], first) if at not in near]
    foreign = sum(word not in _EMPTY and word != "," for word in between)
    joined, turned = "and" in between, near != sorted(near)
    if len(set(near)) < len(near) or (joined and turned) or foreign > (0 if joined or turned else _APART):
        return False
    return not _denied(words, first, last)


def _denied(words: Sequence[str], first: int, last: int) -> bool:
    return _denied_before(words, first) or any(_denies(words, at) for at in range(first, last + 1 + _AFTER))


def _denied_before(words: Sequence[str], first: int) -> bool:
    for distance, at in enumerate(range(first - 1, -1, -1)):
        if words[at] in _BARRIERS or (words[at] == "and" and words[at + 1] in _SUBJECTS):
            return False
        if distance < (8 if words[at].endswith("n't") else _REACH.get(words[at], 0)):
            return True
    return False


def _denies(words: Sequence[str], at: int) -> bool:
    """Whether the verb at a place is denied: “is not”, “doesn't”, “cannot”."""
    if at >= len(words):
        return False
    if words[at] in ("not", "never"):
        return words[at - 1] in _AUXILIARIES if at else False
    return words[at] == "cannot" or words[at].endswith("n't")


def _meaning(wording: str) -> list[str]:
    """The words of a wording that carry meaning; all of them where none does. Each once."""
    words = [word for word in _words(_plain(wording)) if word != ","]
    return list(dict.fromkeys(word for word in words if word not in _EMPTY)) or list(dict.fromkeys(words))


def _same(one: str, other: str) -> bool:
    if one == other or any(one + end == other or other + end == one for end in _ENDINGS):
        return True
    return min(len(one), len(other)) >= _SHORT and fuzz.ratio(one, other, score_cutoff=ALIKE) > 0


def _words(text: str) -> list[str]:
    return _WORDS.findall(text)


def _plain(text: str) -> str:
    """Small letters without accents, apostrophes as on a typewriter."""
    decomposed = unicodedata.normalize("NFKD", text.replace("’", "'").casefold())
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not unicodedata.combining(c)))
