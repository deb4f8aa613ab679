"""One check, one file: ``look(patient)`` answers what is wrong."""
