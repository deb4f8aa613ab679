"""Measuring the machine, choosing a model set for it, and fetching sets in the background."""
