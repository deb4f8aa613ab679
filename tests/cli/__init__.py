"""The command line, and what it rests on: paths, settings, keys."""
