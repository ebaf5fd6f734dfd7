"""Examples for the end of each command's help. Tests run them all, with files, topics and leads of these names."""

from __future__ import annotations

from collections.abc import Mapping

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "run": ("run -c connector.yaml",),
    "check": (
        "check -c connector.yaml",
        "check -c connector.yaml --online --replicas 3",
    ),
    "preview": (
        "preview -c connector.yaml --input leads.json",
        "preview -c connector.yaml --topic leads --from -20",
        "preview -c connector.yaml --input leads.json --diff changed.yaml",
    ),
    "roundtrip": ("roundtrip -c connector.yaml --input lead.json",),
    "trace": (
        "trace -c connector.yaml 5f0c8a17",
        "trace -c connector.yaml 5f0c8a17 --from earliest",
    ),
    "reconcile": (
        "reconcile -c connector.yaml --from 2026-03-08T00:00:00Z",
        "reconcile -c connector.yaml --from 2026-03-08T00:00:00Z --to 2026-03-09T00:00:00Z",
    ),
    "demo": (
        "demo",
        "demo --leads 500 --exit-when-done --summary summary.json",
        "demo --broker apache",
    ),
    "sandbox": (
        "sandbox",
        "sandbox --port 8090 --hub sales=predictive --hub news=email@Europe/Madrid",
    ),
    "dlq list": (
        "dlq list -c connector.yaml",
        "dlq list -c connector.yaml --reason rejected --from 2026-03-08T00:00:00Z",
        "dlq list -c connector.yaml --state all --output json",
    ),
    "dlq show": ("dlq show -c connector.yaml leads.dead/0/17",),
    "dlq replay": (
        "dlq replay -c connector.yaml --reason no_route --dry-run",
        "dlq replay -c connector.yaml leads.dead/0/17 --yes",
    ),
    "dlq discard": ("dlq discard -c connector.yaml leads.dead/0/18 --because 'a test lead' --yes",),
    "review list": (
        "review list -c connector.yaml",
        "review list -c connector.yaml --hub sales --from 2026-03-08T00:00:00Z",
    ),
    "review show": ("review show -c connector.yaml leads.review/0/0",),
    "review resend": ("review resend -c connector.yaml leads.review/0/0 --yes",),
    "review confirm": ("review confirm -c connector.yaml leads.review/0/1 --because 'seen in uContact' --yes",),
    "config schema": ("config schema > connector.schema.json",),
}
"""Command to its examples, without the program's name."""


_WIDTH = 76
"""Of a terminal of 80 columns, within the help's margins."""


def examples(command: str) -> str:
    """The end of a command's help. Raises KeyError for a command that has none."""
    told = EXAMPLES[command]
    lines = [_folded(f"lead-connector {each}") for each in told]
    return "\n".join(["Example:" if len(told) == 1 else "Examples:", *lines])


def _folded(line: str) -> str:
    """Over two lines, before an option, where it is longer than a terminal: what is copied from there works."""
    if len(line) <= _WIDTH:
        return line
    at = line.rindex(" -", 0, _WIDTH - 1)
    return f"{line[:at]} \\\n   {line[at:]}"
