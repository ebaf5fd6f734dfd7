"""``lead-connector run``."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from pathlib import Path

import uvloop

from connector.cli.problems import load_and_plan, show
from connector.config import ConfigurationError, Problem
from connector.service import Service
from connector.telemetry import logs
from connector.telemetry.alarms import Alarm


def run(config: Path) -> int:
    """Run the service in this process. Returns the exit code."""
    warnings: list[Problem] = []
    loaded, plan = load_and_plan(config, warn=warnings.append)
    telemetry = loaded.settings.telemetry
    logs.configure(telemetry.log_format.value, telemetry.log_level.value)
    for warning in warnings:
        Alarm.CONFIGURATION.sound(error=str(warning))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            service = Service(loaded, plan)
        except ConfigurationError as error:
            show(error.problems)
            return 2
        # What is here now stays: the collector need not look at it again, nor after every few hundred leads.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        code = runner.run(service.run())
    # A Kafka thread that does not end (a broker that answers nothing) must not keep the process.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
