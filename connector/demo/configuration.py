"""The connector's configuration in the demo: a file like any other, written for this run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import connector
from sandbox.settings import HubKind

HUBS = dict.fromkeys(("sales", "social", "b2b", "suporte-br", "general"), HubKind.TELEPHONY)
"""The sandbox's hubs."""
TOKEN = "demo-token"  # noqa: S105 - the sandbox's, made for this run
"""What the sandbox asks for."""

_TEXT = """\
# The demo's configuration, made for this run: the connector was started with
#   lead-connector run -c {file}
kafka:
  bootstrap_servers: {bootstrap_servers}
  group_id: {group}
  topics: [{topic}]
{broker_needs}
schemas:
  registry: {{url: {registry}}}
  reader: {reader}
  format: auto

ucontact:
  base_url: {sandbox}                # in production: domain: acme
  token_file: {token_file}
  timeout: 10s

lead:
  id: eventId
  event_time: occurredAt

# The first route that matches takes the lead.
routes:
  - name: brazil                     # in Portuguese, whatever the platform
    when: person.country == 'BR'
    hub: suporte-br
    channel: telephony
    contact: &contact
      clientIds: [person.phones]
      # Tried in order: what the event says, what the number tells, the last resort.
      timezone: [person.timezone, phone, America/Montevideo]
      scheduleDate: schedule.at
      priority: priority
      data:
        id: eventId
        name: "{{{{ person.firstName }}}} {{{{ person.lastName }}}}"
        email: person.email
        country: person.country
        platform: source.platform
        campaign: source.campaignId
    max_age: 3d

  - name: google-sales
    when: source.platform == 'google'
    hub: sales
    contact: *contact
    max_age: 3d

  - name: meta-sales
    when: source.platform == 'meta'
    hub: social
    contact: *contact
    max_age: 3d

  - name: business                   # called first
    when: source.platform in ['linkedin', 'hubspot']
    hub: b2b
    contact: {{<<: *contact, priority: 1}}
    max_age: 3d

  - name: everything-else
    hub: general
    contact: *contact
    max_age: 3d

delivery:
  batch: {{max_leads: 50, max_bytes: 256KiB, linger: 100ms}}
  max_in_flight: 8
  on_ambiguous: resend

dead_letters: {{topic: {dead_letters}}}
telemetry: {{listen: "{listen}", log_format: json}}
"""

_EMBEDDED_NEEDS = """\
  # For librdkafka's mock cluster alone: it keeps a classic group waiting for 3 s before the first assignment,
  # and answers a fetch that found nothing only when its time is over, whatever has come in meanwhile.
  group_protocol: consumer
  properties: {fetch.wait.max.ms: 10}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where everything is that the connector is told of."""

    bootstrap_servers: str
    topic: str
    dead_letters: str
    group: str
    embedded: bool
    """Whether the broker is librdkafka's mock cluster."""
    registry: str
    sandbox: str
    listen: str


def write_configuration(folder: Path, places: Places) -> Path:
    """Write configuration and token into ``folder``; gives the configuration's path."""
    file, token_file = folder / "connector.yaml", folder / "token"
    token_file.touch(mode=0o600)
    token_file.write_text(TOKEN, encoding="utf-8")
    text = _TEXT.format(
        file=file,
        bootstrap_servers=_quoted(places.bootstrap_servers),
        group=_quoted(places.group),
        topic=_quoted(places.topic),
        broker_needs=_EMBEDDED_NEEDS if places.embedded else "",
        dead_letters=_quoted(places.dead_letters),
        registry=_quoted(places.registry),
        reader=_quoted(str(reader_schema())),
        sandbox=_quoted(places.sandbox),
        token_file=_quoted(str(token_file)),
        listen=places.listen,
    )
    file.write_text(text, encoding="utf-8")
    return file


def reader_schema() -> Path:
    """The canonical lead event's schema: in the installed package, or in the repository beside it."""
    package = Path(connector.__file__).parent
    installed = package / "_data" / "schemas"
    return (installed if installed.exists() else package.parent / "schemas") / "lead_event.avsc"


def _quoted(text: str) -> str:
    """A YAML scalar: JSON's strings are YAML's."""
    return json.dumps(text)
