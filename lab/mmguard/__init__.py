"""How well method `unlearnable` (MMGuard, arXiv 2605.14291) works on the lab's small vision-language model."""
