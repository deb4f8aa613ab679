"""Photoveil protects a person's photos before they leave the machine."""

__version__ = "0.1.0"
