"""How a Java program is called."""

import os
from collections.abc import Sequence
from pathlib import Path

from testbed.jars import java

_LOGGING = Path(__file__).parent / "log4j2.xml"

# For programs that start often and do not work hard: the quick compiler only, and a collector without threads.
SMALL = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Djava.awt.headless=true")


def jvm(classpath: Sequence[Path], *, heap: str, level: str = "info") -> list[str]:
    """The command up to the main class, for a program of Kafka's. `level` is that of its log on stderr."""
    return [
        str(java()),
        f"-Xmx{heap}",
        *SMALL,
        f"-Dlog4j2.configurationFile={_LOGGING.as_uri()}",
        f"-Dtestbed.log.level={level}",
        "-cp",
        os.pathsep.join(map(str, classpath)),
    ]
