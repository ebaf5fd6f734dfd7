"""Writes docs/metrics.md from the list of metrics: ``python -m connector.telemetry``."""

from __future__ import annotations

import sys
from itertools import groupby

from connector.telemetry.metrics import Metrics

HEAD = """# Metrics

On `/metrics` of `telemetry.listen`. Made from the code by `make docs`; there are no others. What counts:
`histogram_quantile(0.95, sum by (le) (rate(time_to_lead_seconds_bucket[5m])))`. A histogram's series end in `_bucket`,
`_count` and `_sum`. What events hold makes no new series: labels have values of closed vocabularies and of the
configuration, and of the hubs that events may name, 100 have theirs. The alerts and the dashboard of the
[chart](kubernetes.md#metrics-alerts-dashboard) ask for these."""


def page() -> str:
    """The page, in Markdown."""
    lines = [HEAD]
    for section, metrics in groupby(Metrics().described, key=lambda metric: metric.section):
        lines += ["", f"## {section}", "", "| metric | what | labels |", "|---|---|---|"]
        for metric in metrics:
            labels = "<br>".join(f"`{name}`: {values}" for name, values in metric.labels.items())
            lines.append(f"| `{metric.name}` {metric.kind} | {metric.meaning} | {labels} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(page() + "\n")
