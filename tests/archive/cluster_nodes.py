"""A Ray cluster of two machines, each with one core, in this process; a line ``kill`` kills the second one."""

from __future__ import annotations

import json
import os
import sys

_MEMORY = 80 << 20
_PATIENCE = 200
"""Seconds in which a node, and each of its parts, has to be there, where Ray lets itself be told."""
os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_gcs_server_port_wait_time_s=str(_PATIENCE))
_HEALTH = {
    # A node that is asked whether it lives may be starved of processor time: it has half a minute for each of five
    # answers. Where nobody listens any more that is known at once: a killed node is given up after five seconds.
    "health_check_initial_delay_ms": 5000,
    "health_check_period_ms": 1000,
    "health_check_timeout_ms": 30_000,
    "health_check_failure_threshold": 5,
    "agent_register_timeout_ms": 1000 * _PATIENCE,
    "worker_register_timeout_seconds": _PATIENCE,
}


def main() -> None:
    """Tell the cluster's address, then do as told until the input ends."""
    from ray.cluster_utils import Cluster

    cluster = Cluster()
    lean = {"num_cpus": 1, "object_store_memory": _MEMORY, "include_log_monitor": False, "wait": False}
    cluster.add_node(include_dashboard=False, no_monitor=True, _system_config=_HEALTH, **lean)
    other = cluster.add_node(**lean)
    cluster.wait_for_nodes(_PATIENCE)
    print(json.dumps({"address": cluster.address}), flush=True)  # noqa: T201 - the test reads it
    for line in sys.stdin:
        if line.strip() == "kill":
            cluster.remove_node(other, allow_graceful=False)
            print(json.dumps({"killed": True}), flush=True)  # noqa: T201
    for node in cluster.list_all_nodes()[::-1]:
        cluster.remove_node(node, allow_graceful=False)


if __name__ == "__main__":
    main()
