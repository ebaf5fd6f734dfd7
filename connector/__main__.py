"""``python -m connector`` is ``lead-connector``."""

from connector.cli import main

main()
