"""Does a seal hold what it promises? `python -m lab.seal` writes docs/results/seal.json, .md and .png.

The photos measured here are not those that the seal was tuned on, in all its versions: those were drawn scenes of the
seeds from 900 and scikit-image's coffee, cat, motorcycle and cell.
"""
