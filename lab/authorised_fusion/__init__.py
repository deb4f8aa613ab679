"""AMIF's own setting (arXiv 2603.24296): a fusion network that marks its output unless it is given the key.

`python -m lab.authorised_fusion` trains it on synthetic CT/MRI-like slices, measures it and attacks it.
"""
