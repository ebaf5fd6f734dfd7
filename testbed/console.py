"""Kafka's own console producer, for records that no code of ours has touched."""

import subprocess
from collections.abc import Iterable, Mapping

from testbed.jars import kafka_classpath
from testbed.java import jvm

_LIMIT = 300.0  # seconds


class ConsoleProducerError(RuntimeError):
    """The console producer could not write every line; the message is what it said."""


def produce(
    bootstrap_servers: str, topic: str, lines: Iterable[str], *, reader_properties: Mapping[str, str] | None = None
) -> None:
    """Write each line (without its line end) as one record's value, UTF-8; blocks until all are acknowledged.

    `reader_properties` are those of Kafka's LineMessageReader, for keys and headers: `parse.key`, `key.separator`,
    `parse.headers`. Raises ConsoleProducerError when a line could not be written, FetchError.
    """
    main = "org.apache.kafka.tools.ConsoleProducer"
    command = [*jvm(kafka_classpath(), heap="128m", level="error"), main]
    command += ["--bootstrap-server", bootstrap_servers, "--topic", topic, "--request-required-acks", "all"]
    for key, value in (reader_properties or {}).items():
        command += ["--reader-property", f"{key}={value}"]
    text = "".join(f"{line}\n" for line in lines)
    done = subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8", timeout=_LIMIT)
    # A record that the broker refuses is only logged by it, and it ends with 0 all the same.
    if done.returncode != 0 or "ERROR" in done.stderr:
        raise ConsoleProducerError(f"exit code {done.returncode}\n{done.stderr.strip()[-4000:]}")
