"""The lead connector: lead events from Kafka into uContact, committed only after a successful POST."""

from importlib.metadata import version

__version__ = version("lead-connector")
