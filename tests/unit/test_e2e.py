"""What the trials on a cluster make of a ledger, of Services, and of a program."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from e2e import report
from e2e.evidence import look
from e2e.small import archive, network


def _entry(number: int, at: int, event: int | None = None) -> dict[str, Any]:
    return {"lead": f"x-{number}", "accepted_at": at, "contact": {"data": {"at": at if event is None else event}}}


def test_the_ledger_tells_what_is_lost_and_what_came_twice() -> None:
    """By the numbers of the leads: 3 never came, 2 came twice more."""
    entries = [_entry(1, 0), _entry(2, 10), _entry(2, 20), _entry(4, 30), _entry(2, 40)]
    outcome = look(entries, "x", written=4, calm=0)
    assert (outcome.leads, outcome.lost, outcome.duplicated) == (4, 1, 2)
    assert outcome.examples == ("x-2", "x-3")


def test_time_without_delivery_is_the_longest_gap_after_the_calm() -> None:
    """The start, which took 5 s, does not count; the slowest lead does whenever it came."""
    entries = [_entry(1, 0), _entry(2, 5000), _entry(3, 5100, event=1000), _entry(4, 7200)]
    outcome = look(entries, "x", written=4, calm=1)
    assert (outcome.silence, outcome.slowest) == (2.1, 4.1)


def test_names_of_services() -> None:
    """Services by their address, headless ones by those of their pods, which have names of their own too."""
    meta = {"namespace": "n"}
    slices = {"kind": "EndpointSlice", "metadata": {**meta, "labels": {"kubernetes.io/service-name": "kafka"}}}
    objects: list[Mapping[str, Any]] = [
        {**slices, "endpoints": [{"addresses": ["10.0.0.7"], "hostname": "kafka-0"}]},
        {"kind": "Service", "metadata": {**meta, "name": "api"}, "spec": {"clusterIP": "10.96.0.9"}},
        {"kind": "Service", "metadata": {**meta, "name": "kafka"}, "spec": {"clusterIP": "None"}},
    ]
    assert network.hosts(objects) == [
        "10.96.0.9 api.n.svc.cluster.local",
        "10.0.0.7 kafka.n.svc.cluster.local",
        "10.0.0.7 kafka-0.kafka.n.svc.cluster.local",
    ]


def test_an_image_of_a_program(tmp_path: Path) -> None:
    """One layer with the program, which is what the image runs, as nobody in particular."""
    program = tmp_path / "hold"
    program.write_bytes(b"binary")
    with tarfile.open(archive.of_program(program, "localhost/hold:1", tmp_path / "hold.tar")) as tar:
        files = {name: file.read() for name in tar.getnames() if (file := tar.extractfile(name)) is not None}
    [manifest] = json.loads(files["manifest.json"])
    assert manifest["RepoTags"] == ["localhost/hold:1"]
    assert json.loads(files[manifest["Config"]])["config"] == {"Entrypoint": ["/hold"], "User": archive.ANYBODY}
    [layer] = manifest["Layers"]
    with tarfile.open(fileobj=io.BytesIO(files[layer])) as tar:
        assert [(each.name, each.mode) for each in tar] == [("hold", 0o755)]


def test_the_page_sums_runs_up() -> None:
    """Leads are summed; times are the median, and the longest."""
    line = {"at": "2026-01-02T03:04:05Z", "case": "pod deleted", "versions": ["Kubernetes v1"], "allowed": 0}
    line |= {"remarks": ["done"], "leads": 1000, "lost": 0, "duplicated": 0, "slowest": 1.0}
    lines = [{**line, "silence": silence} for silence in (0.5, 0.6, 3.0)]
    text = report.page(lines, 3)
    assert "3 full runs: 2026-01-02. Kubernetes v1." in text
    assert text.endswith("| pod deleted | 3 | 3,000 | 0 | 0 | 0 | 0.6, 3.0 | 1.0 | done |\n")


def test_rows_of_keda_stay_while_it_is_not_run_again() -> None:
    """With the days that they are of, also over more than one such page; those that are run again are new."""
    line = {"at": "2026-01-02T03:04:05Z", "case": "scaled by KEDA", "versions": ["Kubernetes v1"], "allowed": 0}
    line |= {"remarks": [], "leads": 7, "lost": 0, "duplicated": 0, "slowest": 1.0, "silence": 0.5}
    other = {**line, "at": "2026-02-02T03:04:05Z", "case": "pod deleted"}
    first = report.page([line], 1)
    second = report.page([other], 1, report.page([other], 1, first))
    assert second.count("KEDA") == 1
    assert second.endswith("| scaled by KEDA | 1 | 7 | 0 | 0 | 0 | 0.5 | 1.0 | of an earlier run, 2026-01-02 |\n")
    assert report.page([other, line], 1, second).endswith("| scaled by KEDA | 1 | 7 | 0 | 0 | 0 | 0.5 | 1.0 |  |\n")
