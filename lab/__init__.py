"""How we know it works: synthetic private photos, starter encoders, attackers and the tables they lead to."""

import os

# Threads that wait for each other soon sleep, as in the daemon's worker (photoveil.worker.pipe says why).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
