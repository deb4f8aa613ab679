"""How we know it works: synthetic private photos, starter encoders, attackers and the tables they lead to."""
