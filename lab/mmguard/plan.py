"""Which rows a run measures, the most telling first: a run that is cut short has them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from lab.affiliation.plan import BLACK as BLACK_TOWER
from lab.affiliation.plan import GREY as GREY_TOWER
from lab.affiliation.plan import WHITE as WHITE_TOWER
from lab.mmguard.attack import Tuning
from photoveil.unlearnable.recipe import Binding, Recipe

WHITE, SISTER, GREY, BLACK = f"{WHITE_TOWER}/0", f"{WHITE_TOWER}/1", f"{GREY_TOWER}/0", f"{BLACK_TOWER}/0"
BOXES = {
    WHITE: "white box",
    SISTER: "grey box: same tower, another language model",
    GREY: "grey box: same family of tower, other weights and language model",
    BLACK: "black box: another family",
}
"""Attackers' models (tower, number of the reader) by what the owner knows of them; he optimises against the first."""

CLEAN, NOISE = "clean", "random noise"
RANDOM_WORDS, STRANGE_WORDS = "random words", "random words, none of them an answer"
SAME_WORDS = "the same random words"
BY_LOT = (RANDOM_WORDS, STRANGE_WORDS, SAME_WORDS)
"""Words that nothing was optimised for: other ones behind each question, or the same behind all."""

FULL = Recipe()
"""The method as users have it; the axes are walked from here."""

METHODS: dict[str, Recipe] = {
    "image only": replace(FULL, text=False, binding=Binding.NONE),
    "text only": replace(FULL, image=False, binding=Binding.NONE),
    "both, no binding": replace(FULL, binding=Binding.NONE),
    "full, BPH": FULL,
    "full, CRS": replace(FULL, binding=Binding.CRS),
    "Max, no binding": replace(FULL, binding=Binding.NONE, maximise=True),
    "Max, BPH": replace(FULL, maximise=True),
    "Max, CRS": replace(FULL, binding=Binding.CRS, maximise=True),
}
MAIN = "full, BPH"


@dataclass(frozen=True)
class Condition:
    """One row: what the owner did, what happened on the way, and who learns from it.

    Attributes:
        method: what was done to the photos.
        recipe: how; none for clean photos, and of random noise only the budget counts.
        surrogates: models that the owner optimises against.
        victim: the attacker's model.
        tuning: what of it learns.
        channel: what happened to the files (`lab.affiliation.channels`).
        words: what happened to the text (`study.WORDS`).
        share: of the photos that are protected; the rest is clean.
        patience: of the attacker, as a share of the steps that clean photos need.
        seed: of people, noise and tuning; also which reader of its tower each model is (`at`).
    """

    method: str
    recipe: Recipe | None = None
    surrogates: tuple[str, ...] = (WHITE,)
    victim: str = WHITE
    tuning: Tuning = Tuning.ALL
    channel: str = "none"
    words: str = "as posted"
    share: float = 1.0
    patience: float = 1.0
    seed: int = 0

    @property
    def key(self) -> str:
        """Names the row."""
        return repr(self)

    @property
    def gate(self) -> Condition:
        """The same attacker with clean photos that went the same way: what the drop is measured from."""
        clean = Condition(CLEAN, victim=self.victim, tuning=self.tuning, channel=self.channel)
        return replace(clean, patience=self.patience, seed=self.seed)

    def at(self, seed: int) -> Condition:
        """The same with other people, noise and tuning, and with another reader of every tower.

        Readers differ more than methods do: one reader alone, asked three times, tells little.
        """
        seeded = replace(self, victim=_other_reader(self.victim, seed), seed=seed)
        if self.recipe is None:  # clean photos, and so no surrogates: a gate is one row at every seed
            return seeded
        return replace(seeded, surrogates=tuple(_other_reader(name, seed) for name in self.surrogates))


def _other_reader(name: str, further: int) -> str:
    """``tower/number`` so many readers on; those that differed still do."""
    tower, number = name.split("/")
    return f"{tower}/{int(number) + further}"


@dataclass(frozen=True)
class Table:
    """Rows that belong together, with so many of the preset's seeds."""

    title: str
    rows: tuple[tuple[str, Condition], ...]
    seeds: int = 1


@dataclass(frozen=True)
class Preset:
    """A run.

    Attributes:
        photos, tests: learnt from, and asked about; every photo shows somebody else.
        seeds: of people, noise, tuning and readers (`Condition.at`).
        general, align: how many photos, and for how many steps, readers are aligned on.
        tables: what is measured.
        leak: whether the affiliation leak is measured beside.
        patience: of attackers, as a share of the steps they need.
    """

    photos: int
    tests: int
    seeds: tuple[int, ...]
    general: int
    align: int
    tables: tuple[Table, ...] = field(repr=False)
    leak: bool = True
    patience: float = 1.0

    def conditions(self) -> Iterator[Condition]:
        """Every row once, each behind its gate."""
        found: dict[str, Condition] = {}
        for table in self.tables:
            for seed in self.seeds[: table.seeds]:
                for _, row in table.rows:
                    seeded = row.at(seed)
                    for condition in (seeded.gate, seeded):
                        found.setdefault(condition.key, condition)
        return iter(found.values())


def _table(title: str, rows: dict[str, Condition], seeds: int = 2) -> Table:
    return Table(title, tuple(rows.items()), seeds)


def _varied(title: str, recipes: dict[str, Recipe]) -> Table:
    return _table(title, {name: Condition(MAIN, recipe) for name, recipe in recipes.items()})


_ABLATION = _table(
    "What each part does",
    {
        "clean photos": Condition(CLEAN),
        "random noise": Condition(NOISE, FULL),
        "random words": Condition(RANDOM_WORDS, FULL),
        **{name: Condition(name, recipe) for name, recipe in METHODS.items() if "Max" not in name},
    },
    seeds=3,
)
_ONE_WORD = replace(FULL, trigger_length=1)
_BY_THEMSELVES = _table(
    "What words do by themselves",
    {
        "one word by lot, another for each photo": Condition(RANDOM_WORDS, _ONE_WORD),
        "five words by lot, others for each photo": Condition(RANDOM_WORDS, FULL),
        "five words by lot, none of them an answer": Condition(STRANGE_WORDS, FULL),
        "five words by lot, the same for all photos": Condition(SAME_WORDS, FULL),
        "five words by lot, drawn anew at every step": Condition(CLEAN, words="redrawn"),
        "five words by lot, for half of the photos": Condition(RANDOM_WORDS, FULL, share=0.5),
        "text only, for half of the photos": Condition("text only", METHODS["text only"], share=0.5),
        "five words by lot, a quarter of the steps": Condition(RANDOM_WORDS, FULL, patience=0.25),
        "text only, a quarter of the steps": Condition("text only", METHODS["text only"], patience=0.25),
    },
    seeds=3,
)
_DROPPED = _table(
    "Against somebody who leaves the words away at every second step",
    {
        "random words": Condition(RANDOM_WORDS, FULL, words="dropped"),
        **{
            name: Condition(name, recipe, words="dropped")
            for name, recipe in METHODS.items()
            if "Max" not in name and recipe.text
        },
    },
    seeds=3,
)
_MAX = _table(
    "The Max variants",
    {name: Condition(name, recipe) for name, recipe in METHODS.items() if "Max" in name},
    seeds=3,
)
_POSTED = _table(
    "What is left after platforms and people",
    {
        "full, words not pasted": Condition(MAIN, FULL, words="none"),
        "full, after 1080 px and JPEG 75": Condition(MAIN, FULL, channel="upload"),
        "image only, after 1080 px and JPEG 75": Condition(
            "image only", METHODS["image only"], channel="upload"
        ),
        "full, both of these": Condition(MAIN, FULL, channel="upload", words="none"),
        "full, JPEG 50": Condition(MAIN, FULL, channel="jpeg50"),
        "full, blurred": Condition(MAIN, FULL, channel="blur"),
        "full, words in another order": Condition(MAIN, FULL, words="shuffled"),
        "full, every second word lost": Condition(MAIN, FULL, words="half"),
        "full, other case, signs and spaces": Condition(MAIN, FULL, words="restyled"),
    },
)
_BOXES = _table(
    "Who attacks",
    {
        f"{BOXES[victim]}; {name}": Condition(name, METHODS[name], victim=victim)
        for victim in (SISTER, GREY, BLACK)
        for name in ("image only", MAIN)
    },
)
_ENSEMBLE = _table(
    "Two surrogates (white and grey box) instead of one",
    {
        BOXES[victim]: Condition(MAIN, FULL, surrogates=(WHITE, GREY), victim=victim)
        for victim in (WHITE, BLACK)
    },
)
_TUNINGS = _table(
    "What of the attacker's model learns",
    {
        f"{tuning.value}; {name}": Condition(name, METHODS[name], tuning=tuning)
        for tuning in (Tuning.LORA, Tuning.QLORA, Tuning.PROJECTOR, Tuning.TOWER)
        for name in ("image only", MAIN)
    },
)
_SHARES = _table(
    "How many of the photos are protected",
    {f"{share:.0%}": Condition(MAIN, FULL, share=share) for share in (0.05, 0.1, 0.2, 0.4, 0.6, 0.8)},
)
_BUDGETS = _varied("Budget", {f"ε {e}/255": replace(FULL, epsilon=e / 255) for e in (1, 2, 4, 16)})
_PARTS = _varied(
    "The algorithm's own numbers",
    {
        "Q 0 (no adaptation)": replace(FULL, adapt_steps=0),
        "Q 5": replace(FULL, adapt_steps=5),
        "R 1": replace(FULL, rounds=1),
        "R 5": replace(FULL, rounds=5),
        "λ_bind 0.1": replace(FULL, lam_bind=0.1),
        "λ_bind 2": replace(FULL, lam_bind=2.0),
        "K: first layer only": replace(FULL, layers=(0,)),
        "trigger of one word": replace(FULL, trigger_length=1),
        "trigger may say the answer (the paper's)": replace(FULL, secret=False),
    },
)
_MORE = _varied(
    "More of the algorithm's own numbers",
    {
        "Q 3": replace(FULL, adapt_steps=3),
        "R 7": replace(FULL, rounds=7),
        "8 iterations": replace(FULL, iterations=8),
        "λ_bind 1": replace(FULL, lam_bind=1.0),
        "K: second layer only": replace(FULL, layers=(1,)),
        "τ 0.1": replace(FULL, tau=0.1),
        "trigger of three words": replace(FULL, trigger_length=3),
    },
)
_TINY = replace(FULL, rounds=1, iterations=2, trigger_length=2, shortlist=2)

# "small" was laid down on clean photos alone, before any protected one of its size was measured. Accuracy on clean
# photos, mean of three readers and seeds, after 160 and 320 steps: of 32 posted photos 55 and 52 %, of 64 66 and 66 %,
# of 128 72 and 72 %. So 160 steps are enough; 32 photos leave little to lose; 128 are little better and take twice as
# long. What counts is "full, BPH" at ε 8/255, in the mean of all seeds: a drop of at least 20 points.
PRESETS: dict[str, Preset] = {
    "ci": Preset(
        8,
        8,
        (0,),
        general=32,
        align=4,
        tables=(
            _table(
                "What each part does",
                {
                    "clean photos": Condition(CLEAN),
                    "random noise": Condition(NOISE, _TINY),
                    "full, BPH": Condition(MAIN, _TINY),
                    "full, CRS, half of it": Condition(
                        "full, CRS", replace(_TINY, binding=Binding.CRS), share=0.5, channel="upload"
                    ),
                },
            ),
        ),
        leak=False,
        patience=0.05,
    ),
    "small": Preset(
        64,
        128,
        (0, 1, 2),
        general=3000,
        align=900,
        tables=(
            *(_ABLATION, _MAX, _BY_THEMSELVES, _DROPPED, _BOXES, _TUNINGS),
            *(_POSTED, _SHARES, _BUDGETS, _PARTS, _ENSEMBLE),
        ),
    ),
    "full": Preset(
        160,
        400,
        (0, 1, 2, 3, 4),
        general=3000,
        align=900,
        tables=tuple(
            replace(table, seeds=5)
            for table in (
                *(_ABLATION, _MAX, _BY_THEMSELVES, _DROPPED, _BOXES, _TUNINGS),
                *(_POSTED, _SHARES, _BUDGETS, _PARTS, _ENSEMBLE, _MORE),
            )
        ),
    ),
}
