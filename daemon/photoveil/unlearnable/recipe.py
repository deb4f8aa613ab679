"""How the method works, in numbers; without torch, so that settings and command line may read it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Binding(StrEnum):
    """What the decoder's attention is asked for (§5.3 of the paper)."""

    NONE = "none"
    BPH = "bph"
    """Trigger looks at the changed image tokens, the answer at both: the shortcut is read as one thing."""

    CRS = "crs"
    """The answer only has to look elsewhere than it does on the clean sample."""


@dataclass(frozen=True)
class Recipe:
    """One way to make samples unlearnable; the defaults are the paper's.

    Attributes:
        epsilon: largest change of a pixel, 0…1.
        rounds: adapt, change the pictures, change the triggers: so many times (R).
        adapt_steps: low-rank steps of each surrogate on what is protected so far (Q).
        iterations: steps on the pictures per round, each of ``step``.
        trigger_length: tokens behind the text (ε_t).
        shortlist: words per place of a trigger whose true loss is looked at.
        binding, lam_bind: what attention is asked for, and how much of it is added to the loss.
        layers: of the decoder, 0 next to the input; those a surrogate has not are left out.
        tau: share of a photo's tokens that counts as changed (Ω_δ).
        maximise: of the answers' loss, instead of the least (the "Max" variants).
        image, text: which part is changed at all.
        secret: no word of a sample's answer in its trigger. Not the paper's: a caption that says the name it hides
            would be no protection. It costs effect, and the lab says how much.
        batch: photos that are worked on at once; only for memory.
        seed: where triggers and noise begin.
    """

    epsilon: float = 8 / 255
    step: float = 1 / 255
    rounds: int = 3
    adapt_steps: int = 1
    iterations: int = 5
    trigger_length: int = 5
    shortlist: int = 6
    binding: Binding = Binding.BPH
    lam_bind: float = 0.5
    layers: tuple[int, ...] = (0, 1)
    tau: float = 0.3
    maximise: bool = False
    image: bool = True
    text: bool = True
    secret: bool = True
    batch: int = 16
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if not 1 / 255 <= self.epsilon <= 1 or not 0 < self.step <= 1:
            raise ValueError("epsilon and step are shares of full brightness, epsilon at least 1/255")
        if min(self.rounds, self.batch, self.shortlist) < 1 or min(self.adapt_steps, self.iterations) < 0:
            raise ValueError(
                "rounds, batch and shortlist are at least 1; adapt_steps and iterations at least 0"
            )
        if not 0 < self.tau <= 1 or self.lam_bind < 0 or self.trigger_length < 1:
            raise ValueError("tau is a share, lam_bind at least 0, trigger_length at least 1")
        if not self.image and not self.text:
            raise ValueError("nothing would be changed: image and text are both off")
