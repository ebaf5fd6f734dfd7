"""Members that must show a password to brokers behind TLS, and what happens to them in the cases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from testbed.kafka import KafkaCluster
from tests.chaos.actors import Member
from tests.chaos.bed import Case
from tests.chaos.broker_faults import MORE
from tests.chaos.scenarios import under_load

ADVICE = "check the SASL properties and password file"
"""What a member says whose password is not taken."""


def secured(cluster: KafkaCluster, password: Path) -> dict[str, Any]:
    """The section ``kafka`` of a client whose password stands in a file."""
    properties = cluster.client_properties
    del properties["sasl.password"]
    servers = properties.pop("bootstrap.servers")
    files = {"sasl.password": str(password)}
    return {"kafka": {"bootstrap_servers": servers, "properties": properties, "property_files": files}}


def restart(case: Case, cluster: KafkaCluster) -> None:
    """The broker goes down in order under load, and comes back."""
    password = case.folder / "password"
    password.write_text(f"{cluster.security.password}\n")
    under_load(case)
    member = case.member(changes=secured(cluster, password)).start()
    case.wait_accepted(MORE)
    cluster.stop()
    case.wait(lambda: member.metric("leads_outstanding") == 0, "all that was read to be delivered")
    cluster.start()
    case.healed()
    case.wait_accepted(MORE)
    case.recover()


def wrong_password(case: Case, cluster: KafkaCluster) -> None:
    """One member works; another has a wrong password, says so, and joins when it is started with the right one."""
    right, changed = case.folder / "password", case.folder / "changed-password"
    right.write_text(cluster.security.password)
    changed.write_text("wrong")
    under_load(case)
    case.member("one", changes=secured(cluster, right)).start()
    two = case.member("two", changes=secured(cluster, changed)).start(ready=False)
    case.wait(lambda: any(ADVICE in event.get("error", "") for event in two.events()), "advice in the log")
    case.wait(lambda: ADVICE in _trouble(two), "advice of the member itself")
    case.wait_accepted(MORE)
    assert two.get("readyz").status_code == 503
    assert two.stop() == 0
    changed.write_text(cluster.security.password)
    two.start()
    case.healed()
    case.wait(lambda: two.delivered() > 0, "leads delivered by the second member")
    case.wait_accepted(MORE)
    case.recover()


def _trouble(member: Member) -> str:
    """What it says of Kafka."""
    return str(member.get("readyz").json().get("troubles", {}).get("kafka", ""))
