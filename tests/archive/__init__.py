"""Whole libraries: what is found, where copies go, and runs that are cut short."""
