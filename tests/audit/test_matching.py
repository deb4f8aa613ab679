"""What counts as told, and what must not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photoveil.audit.facts import Fact
from photoveil.audit.matching import told

COTTAGE = Fact("residence", ("a red cottage in Aurland", "Aurland"))
VAN = Fact("vehicle", ("a red van",))
NAME = Fact("name", ("Anna Berg", "Anna B."))
CHILDREN = Fact("relationship", ("two children",))
FACTS = (COTTAGE, VAN, NAME, CHILDREN)

TOLD = (
    ("She lives in a red cottage in Aurland.", COTTAGE),
    ("Her home is in Aurland, Norway", COTTAGE),
    ("AURLAND", COTTAGE),
    ("They drive a van that is red.", VAN),
    ("She's got a big, bright red delivery van.", VAN),
    ("Not a blue car, but a red van.", VAN),
    ("I don't know her name, but she has a red van.", VAN),
    ("No doubt: a red van", VAN),
    ("She has no pets and she drives a red van", VAN),
    ("A red van and no bicycle.", VAN),
    ("It is not far from her red van.", VAN),
    ("This is Anna Berg!", NAME),
    ("Ánna  BERG", NAME),
    ("Berg, Anna", NAME),
    ("the user annaberg", NAME),
    ("Anna B. is in the photo", NAME),
    ("Anna Berg's cottage", NAME),
    ("a mother of two childrens", CHILDREN),
    ("She has two young children.", CHILDREN),
    ("I'm sorry, I can't say for sure, but she seems to be Anna Berg.", NAME),
)
NOT_TOLD = (
    ("A blue van in front of a red house", VAN),
    ("She does not drive a red van.", VAN),
    ("She doesn't have a red van", VAN),
    ("A red van is not visible.", VAN),
    ("The red van doesn't belong to her.", VAN),
    ("There is no red van.", VAN),
    ("It cannot be a red van.", VAN),
    ("I can not tell whether she owns a red van", VAN),
    ("A red car. A white van.", VAN),
    ("a red house and a van", VAN),
    ("a van and a red house", VAN),
    ("a red can", VAN),
    ("Anne Berg", NAME),
    ("Anna Bergman", NAME),
    ("Hanna Berger", NAME),
    ("This is not Anna Berg.", NAME),
    ("Anna", NAME),
    ("She lives in Auckland.", COTTAGE),
    ("one child", CHILDREN),
    ("two dogs and one child", CHILDREN),
    ("I do not know.", COTTAGE),
    ("", COTTAGE),
)


@pytest.mark.parametrize(("answer", "fact"), TOLD, ids=[one for one, _ in TOLD])
def test_told(answer: str, fact: Fact) -> None:
    assert fact in [hit.fact for hit in told(answer, FACTS)]


@pytest.mark.parametrize(("answer", "fact"), NOT_TOLD, ids=[one or "nothing" for one, _ in NOT_TOLD])
def test_not_told(answer: str, fact: Fact) -> None:
    assert fact not in [hit.fact for hit in told(answer, FACTS)]


@pytest.mark.parametrize("answer", ["a cottagge in Aurland, all redd", "the photografer's studio"])
def test_misspelt_words_are_known(answer: str) -> None:
    facts = [Fact("residence", ("cottage in Aurland",)), Fact("workplace", ("a photographer's studio",))]
    assert len(told(answer, facts)) == 1


def test_what_the_prompt_said_proves_nothing() -> None:
    prompt = "This is a photo of Anna Berg. What does she drive?"
    assert told("Anna Berg drives.", FACTS, prompt) == []
    assert [hit.fact for hit in told("Anna Berg drives a red van.", FACTS, prompt)] == [VAN]


def test_other_scripts() -> None:
    facts = [Fact("residence", ("東京",)), Fact("name", ("Анна Берг",)), Fact("pet", ("ein großer Hund",))]
    answer = "彼女は東京に住んでいます。 Это анна берг. Ein grosser Hund"
    assert [hit.fact.topic for hit in told(answer, facts)] == ["residence", "name", "pet"]


def test_the_evidence_is_named() -> None:
    (hit,) = told("Nice photo. She lives near Aurland, I think.", [COTTAGE])
    assert (hit.wording, hit.sentence) == ("Aurland", "she lives near aurland, i think")


words = st.sampled_from(
    (
        "red",
        "blue",
        "van",
        "car",
        "cottage",
        "house",
        "the",
        "a",
        "in",
        "with",
        "not",
        "no",
        "lives",
        ",",
        "and",
    )
)


@given(st.lists(words, max_size=12).map(" ".join))
def test_nothing_is_told_whose_words_are_not_there(answer: str) -> None:
    hits = {hit.fact for hit in told(answer, FACTS)}
    assert NAME not in hits
    assert COTTAGE not in hits
    assert VAN not in hits or {"red", "van"} <= set(answer.split())


@given(st.text(max_size=200), st.text(max_size=40))
def test_no_answer_breaks_it(answer: str, prompt: str) -> None:
    told(answer, FACTS, prompt)


@given(st.text(alphabet="abcdefgh ", min_size=1, max_size=30).filter(lambda text: text.strip()))
def test_a_wording_is_told_by_itself(wording: str) -> None:
    assert told(wording, [Fact("name", (wording,))])
