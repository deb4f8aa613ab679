"""Method `unlearnable`: photos that a vision-language model learns the wrong lesson from.

MMGuard (arXiv 2605.14291): noise in the photo and a few words behind the question that make the training loss small
without the photo's content, bound together through the decoder's attention.

``protecting.protect`` runs the algorithm on samples, as ``recipe.Recipe`` says, against anything that is a
``surrogate.Surrogate``; ``noise``, ``trigger`` and ``binding`` are its parts, ``joint`` the loss they share.
"""
