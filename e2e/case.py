"""One case: a release of the chart in a namespace of its own, leads flowing, and in the end a look at the ledger.

A case is written as: install, flow, what happens, `finish`.
"""

from __future__ import annotations

import copy
import json
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import yaml

from e2e import results
from e2e.bed import API, BOOTSTRAP, IMAGE, LIMIT, Bed, secret, wait
from e2e.evidence import Outcome, look
from e2e.kubectl import CommandError

CHART = Path(__file__).parents[1] / "helm" / "lead-connector"
RATE = 200
"""Leads a second."""
PARTITIONS = 6
MAX_IN_FLIGHT = 4
BATCH = 25
IN_FLIGHT = MAX_IN_FLIGHT * BATCH
"""Most leads that one pod has in requests at a time: what may come twice when it is killed."""
MORE = 3 * RATE
"""Leads that must be delivered before something happens, and after it."""


class Case:
    """A context manager; `name` is the row of the table. Methods block."""

    def __init__(self, bed: Bed, name: str, *, release: str = "leads") -> None:
        self.bed = bed
        self.kube = bed.kube
        self.name = name
        self.release = release
        number = uuid.uuid4().hex[:8]
        self.namespace = f"e2e-{number}"
        self.topic = f"leads-{number}"
        self.group = f"{release}-lead-connector"
        self.workload = f"deployment/{self.group}"
        self.values = self._values()
        self.remarks: list[str] = []
        """What else was seen, for the table."""
        self._prefix = f"lead-{number}"
        self._before = 0
        self._flowing = False
        self._folder = results.FOLDER / "files" / number

    def __enter__(self) -> Self:
        labels = {"pod-security.kubernetes.io/enforce": "restricted", "lead-connector-e2e": "case"}
        metadata = {"name": self.namespace, "labels": labels}
        self.kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        self.kube.apply(secret(self.namespace, self.bed.token))
        self._folder.mkdir(parents=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if self._flowing:
            self.bed.stop_feed(self._prefix)
        if error is not None:
            self._keep_logs()
            error.add_note(f"logs of the pods: {self._folder}")
        self.kube.kubectl("delete", "namespace", self.namespace, "--wait=false")

    # The release.

    def install(self, **changes: Any) -> float:
        """Make the topics, then `helm install --wait`; gives the seconds that this took."""
        more = [f"{self.topic}.dead", self.receipts]
        self.bed.feed(topic=self.topic, partitions=PARTITIONS, prefix=self._prefix, more=more)
        self.change(changes)
        return self._timed("install", "--wait")

    def refused(self, **changes: Any) -> str:
        """`helm install` with values that contradict each other: what Helm says. Fails when it installs."""
        self.change(changes)
        try:
            self._timed("install")
        except CommandError as error:
            return error.said
        raise AssertionError(f"{changes} are installed")

    def upgrade(self, *options: str, **changes: Any) -> float:
        """`helm upgrade --wait`; gives the seconds it took."""
        self.change(changes)
        return self._timed("upgrade", "--wait", *options)

    def change(self, changes: Mapping[str, Any]) -> None:
        """Change values; inner keys that are not named stay."""
        self.values = _merged(self.values, changes)

    def rollback(self) -> None:
        """`helm rollback --wait` to the revision before."""
        self.kube.helm("rollback", self.release, "--namespace", self.namespace, "--wait", f"--timeout={LIMIT:.0f}s")

    def helm(self, command: str, *options: str) -> str:
        """Another helm command on the release."""
        return self.kube.helm(command, self.release, "--namespace", self.namespace, *options)

    def kubectl(self, *arguments: str) -> str:
        return self.kube.kubectl("--namespace", self.namespace, *arguments)

    def try_exec(self, pod: str, *command: str) -> None:
        """Run a command in a pod, which may not survive it."""
        with suppress(CommandError):
            self.kubectl("exec", pod, "--", *command)

    # Pods.

    def pods(self) -> list[dict[str, Any]]:
        """The connector's pods that are not on their way out, by age."""
        selector = "--selector=app.kubernetes.io/component=connector"
        found = self.kube.json("--namespace", self.namespace, "get", "pods", selector)["items"]
        living = [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]
        return sorted(living, key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]))

    def wait_ready(self, count: int) -> list[dict[str, Any]]:
        """Wait until so many pods are there, all ready; gives them."""
        wait(lambda: [is_ready(pod) for pod in self.pods()] == [True] * count, f"{count} ready pods")
        return self.pods()

    def wait_replaced(self, name: str, count: int = 2) -> None:
        """Wait until a pod is gone and so many others are ready."""
        names = f"{count} ready pods, none of them {name}"
        wait(lambda: [is_ready(p) for p in self.pods() if name_of(p) != name] == [True] * count, names)

    # Leads.

    def flow(self) -> None:
        """Leads at `RATE` from now on; returns when some are delivered."""
        self._before = self.bed.accepted()
        self.bed.feed(topic=self.topic, partitions=PARTITIONS, prefix=self._prefix, rate=RATE)
        self._flowing = True
        self.delivered()

    @property
    def receipts(self) -> str:
        return f"{self.topic}.receipts"

    def burst(self, count: int) -> None:
        """So many leads at once, beside the flow."""
        self.bed.feed(topic=self.topic, partitions=PARTITIONS, prefix=self._prefix, count=count)

    def delivered(self, count: int = MORE) -> None:
        """Wait until so many leads more are accepted."""
        goal = self._accepted() + count
        wait(lambda: self._accepted() >= goal, f"{count} leads more at the API")

    def _accepted(self) -> int:
        try:
            return self.bed.accepted()
        except CommandError:
            return 0  # the sandbox is being restarted

    # Ending.

    def finish(self, *, duplicates: int = 0) -> Outcome:
        """End the flow, wait until all is committed, look at the ledger, and write the result down. Fails when a lead
        is lost, or more than `duplicates` came twice."""
        written = self.bed.stop_feed(self._prefix)
        self._flowing = False
        wait(lambda: self.bed.lag(self.group, self.topic) == 0, "lag 0")
        entries = [each for each in self.bed.ledger(self._before) if each["lead"].startswith(f"{self._prefix}-")]
        outcome = look(entries, self._prefix, written, calm=MORE)
        results.append(self.name, outcome, allowed=duplicates, remarks=self.remarks, versions=self.bed.versions())
        assert outcome.lost == 0, f"{outcome.lost} of {written} leads are lost: {outcome.examples}"
        assert outcome.duplicated <= duplicates, f"{outcome.duplicated} leads came twice: {outcome.examples}"
        return outcome

    def _timed(self, command: str, *options: str) -> float:
        file = self._folder / "values.yaml"
        file.write_text(yaml.safe_dump(self.values), "utf-8")
        began = time.monotonic()
        limit = () if any(each.startswith("--timeout") for each in options) else (f"--timeout={LIMIT:.0f}s",)
        self.kube.helm(
            command, self.release, str(CHART), "--namespace", self.namespace, "--values", str(file), *options, *limit
        )
        return time.monotonic() - began

    def _keep_logs(self) -> None:
        for what, arguments in {
            "pods": ("describe", "pods"),
            "events": ("get", "events", "--sort-by=.lastTimestamp"),
            "log": ("logs", "--selector=app.kubernetes.io/component=connector", "--tail=-1", "--prefix"),
        }.items():
            try:
                text = self.kubectl(*arguments)
            except CommandError as error:
                text = str(error)
            (self._folder / f"{what}.txt").write_text(text, "utf-8")

    def _values(self) -> dict[str, Any]:
        repository, _, tag = IMAGE.rpartition(":")
        return {
            "image": {"repository": repository, "tag": tag},
            "partitions": PARTITIONS,
            "config": {
                "kafka": {"bootstrap_servers": BOOTSTRAP, "topics": [self.topic]},
                "schemas": {"reader": "schemas/lead_event.avsc", "format": "json"},
                "ucontact": {"base_url": API, "token_file": "/run/secrets/ucontact/token"},
                "routes": [
                    {
                        "name": "all",
                        "hub": "sales",
                        "contact": {
                            "clientIds": "person.phones",
                            "data": {"id": "eventId", "at": "occurredAt | epoch_ms"},
                        },
                    }
                ],
                "dead_letters": {"topic": f"{self.topic}.dead"},
                "delivery": {"max_in_flight": MAX_IN_FLIGHT, "batch": {"max_leads": BATCH}},
            },
            "secrets": {"ucontact": {"existingSecret": "ucontact"}},
        }


def name_of(pod: Mapping[str, Any]) -> str:
    return str(pod["metadata"]["name"])


def is_ready(pod: Mapping[str, Any]) -> bool:
    return condition(pod, "Ready").get("status") == "True"


def ready_since(pod: Mapping[str, Any]) -> str:
    """When it last became ready, or ceased to be."""
    return str(condition(pod, "Ready")["lastTransitionTime"])


def restarts(pod: Mapping[str, Any]) -> int:
    return sum(each["restartCount"] for each in pod["status"].get("containerStatuses", ()))


def condition(pod: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return next((dict(each) for each in pod["status"].get("conditions", ()) if each["type"] == kind), {})


def _merged(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    result = copy.deepcopy(dict(values))
    for key, change in changes.items():
        if isinstance(change, Mapping) and isinstance(result.get(key), Mapping):
            result[key] = _merged(result[key], change)
        else:
            result[key] = json.loads(json.dumps(change))
    return result
