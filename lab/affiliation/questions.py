"""What the attacker is asked, and the right answers: about facts, and about what anybody can see."""

from __future__ import annotations

from collections.abc import Mapping

from lab.captions import phrase
from lab.captions import tokenizer as caption_tokenizer
from lab.people import ATTRIBUTES, KINDS, Facts
from lab.words import Tokenizer

FACT_QUESTIONS: dict[str, str] = {
    "residence": "where does this person live",
    "vehicle": "what does this person drive",
    "pet": "which pet does this person have",
    "workplace": "where does this person work",
    "relationship": "who is this person close to",
    "possession": "what does this person own",
    "travel": "where did this person travel",
}

VISIBLE_QUESTIONS: dict[str, str] = {
    "skin": "which skin is seen",
    "hair_colour": "which hair colour is seen",
    "hair_style": "which hair style is seen",
    "glasses": "which glasses are seen",
    "facial_hair": "which beard is seen",
    "shirt": "which shirt is seen",
    "house": "which house is seen",
    "house_colour": "which house colour is seen",
    "vehicle": "which vehicle is seen",
    "vehicle_colour": "which vehicle colour is seen",
    "pet": "which pet is seen",
    "pet_colour": "which pet colour is seen",
    "workplace": "which workplace is seen",
    "company": "which company is seen",
    "possession": "which object is seen",
    "place": "which place is seen",
}
DESCRIBE = "describe this photo"
TELLING = frozenset(VISIBLE_QUESTIONS[name] for name in ("hair_style", "glasses", "facial_hair"))
"""Questions about the signs by which people of the same skin and hair colour are told apart."""

QuestionAnswer = tuple[str, str]


def fact_answer(kind: str, facts: Facts) -> str:
    """The fact of a kind in words."""
    fact = facts[kind]
    if kind == "residence":
        return f"a {fact['house_colour']} {fact['house']}"
    if kind == "vehicle":
        return f"a {fact['vehicle_colour']} {fact['vehicle']}"
    if kind == "pet":
        return f"a {fact['pet_colour']} {fact['pet']}"
    if kind == "relationship" and fact["company"] == "partner":
        return f"a partner with {fact['partner_hair']} hair"
    return next(iter(fact.values()))


def fact_pairs(facts: Facts, kinds: tuple[str, ...] = KINDS) -> list[QuestionAnswer]:
    """Question and answer for each of the kinds."""
    return [(FACT_QUESTIONS[kind], fact_answer(kind, facts)) for kind in kinds]


def visible_pairs(seen: Mapping[str, str]) -> list[QuestionAnswer]:
    """Question and answer for everything to be seen on a photo."""
    return [(q, phrase(name, seen[name])) for name, q in VISIBLE_QUESTIONS.items() if name in seen]


def tokenizer() -> Tokenizer:
    """Every word of captions, questions and answers."""
    words = [word for word in caption_tokenizer().vocabulary if word.isalpha()]
    values = [value for options in ATTRIBUTES.values() for value in options]
    return Tokenizer.of_words(
        [*words, *FACT_QUESTIONS.values(), *VISIBLE_QUESTIONS.values(), DESCRIBE, *values]
    )
