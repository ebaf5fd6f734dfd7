"""KEDA in the small cluster: its operator and the server of its metrics, built from its module."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from e2e.kubectl import Kube
from e2e.small import archive
from e2e.small.programs import BIN, build
from helm import tools

_HERE = Path(__file__).parent
_MODULE = "github.com/kedacore/keda/v2"
VERSION = "2.21.0"
"""As pinned in `keda/go.mod`."""
_IMAGES = {"keda-operator": ("operator", "keda"), "keda-metrics-apiserver": ("adapter", "keda-adapter")}
"""Deployment: command of the module, and what the manifests call its program. The third, a webhook that checks objects
when they are made, is left out."""


def images(folder: Path) -> list[Path]:
    """Both as tar files, built when they are not there (20 minutes of CPU). Blocks; raises CalledProcessError."""
    return [
        archive.of_program(_program(*names), _image(names[1]), folder / f"{names[1]}.tar") for names in _IMAGES.values()
    ]


def install(kube: Kube) -> None:
    """Make its objects; does not wait. Raises CommandError."""
    found = json.loads(tools.go("mod", "download", "-json", f"{_MODULE}@v{VERSION}", folder=_HERE / "keda"))
    text = kube.kubectl("kustomize", str(Path(found["Dir"]) / "config" / "default"))
    kube.apply(*adapted(each for each in yaml.safe_load_all(text) if each))


def wait(kube: Kube, limit: float) -> None:
    """Until it answers for metrics, at most `limit` seconds. Raises CommandError."""
    for name in _IMAGES:
        kube.kubectl("-n", "keda", "rollout", "status", f"deployment/{name}", f"--timeout={limit:.0f}s")
    service = "apiservice/v1beta1.external.metrics.k8s.io"
    kube.kubectl("wait", "--for=condition=Available", service, f"--timeout={limit:.0f}s")


def adapted(objects: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    """KEDA's objects, with our images, and without the webhook."""
    result = []
    for each in objects:
        if "admission" in each["metadata"]["name"]:
            continue
        if each["kind"] == "Deployment":
            [container] = each["spec"]["template"]["spec"]["containers"]
            container["image"] = _image(_IMAGES[each["metadata"]["name"]][1])
            container["imagePullPolicy"] = "Never"
        result.append(each)
    return result


def _image(name: str) -> str:
    return f"localhost/{name}:{VERSION}"


def _program(command: str, name: str) -> Path:
    program = BIN / name
    if not program.exists():
        version = f"-X {_MODULE}/version.Version={VERSION}"
        build(program, f"{_MODULE}/cmd/{command}", _HERE / "keda", version)
    return program
