"""The starter model set: three small encoders trained from nothing on invented photos."""
