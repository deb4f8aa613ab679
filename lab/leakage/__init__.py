"""Does the leakage audit find what was planted, and nothing else? Does a blurred face help? `python -m lab.leakage`."""
