"""The section ``ucontact``: the API that takes the leads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator

from connector.config.names import File, SecretFile, Url
from connector.config.problems import quote, refuse
from connector.config.quantities import PositiveDuration
from connector.config.section import Section, Shown, default

_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def _domain(value: str) -> str:
    if not _LABEL.fullmatch(value):
        hint = "Only the first part of the host: acme for https://acme.ucontactcloud.com; for other hosts use base_url"
        raise refuse(f"{quote(value)} is not a domain", hint)
    return value


def _bodies(value: Any) -> Any:
    if not isinstance(value, (list, tuple)):
        return value
    return [("true" if item else "false") if isinstance(item, bool) else item for item in value]


Domain: TypeAlias = Annotated[
    str, AfterValidator(_domain), WithJsonSchema({"type": "string", "pattern": f"^{_LABEL.pattern}$"}), Shown("text")
]
Bodies: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_bodies), Shown("list of text", yaml=True)]


class UcontactSettings(Section):
    """Where the leads go."""

    domain: Domain | None = Field(default=None, examples=["acme"])
    """First part of the host: `acme` stands for `https://acme.ucontactcloud.com`. Give this or `base_url`."""
    base_url: Url | None = Field(default=None, examples=["http://localhost:8090"])
    """Whole base URL, for another host or the sandbox. Give this or `domain`."""
    token_file: SecretFile = Field(examples=["/run/secrets/ucontact/token"])
    """File with the API token. It is read again when it changes."""
    timeout: PositiveDuration = default("10s")
    """Time for one request until its answer is complete. A request that was sent and not answered is ambiguous."""
    connect_timeout: PositiveDuration = default("3s")
    """Time to connect; a connection that fails is certain to have had no effect. At most `timeout`."""
    ca_file: File | None = None
    """PEM file of the authority that signed the API's certificate. Default: the system's authorities. It is read \
again when it changes."""
    client_certificate: File | None = Field(default=None, examples=["/run/secrets/ucontact/tls.crt"])
    """PEM file with the certificate that the connector shows to the API (mutual TLS), and its chain. It is read again \
when it changes."""
    client_key: SecretFile | None = Field(default=None, examples=["/run/secrets/ucontact/tls.key"])
    """PEM file with the private key of `client_certificate`, without passphrase. Leave out if the certificate's file \
holds the key. It is read again when it changes."""
    error_bodies: Bodies = default(["0"])
    """Answers 2xx whose body, without the white space around it, is one of these are errors (older API versions \
answer an error with `0`). `[]`: every 2xx is a success."""

    @field_validator("client_key")
    @classmethod
    def _key_of_a_certificate(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is not None and info.data.get("client_certificate", value) is None:
            raise refuse("has no client_certificate beside it", "Add client_certificate")
        return value

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end."""
        return self.base_url or f"https://{self.domain}.ucontactcloud.com"
