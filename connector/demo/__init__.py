"""The demo: broker, registry, sandbox, a stream of leads and the connector in one go (``demo.run`` is the door).

The connector is the one that runs in production, started as a program with a configuration file; nothing in here
imports its rooms (an import contract says so), save for the vocabulary of outcomes.
"""
