"""How we know it works: synthetic private photos, starter encoders, attackers and the tables they lead to."""

import os

# Threads that wait for each other sleep, as in the daemon's worker (photoveil.worker.pipe), also when cores are shared.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
