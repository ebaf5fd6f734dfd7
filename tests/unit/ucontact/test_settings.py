"""What `check` says of the configuration's section `ucontact`, beyond what each value says for itself."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme

from connector.config import load
from connector.parts import ucontact
from connector.plan import Connection, draft_plan
from connector.watched import Unusable

CONFIGURATION = """\
kafka: {{bootstrap_servers: "localhost:9092", topics: [leads]}}
schemas: {{reader: {reader}}}
ucontact:
  base_url: {url}
  token_file: {folder}/token
{keys}
routes: [{{name: all, hub: sales, contact: {{clientIds: person.phones}}}}]
dead_letters: {{topic: leads.dead}}
"""
READER = Path(__file__).parents[3] / "schemas" / "lead_event.avsc"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A token, an authority, and two pairs of certificate and key."""
    authority = trustme.CA()
    (tmp_path / "token").write_text("t")
    (tmp_path / "ca").write_bytes(authority.cert_pem.bytes())
    for number in (1, 2):
        leaf = authority.issue_cert("client.example")
        (tmp_path / f"cert{number}").write_bytes(leaf.cert_chain_pems[0].bytes())
        (tmp_path / f"key{number}").write_bytes(leaf.private_key_pem.bytes())
    return tmp_path


def told(files: Path, url: str = "https://127.0.0.1", **keys: str) -> dict[str, tuple[int | None, str]]:
    """By place: line and message of each problem."""
    lines = "\n".join(f"  {key}: {files / name}" for key, name in keys.items())
    path = files / "config.yaml"
    path.write_text(CONFIGURATION.format(reader=READER, url=url, folder=files, keys=lines))
    loaded = load(path, {})
    problems = draft_plan(loaded, connections=frozenset({Connection.API})).problems
    if problems:
        assert all(problem.hint or "token" in problem.path for problem in problems)
    else:
        ucontact(loaded)
    return {problem.path: (problem.line, problem.message) for problem in problems}


def test_files_that_fit_are_no_problem(files: Path) -> None:
    """With a key of its own file, and with the key in the certificate's."""
    assert told(files, ca_file="ca", client_certificate="cert1", client_key="key1") == {}
    (files / "both").write_bytes((files / "cert1").read_bytes() + (files / "key1").read_bytes())
    assert told(files, client_certificate="both") == {}


def test_every_unusable_file_is_told_at_its_line(files: Path) -> None:
    """All at once; and what is in them is not shown."""
    (files / "token").write_text("s3cret s3cret")
    (files / "bad").write_text("s3cret")
    problems = told(files, ca_file="bad", client_certificate="bad", client_key="bad")
    assert {place: line for place, (line, _) in problems.items()} == {
        "ucontact.token_file": 5,
        "ucontact.ca_file": 6,
        "ucontact.client_certificate": 7,
        "ucontact.client_key": 8,
    }
    assert "s3cret" not in str(problems)


def test_a_key_of_another_certificate(files: Path) -> None:
    """It would fail with the first connection otherwise."""
    [(place, (line, message))] = told(files, client_certificate="cert1", client_key="key2").items()
    assert (place, line) == ("ucontact.client_key", 7) and "does not belong to the certificate" in message


def test_tls_files_without_tls(files: Path) -> None:
    """Whoever gives a client certificate does not expect it to be left out silently."""
    keys = {"ca_file": "ca", "client_certificate": "cert1", "client_key": "key1"}
    problems = told(files, "http://127.0.0.1", **keys)
    assert set(problems) == {"ucontact.ca_file", "ucontact.client_certificate"}
    assert all("http" in message for _, message in problems.values())


def test_a_client_is_not_made_of_unusable_files(files: Path) -> None:
    """As `run` would find it, if a file were spoilt after the check."""
    assert told(files, client_certificate="cert1", client_key="key1") == {}
    loaded = load(files / "config.yaml", {})
    (files / "key1").write_text("nothing")
    with pytest.raises(Unusable, match="no private key"):
        ucontact(loaded)
