"""A listener that demands TLS and a password, with a certificate of an authority made for the occasion."""

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from testbed.ports import LOOPBACK

_USER = "client"
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"


@dataclass(frozen=True)
class Security:
    """The one user of a secured cluster, and the files on which its TLS rests."""

    ca_file: Path
    key_file: Path
    username: str
    password: str

    @classmethod
    def kept(cls, folder: Path) -> Self:
        """What lies in `folder`, made if nothing does: the data of a cluster remembers its user.

        Raises ModuleNotFoundError where the package `trustme` is not installed (it comes with the dev extra).
        """
        ca, key, password = (folder / name for name in ("ca.pem", "broker.pem", "password"))
        if not password.exists():
            folder.mkdir(exist_ok=True)
            write_authority(ca, key)
            password.write_text(secrets.token_urlsafe(18), encoding="ascii")
        return cls(ca, key, _USER, password.read_text(encoding="ascii"))

    def broker_properties(self) -> dict[str, str]:
        """Properties of the listener: SASL_SSL, by PLAIN or SCRAM-SHA-512."""
        login = f'username="{self.username}" password="{self.password}"'
        return {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self.key_file),
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
            "plain.sasl.jaas.config": f'{_PLAIN} required {login} user_{self.username}="{self.password}";',
            "scram-sha-512.sasl.jaas.config": f"{_SCRAM} required {login};",
        }

    def format_options(self) -> list[str]:
        """Options of Kafka's storage tool that make the user known to SCRAM."""
        return ["--add-scram", f"SCRAM-SHA-512=[name={self.username},password={self.password}]"]

    def client_properties(self) -> dict[str, str]:
        """What librdkafka needs to be let in, by PLAIN; `sasl.mechanism` may be set to SCRAM-SHA-512 instead."""
        return {
            "security.protocol": "SASL_SSL",
            "ssl.ca.location": str(self.ca_file),
            "sasl.mechanism": "PLAIN",
            "sasl.username": self.username,
            "sasl.password": self.password,
        }


def write_authority(ca_file: Path, key_file: Path) -> None:
    """Make an authority; write its certificate, and a key with a certificate by it for servers on loopback. All PEM.

    The authority's own key is kept nowhere. Raises ModuleNotFoundError where `trustme` is not installed.
    """
    import trustme  # here, as the test bed is installed without it
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_pem_private_key,
    )

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(ca_file))
    server = authority.issue_cert(LOOPBACK, "localhost")
    # Kafka reads keys in PKCS #8 only.
    key = load_pem_private_key(server.private_key_pem.bytes(), None)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key_file.touch(mode=0o600)
    key_file.write_bytes(pem + b"".join(blob.bytes() for blob in server.cert_chain_pems))
