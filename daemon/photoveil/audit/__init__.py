"""What does a model already say about somebody? Questions about photos, and what comes back that it should not know.

After The Phantom Menace (arXiv 2408.01228), of which abstract and structure are known: five phrasings P0 to P4, photos
as they are, before another background and with blurred faces. The wording of the prompts is ours, and so are the seven
kinds of facts beside the name, the protected copy and the blank card.

`facts` and `prompts` say what is asked, `pictures` what is shown, `running` asks and notes, `matching` judges,
`figures` counts, `page` tells. `exposure` needs no model to ask: it shows what zero-shot encoders read off one photo.
Importing this package loads neither torch nor Pillow nor a network library.
"""
