"""Does the leakage audit find what was planted, and no more? Is blurring a face enough? `python -m lab.leakage`."""
