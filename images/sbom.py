"""The bill of materials of an image, in CycloneDX: `python -m images.sbom IMAGE FILE` (`make sbom`).

What stands in the image's own records: Debian's packages, Python's distributions, and the Python of the official
images, which is no package. What a wheel has compiled into it (librdkafka, OpenSSL) stands in no record, so not here.
Needs `requirements-sbom.txt` and a Docker engine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from typing import IO

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

DOCKER = os.environ.get("DOCKER", "docker")
_VERSION = SchemaVersion.V1_6


def bill(image: str) -> str:
    """The bill as JSON text, checked against CycloneDX's schema. Blocks.

    Raises CalledProcessError (no engine, no such image), ValueError when it does not satisfy the schema.
    """
    [description] = json.loads(_docker("image", "inspect", image))
    name, _, tag = image.partition(":")
    bom = Bom()
    bom.metadata.component = Component(
        type=ComponentType.CONTAINER,
        name=name,
        version=tag,
        properties=[Property(name="layer", value=digest) for digest in description["RootFS"]["Layers"]],
    )
    environment = dict(each.split("=", 1) for each in description["Config"]["Env"])
    if version := environment.get("PYTHON_VERSION"):
        purl = PackageURL("generic", name="python", version=version)
        bom.components.add(Component(type=ComponentType.PLATFORM, name="python", version=version, purl=purl))
    container = _docker("create", image).strip()
    try:
        with tempfile.TemporaryFile() as exported:
            subprocess.run([DOCKER, "export", container], stdout=exported, check=True)
            exported.seek(0)
            bom.components.update(_components(exported))
    finally:
        _docker("rm", container)
    bom.register_dependency(bom.metadata.component, bom.components)
    text: str = make_outputter(bom, OutputFormat.JSON, _VERSION).output_as_string(indent=2)
    if error := JsonStrictValidator(_VERSION).validate_str(text):
        raise ValueError(f"the bill of {image} is not valid: {error}")
    return text


def _components(exported: IO[bytes]) -> Iterator[Component]:
    """Everything that the records in a container's file system name."""
    with tarfile.open(fileobj=exported) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isreg() else None
            if content is None:
                continue
            if member.name.endswith(".dist-info/METADATA"):
                yield _distribution(BytesParser().parse(content, headersonly=True))
            elif member.name == "var/lib/dpkg/status" or member.name.startswith("var/lib/dpkg/status.d/"):
                for paragraph in content.read().split(b"\n\n"):
                    fields = BytesParser().parsebytes(paragraph, headersonly=True)
                    if fields["Package"] and "installed" in fields.get("Status", "installed").split():
                        yield _debian(fields)


def _distribution(fields: Message) -> Component:
    name, version = fields["Name"], fields["Version"]
    expression = fields.get("License-Expression")
    purl = PackageURL("pypi", name=name, version=version)
    return Component(
        type=ComponentType.LIBRARY,
        name=name,
        version=version,
        purl=purl,
        bom_ref=str(purl),
        licenses=[LicenseFactory().make_from_string(expression)] if expression else [],
    )


def _debian(fields: Message) -> Component:
    name, version = fields["Package"], fields["Version"]
    qualifiers = {"arch": fields["Architecture"]}
    purl = PackageURL("deb", "debian", name, version, qualifiers)
    return Component(type=ComponentType.LIBRARY, name=name, version=version, purl=purl, bom_ref=str(purl))


def _docker(*arguments: str) -> str:
    return subprocess.run([DOCKER, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(bill(sys.argv[1]), "utf-8")
