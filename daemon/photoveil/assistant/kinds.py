"""Kinds of private regions."""

KINDS = ("face", "code", "chosen")
"""Found faces, QR and bar codes, and boxes that the user drew."""
