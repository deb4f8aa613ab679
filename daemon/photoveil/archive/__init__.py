"""Whole photo libraries: ``photoveil archive``, on this machine's processes or on a Ray cluster.

``survey`` finds out what there is, the ``manifest`` in the output folder remembers what is done, ``local`` or
``cluster`` compute, ``placing`` puts each copy where it belongs, and ``running`` leads them. Independent of the daemon;
torch is imported by the working processes only.
"""
