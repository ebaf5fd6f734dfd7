"""The images at work: as user 65532, on a read-only root, without capabilities, without a shell."""

from __future__ import annotations

import re
from pathlib import Path

import httpx2
import pytest

import connector
from testbed.waiting import until
from tests.image import engine
from tests.image.containers import ContainedConnector, container
from tests.integration.bed import LIMIT, as_json, lead, produce
from tests.integration.conftest import Bed

pytestmark = pytest.mark.image


def test_it_tells_its_version(shells: list[str]) -> None:
    """The entry point is a program, found without a shell."""
    assert shells, "no shell is found to be hidden: the base has none, or it is looked for in the wrong way"
    done = engine.run(engine.CONNECTOR, "--version", options=engine.without_shells(shells))
    assert (done.returncode, done.stdout) == (0, f"lead-connector {connector.__version__}\n"), done.stderr


def test_a_hidden_shell_cannot_be_used(shells: list[str]) -> None:
    """So the other tests do show that none is needed."""
    options = [*engine.without_shells(shells), "--entrypoint", "sh"]
    assert engine.run(engine.CONNECTOR, "-c", "true", options=options).returncode in (126, 127)


@pytest.mark.parametrize("command", ["sandbox", "demo"])
def test_what_is_left_out_is_told(command: str) -> None:
    """A sentence that says what to do, not a traceback."""
    done = engine.run(engine.CONNECTOR, command, options=[])
    assert done.returncode == 2
    assert done.stderr.startswith(f"{command}: this installation has no sandbox")


def test_its_process_has_no_rights(shells: list[str]) -> None:
    """Numeric user and group, no capability, no way to more, no file system that can be written."""
    program = (
        "import os; print(os.getuid(), os.getgid(), os.access('/', os.W_OK)); print(open('/proc/self/status').read())"
    )
    options = [*engine.without_shells(shells), "--entrypoint", "python"]
    told = engine.run(engine.CONNECTOR, "-c", program, options=options).stdout
    assert told.startswith("65532 65532 False\n")
    assert set(re.findall(r"Cap(?:Inh|Prm|Eff|Bnd|Amb):\s*(\w+)", told)) == {"0" * 16}
    assert re.search(r"NoNewPrivs:\s*1", told)


def test_check_finds_schema_and_files(contained: ContainedConnector) -> None:
    """The schema is the image's own, relative to where it starts."""
    done = engine.run(engine.CONNECTOR, "check", "-c", str(contained.file), options=contained.options)
    assert done.returncode == 0, done.stdout + done.stderr


def test_sigterm_drains(bed: Bed, contained: ContainedConnector) -> None:
    """Requests are under way when the signal comes: it ends with 0, and the next one sends what was not sent before."""
    bed.sandbox.fault(kind="latency", distribution="fixed", ms=300)
    produce(bed.bootstrap, bed.topic, (as_json(lead(n)) for n in range(3000)))
    contained.start()
    until(lambda: contained.delivered() >= 100, limit=LIMIT, what="first leads", details=contained.process.log_tail)
    assert contained.stop() == 0
    delivered = bed.sandbox.counts()
    assert 0 < len(delivered) < 3000
    assert contained.lag() == 3000 - len(delivered)
    bed.sandbox.heal()
    contained.start()
    contained.wait_done()
    assert contained.stop() == 0
    assert bed.sandbox.counts() == {f"lead-{n}": 1 for n in range(3000)}


def test_the_sandbox_answers(tmp_path: Path, shells: list[str]) -> None:
    """It takes a lead, and ends with 0 on SIGTERM."""
    options = [*engine.without_shells(shells), f"--tmpfs=/data:uid={engine.USER},gid={engine.USER}"]
    arguments = ["sandbox", "--port", "0", "--directory", "/data", "--hub", "sales=telephony"]
    with container(engine.SANDBOX, *arguments, options=options, log=tmp_path / "sandbox.log") as process:
        process.start()
        process.wait_ready(lambda: "listening on" in process.log_text(), limit=LIMIT)
        [url] = re.findall(r"listening on (\S+)", process.log_text())
        answer = httpx2.post(
            f"{url}/api/dialer/id/sales/freshLeads",
            headers={"Authorization": "Bearer any"},
            json={"leads": [{"clientIds": ["+59899123456"]}]},
        )
        assert answer.status_code == 200, answer.text
        process.stop(limit=LIMIT)
        assert process.wait(limit=LIMIT) == 0


def test_the_sandbox_runs_unasked() -> None:
    """Reachable from outside of its container, its data where its user may write."""
    command = engine.inspect(engine.SANDBOX)["Config"]["Cmd"]
    assert command == ["sandbox", "--host", "0.0.0.0", "--directory", "/data"]  # noqa: S104
