"""Photos for AI assistants: private regions hidden just as much as the question allows.

After Visual Privacy Protection meets MLLMs (arXiv 2603.13978), of which only the abstract is known: a black-box model
sees photo and question and gives an answer; a Pareto search trades privacy against usefulness, and a critical history
of past evaluations steers its next queries. Objectives, search and history are ours; the lab
(`python -m lab.assistant`) is their proof.

``regions.find`` → ``evaluation.Evaluation`` of a photo → ``search.front`` → ``Front.pick`` → ``obfuscation.obfuscate``.
``sitting`` does all of it for one photo. Only ``sight`` imports torch.
"""
