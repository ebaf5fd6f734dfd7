"""The environment of this process and of the connector that it starts: nothing of it may reach beyond the demo."""

from __future__ import annotations

import os

_CONFIGURATION = "CONNECTOR__"
"""Variables that begin so win over the configuration file: somebody's real cluster would be read in place of ours."""


def keep_to_ourselves() -> None:
    """Forget the variables that configure a connector, and ask no proxy for what runs in here."""
    for name in [name for name in os.environ if name.upper().startswith(_CONFIGURATION)]:
        del os.environ[name]
    for name in ("no_proxy", "NO_PROXY"):
        before = os.environ.get(name)
        os.environ[name] = f"{before},127.0.0.1" if before else "127.0.0.1"
