"""`python -m e2e up|down|status`: the cluster of the cases, to be kept between runs."""

from __future__ import annotations

import argparse
import sys

from e2e.clusters import choose


def main() -> int:
    """The exit code: 0, or 1 when it cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m e2e", description="The cluster that `make e2e` runs on.")
    parser.add_argument("command", choices=("up", "down", "status"))
    command = parser.parse_args().command
    cluster = choose()
    try:
        if command == "up":
            cluster.up()
        elif command == "down":
            cluster.down()
    except RuntimeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    state = "running" if cluster.running else "not running"
    sys.stdout.write(f"{cluster.description}: {state}, kubeconfig {cluster.kube.kubeconfig}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
