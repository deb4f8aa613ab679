"""The identity-affiliation attack with real vision-language models, on a folder of real photos: see `docs/real-vlm.md`.

`folder` reads the photos, `conditions` gives each attacker its version of them, `families` knows the models,
`attack` fine-tunes and asks, `scores` counts, `report` writes; `tiny` makes models and photos to try all of it on.
"""
