"""A stand-in for the uContact Automation API: both endpoints, strict checks, faults on demand and a ledger as oracle.

It knows nothing of the connector. Start it with ``sandbox.server.run``, ``sandbox.server.SandboxServer`` or
``python -m sandbox``; ``docs/sandbox.md`` says how it is used.
"""
