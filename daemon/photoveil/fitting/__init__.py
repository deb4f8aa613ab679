"""Which model set fits this machine, and getting it here: measuring, choosing, fetching in the background. No torch."""
