"""A Ray cluster of two machines, each with one core, in this process; a line ``kill`` kills the second one."""

from __future__ import annotations

import json
import os
import sys

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
_MEMORY = 80 << 20
_SOON = {
    "health_check_initial_delay_ms": 1000,
    "health_check_period_ms": 500,
    "health_check_failure_threshold": 3,
}


def main() -> None:
    """Tell the cluster's address, then do as told until the input ends."""
    from ray.cluster_utils import Cluster

    cluster = Cluster()
    cluster.add_node(num_cpus=1, object_store_memory=_MEMORY, include_dashboard=False, _system_config=_SOON)
    other = cluster.add_node(num_cpus=1, object_store_memory=_MEMORY)
    print(json.dumps({"address": cluster.address}), flush=True)  # noqa: T201 - the test reads it
    for line in sys.stdin:
        if line.strip() == "kill":
            cluster.remove_node(other, allow_graceful=False)
            print(json.dumps({"killed": True}), flush=True)  # noqa: T201
    cluster.shutdown()


if __name__ == "__main__":
    main()
