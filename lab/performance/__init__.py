"""How fast is it, and against what? One probe for each question; ratios are measured in one run, by turns."""
