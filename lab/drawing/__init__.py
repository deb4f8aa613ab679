"""Vector illustrations of people and of the things that give them away, drawn at any size."""
