"""A Docker engine where none answers: ``python -m images.engine up|down`` (`make engine`, `make engine-stop`).

On Debian, as root: Debian's own `docker.io` with its data in `.cache/engine`, and a base for the images that needs no
registry of images. What the other targets have to know of it is left in `.cache/engine/engine.mk`, which the Makefile
includes. Where an engine answers already, nothing is started and that file is not there.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from e2e.small.daemons import Daemons
from testbed.waiting import until

ROOT = Path(__file__).parents[1]
STATE = ROOT / ".cache" / "engine"
SETTINGS = STATE / "engine.mk"
SOCKET = Path("/run/lead-connector-engine.sock")
"""Not beside the data: the name of a socket has 107 characters at most. So there is one on a machine."""
HOST = f"unix://{SOCKET}"
CLIENTS = (os.environ.get("DOCKER", "docker"), "/usr/bin/docker")
"""A client from 23 on wants a plugin for what Debian's has built in."""
PACKAGES = {"dockerd": "docker.io", "iptables": "iptables", "mmdebstrap": "mmdebstrap"}
"""Programs that have to be there, and Debian's packages that bring them."""
_LIMIT = 60.0
_NAME = "dockerd"
_PROBE = "FROM scratch\nLABEL lead-connector=probe\n"


def client(host: str, programs: Iterable[str] = CLIENTS) -> str | None:
    """The first by which the engine at `host` builds images, "" being the one that everybody uses; None where none
    does. Blocks."""
    for program in dict.fromkeys(programs):
        if shutil.which(program) is None:
            continue
        environment = {**os.environ, "DOCKER_BUILDKIT": "1", **({"DOCKER_HOST": host} if host else {})}
        command = [program, "build", "--quiet", "-"]
        done = subprocess.run(command, input=_PROBE, env=environment, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            subprocess.run(
                [program, "image", "rm", done.stdout.strip()], env=environment, capture_output=True, check=True
            )
            return program
    return None


def settings(program: str, base: str, environment: Mapping[str, str]) -> str:
    """The lines for make. The authority of a proxy that ends TLS is the one that pip uses here, if it is told of one.
    A DOCKER_HOST of the user's own wins over all of it."""
    authority = environment.get("PIP_CERT", "")
    return (
        f"ifeq ($(filter-out {HOST},$(DOCKER_HOST)),)\n"
        f"ENGINE := {HOST}\n"
        f"DOCKER := {program}\n"
        f"IMAGE_BASE := {base}\n"
        f"CA := {authority}\n"
        "endif\n"
    )


def base_name(release: Mapping[str, str]) -> str:
    """What the base is called, by the machine's own release of Debian (`/etc/os-release`)."""
    return f"debian-python:{release['VERSION_CODENAME']}"


def up() -> None:
    """Returns when an engine answers that can build. Raises RuntimeError that says what the machine lacks,
    CalledProcessError when a package or the base cannot be had, TimeoutError with the engine's log."""
    STATE.mkdir(parents=True, exist_ok=True)
    SETTINGS.unlink(missing_ok=True)
    if os.environ.get("DOCKER_HOST") != HOST and (program := client("")):
        _say(f"an engine answers to {program}; its images are pulled or IMAGE_BASE= names one")
        return
    release = platform.freedesktop_os_release()
    if os.geteuid() != 0 or "debian" not in (release.get("ID"), release.get("ID_LIKE")):
        raise RuntimeError("no Docker engine with BuildKit answers; one of our own takes Debian and root")
    if _install() and (program := client("")):
        _say(f"Debian's has started and answers to {program}; its images are pulled or IMAGE_BASE= names one")
        return
    daemons = Daemons(STATE)
    if client(HOST) is None:
        options = (f"--host={HOST}", f"--data-root={STATE / 'data'}", f"--exec-root={STATE / 'exec'}")
        daemons.start(_NAME, [_NAME, *options, f"--pidfile={STATE / 'dockerd.pid'}"])
    try:
        program = until(lambda: client(HOST), limit=_LIMIT, what="dockerd", interval=0.5)
        base = base_name(release)
        _make_base(program, release["VERSION_CODENAME"], base)
    except (TimeoutError, subprocess.CalledProcessError) as error:
        error.add_note(daemons.tails())
        down()
        raise
    SETTINGS.write_text(settings(program, base, os.environ), "utf-8")
    _say(f"{HOST}, base {base}; make knows of both. make engine-stop ends it")


def down() -> None:
    """Ends the engine that was started from here; its images stay for the next time."""
    Daemons(STATE).stop(_NAME)
    SETTINGS.unlink(missing_ok=True)


def _install() -> bool:
    """Whether anything was missing."""
    packages = sorted(package for program, package in PACKAGES.items() if shutil.which(program) is None)
    if not packages:
        return False
    _say(f"installing {' '.join(packages)} …")
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        subprocess.run(["apt-get", "-qq", *command], check=True, stdout=subprocess.DEVNULL)
    return True


def _make_base(program: str, release: str, name: str) -> None:
    """Debian with Python and nothing else, from where this machine has its packages from."""
    command = [program, "--host", HOST]
    if subprocess.run([*command, "image", "inspect", name], capture_output=True, check=False).returncode == 0:
        return
    _say(f"making {name} …")
    lists = Path("/etc/apt/sources.list.d/debian.sources")
    sources = [str(lists)] if lists.exists() else ["/etc/apt/sources.list"]
    tar = STATE / "base.tar"
    include = "--include=ca-certificates,python3,python3-venv"
    subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", include, release, str(tar), *sources], check=True)
    subprocess.run(
        [*command, "import", "--change", "ENV LANG=C.UTF-8", str(tar), name], check=True, stdout=subprocess.DEVNULL
    )
    tar.unlink()


def _say(text: str) -> None:
    sys.stderr.write(f"engine: {text}\n")


def main(arguments: list[str]) -> int:
    """The exit code: 0, 1 when it cannot be done, 2 when asked for something else."""
    if arguments not in (["up"], ["down"]):
        sys.stderr.write("python -m images.engine up|down\n")
        return 2
    try:
        up() if arguments == ["up"] else down()
    except RuntimeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
