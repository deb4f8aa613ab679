"""A Ray cluster of two machines, each with one core, in this process; a line ``kill`` kills the second one.

As few of Ray's services as there can be, and none that gives up because the machine is busy with something else.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import sys
import time
from typing import Any

import psutil

_MEMORY = 80 << 20
_PATIENCE = 3600
"""Seconds in which a node, and each of its parts, has to be there: longer than any test takes."""
os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_gcs_server_port_wait_time_s=str(_PATIENCE))
_CONFIG = {
    # A node that is asked whether it lives may be starved of processor time: it has minutes for each of five answers.
    # Where nobody listens any more that is known at once: a killed node is given up after five seconds.
    "health_check_initial_delay_ms": 5000,
    "health_check_period_ms": 1000,
    "health_check_timeout_ms": 300_000,
    "health_check_failure_threshold": 5,
    "worker_register_timeout_seconds": _PATIENCE,
    # Nor is a process ended because others need memory: what is tested is a killed machine, not a small one.
    "memory_monitor_refresh_ms": 0,
    "enable_metrics_collection": False,
    # Ray makes its workers give way to all else (by 15): on a machine that is busy they would stand still.
    "worker_niceness": 0,
}
_AGENTS = [
    *(f"--{agent}_command=sh -c cat" for agent in ("dashboard_agent", "runtime_env_agent")),
    *(
        f"--{port}_port=1"
        for port in ("metrics_agent", "metrics_export", "dashboard_agent_listen", "runtime_env_agent")
    ),
]


def _wait_as_long_as_it_lives() -> None:
    """Ray gives a node half a minute to start, whatever else the machine does: let it have as long as it is alive."""
    from ray._private import services

    ask, nodes = services.get_node, itertools.count(1)

    def get_node(*of: Any) -> Any:
        started = next(nodes)  # Ray asks once for every node that it has started
        while True:
            try:
                return ask(*of)
            except RuntimeError:
                if _raylets() < started:
                    raise
                time.sleep(0.1)

    services.get_node = get_node


def _raylets() -> int:
    """How many of the processes that are a node are alive."""
    alive = 0
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):
            alive += child.name() == "raylet" and child.status() != psutil.STATUS_ZOMBIE
    return alive


def _without_agents() -> None:
    """Nodes without the two helpers that each brings along: nobody reads what they report, nor installs anything.

    A node ends itself if it has not heard of each of their ports within 15 seconds, which cannot be changed, and they
    take seconds of computing to start. It is told that they have one, and given what only waits for its end instead.
    """
    from ray._private import ray_constants, services

    start = services.start_ray_process

    def start_ray_process(command: list[str], kind: str, *of: Any, **named: Any) -> Any:
        if kind == ray_constants.PROCESS_TYPE_RAYLET:
            command = [*command, *_AGENTS]  # of two options of one name, the last counts
        return start(command, kind, *of, **named)

    services.start_ray_process = start_ray_process


def _without_a_dashboard() -> None:
    """Ray starts it even if told not to, though with nothing in it."""
    from ray._private.node import Node

    Node.start_api_server = lambda _node, **_options: None


def main() -> None:
    """Tell the cluster's address and where its logs are, then do as told until the input ends."""
    from ray.cluster_utils import Cluster

    _wait_as_long_as_it_lives()
    _without_agents()
    _without_a_dashboard()
    cluster = Cluster()
    lean = {"num_cpus": 1, "object_store_memory": _MEMORY, "include_log_monitor": False, "wait": False}
    head = cluster.add_node(include_dashboard=False, no_monitor=True, _system_config=_CONFIG, **lean)
    other = cluster.add_node(**lean)
    cluster.wait_for_nodes(_PATIENCE)
    told = {"address": cluster.address, "logs": head.get_logs_dir_path()}
    print(json.dumps(told), flush=True)  # noqa: T201 - the test reads it
    for line in sys.stdin:
        if line.strip() == "kill":
            cluster.remove_node(other, allow_graceful=False)
            print(json.dumps({"killed": True}), flush=True)  # noqa: T201
    for node in cluster.list_all_nodes()[::-1]:
        cluster.remove_node(node, allow_graceful=False)


if __name__ == "__main__":
    main()
