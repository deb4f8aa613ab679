"""Setting up: from an installed package to a Python environment with the torch build that this machine needs.

Runs before anything else is there, straight out of Photoveil's own wheel (``PYTHONPATH=photoveil-….whl python3 -m
photoveil.install``), so that nothing in here imports more than Python's own library and ``photoveil.errors``.
"""
