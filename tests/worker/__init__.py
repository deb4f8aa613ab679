"""The worker: frames, the parent's side, the real child."""
