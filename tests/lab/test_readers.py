"""What makes readers good enough to count: views, telling questions, the mean token, and a share of other photos."""

import copy

import numpy as np
import pytest
import torch
from PIL import Image

from lab.affiliation.album import Looks, make_album
from lab.affiliation.attackers import general_ability, with_lora
from lab.affiliation.language import Reader, Shape, written
from lab.affiliation.questions import TELLING, VISIBLE_QUESTIONS, fact_pairs, tokenizer, visible_pairs
from lab.affiliation.reader import VIEWS, Schedule, align, fine_tune, right_answers, some, views_of
from lab.affiliation.towers import Seen
from lab.people import ATTRIBUTES, sample_persona
from lab.scenes import PhotoSpec, sample_photo
from lab.starters.data import PhotoSet

WORDS = tokenizer()
CHANNELS, TOKENS = 48, 4


def _noise(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)


@pytest.mark.parametrize("size", [(120, 90), (90, 120), (100, 100)])
def test_views_are_the_picture_and_large_crops_of_what_a_tower_is_shown(size: tuple[int, int]) -> None:
    picture = _noise(*size)
    views = views_of(picture, 3)
    assert len(views) == VIEWS
    assert views[0] is picture
    whole = np.asarray(picture).copy()
    for view in views[1:]:
        assert abs(view.width - view.height) <= 1
        assert 0.79 * min(size) <= view.width <= min(size)
        assert any(_inside(whole, np.asarray(side)) for side in (view, view.transpose(Image.Transpose(0))))


def _inside(whole: np.ndarray, part: np.ndarray) -> bool:
    rows, columns = (whole.shape[i] - part.shape[i] + 1 for i in (0, 1))
    return any(
        np.array_equal(whole[y : y + part.shape[0], x : x + part.shape[1]], part)
        for y in range(rows)
        for x in range(columns)
        if np.array_equal(whole[y, x], part[0, 0])
    )


def test_views_are_the_same_every_time_and_others_for_other_photos() -> None:
    picture = _noise(100, 100)
    one, two, other = ([view.tobytes() for view in views_of(picture, seed)] for seed in (1, 1, 2))
    assert one == two
    assert not set(one[1:]) & set(other[1:])


def test_telling_signs_are_asked_about_twice_as_often() -> None:
    rng = np.random.default_rng(0)
    pairs = [(question, "yes") for question in VISIBLE_QUESTIONS.values()]
    asked = [some(pairs, 5, rng) for _ in range(600)]
    assert all(len(set(drawn)) == 5 for drawn in asked)
    counts = {question: sum((question, "yes") in drawn for drawn in asked) for question, _ in pairs}
    telling, plain = (
        np.mean([n for q, n in counts.items() if (q in TELLING) is wanted]) for wanted in (True, False)
    )
    assert 1.5 < telling / plain < 2.2
    assert some(pairs[:3], 5, rng) == pairs[:3]


def test_the_mean_of_the_tokens_is_read_before_them() -> None:
    torch.manual_seed(0)
    reader = Reader(CHANNELS, TOKENS, len(WORDS.vocabulary), Shape(32, 1, 2)).eval()
    tokens = torch.randn(2, TOKENS, CHANNELS)
    given: list[torch.Tensor] = []
    reader.projector.register_forward_pre_hook(lambda _module, inputs: given.append(inputs[0]))
    texts, _ = written([fact_pairs(sample_persona(1).facts)] * 2, WORDS)
    assert reader(tokens, texts).shape == (*texts.shape, len(WORDS.vocabulary))
    assert reader.grid == TOKENS + 1
    torch.testing.assert_close(given[0], torch.cat([tokens.mean(1, keepdim=True), tokens], dim=1))


class _PlainTower:
    """A tower that sees every attribute: each value has a direction in each token; the background is noise."""

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(2)
        self._generator = generator
        self._place = {
            (name, value): torch.randn(TOKENS, CHANNELS, generator=generator)
            for name, values in ATTRIBUTES.items()
            for value in values
        }

    def look(self, specs: list[PhotoSpec]) -> Seen:
        clear = torch.stack(
            [sum((self._place[item] for item in s.attributes.items()), torch.zeros(1)) for s in specs]
        )
        tokens = clear + 0.5 * torch.randn(clear.shape, generator=self._generator)
        return Seen(tokens.half(), torch.nn.functional.normalize(tokens.mean(1), dim=-1))


def _set(specs: list[PhotoSpec]) -> PhotoSet:
    seen = [spec.attributes for spec in specs]
    return PhotoSet(np.empty(0, np.uint8), [s.caption for s in specs], seen, seen, np.empty(0))


@pytest.mark.timeout(300)
def test_an_aligned_reader_knows_lookalikes_from_their_photos_and_forgets_nothing() -> None:
    tower = _PlainTower()
    others, held = (
        [sample_photo(sample_persona(i), i) for i in range(a, b)] for a, b in ((0, 600), (600, 660))
    )
    album = make_album(Looks.LOOKALIKE, 4, 6, 4, 0)
    seen = tower.look(others)
    torch.manual_seed(0)
    reader = Reader(CHANNELS, TOKENS, len(WORDS.vocabulary), Shape(64, 2, 4))
    align(reader, seen, _set(others), WORDS, Schedule(350, 32, 4e-3), 0)
    said = [visible_pairs(spec.attributes) for spec in others]
    held_seen, held_said = tower.look(held), [visible_pairs(spec.attributes) for spec in held]
    before = general_ability(reader, held_seen, held_said, WORDS)
    assert before > 0.75
    posted = [spec for member in album.members for spec in member.posted]
    facts = [fact_pairs(spec.persona.facts) for spec in posted]
    tuned = copy.deepcopy(reader)
    fine_tune(tuned, tower.look(posted), facts, seen, said, WORDS, Schedule(120, 24, 2e-3), 0)
    asked = [spec for member in album.members for spec in member.asked]
    answers = right_answers(tuned, tower.look(asked), [fact_pairs(s.persona.facts) for s in asked], WORDS)
    assert np.mean(answers) > 0.9
    assert general_ability(tuned, held_seen, held_said, WORDS) > before - 0.05
    lora = with_lora(copy.deepcopy(reader), 8)
    assert sum(p.numel() for p in lora) < 0.5 * sum(p.numel() for p in reader.parameters())
