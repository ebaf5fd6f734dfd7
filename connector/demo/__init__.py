"""The demo: broker, registry, sandbox, a stream of leads and the connector in one go.

The connector is the one that runs in production, started as a program with a configuration file; nothing in here
imports its rooms (an import contract says so), save for the vocabulary of outcomes.
"""

from connector.demo.options import Broker, Options
from connector.demo.run import run

__all__ = ["Broker", "Options", "run"]
