"""Tests of the photos room: real files in, delivered files out."""
