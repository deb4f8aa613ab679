"""What the documents say is so: commands parse, links lead somewhere, privacy is kept."""
