"""What people do about leads that were not delivered: look, send again, decide, and check that it adds up.

Reads topics to their end and goes away again; what it writes are decisions and replayed leads (docs/repair.md).
"""
