"""How the API is known and how we show who we are: authorities, client certificate and key, from PEM files."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from connector.watched import Unusable, Watched, read_bounded

Part: TypeAlias = Literal["ca_file", "client_certificate", "client_key"]
"""Which file; the configuration's keys have these names."""

_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_KEY = b"PRIVATE KEY-----"
_PASSPHRASE = (b"-----BEGIN ENCRYPTED PRIVATE KEY-----", b"Proc-Type: 4,ENCRYPTED")


@dataclass(frozen=True, slots=True)
class TlsProblem:
    """What is wrong with a file, and a way out; neither tells what is in it."""

    part: Part
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files. Without ``ca_file`` the system's authorities hold. ``client_key`` is None when the certificate's file
    holds the key as well, and means nothing without ``client_certificate``."""

    ca_file: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None

    def paths(self) -> list[Path]:
        """The files that are named."""
        return [path for path in (self.ca_file, self.client_certificate, self.client_key) if path is not None]

    def context(self) -> ssl.SSLContext:
        """A context for connections to the API. Blocks for the reading of the files, and some 10 ms for the system's
        authorities. Raises Unusable."""
        if problems := self.problems():
            raise Unusable("; ".join(problem.message for problem in problems))
        context = ssl.create_default_context(cafile=None if self.ca_file is None else str(self.ca_file))
        self._load_client(context)
        return context

    def problems(self) -> list[TlsProblem]:
        """Everything that is wrong with the files. Blocks for their reading."""
        return [*self._authority_problems(), *self._client_problems()]

    def _authority_problems(self) -> list[TlsProblem]:
        path = self.ca_file
        if path is None:
            return []
        expected = "A PEM file is expected"
        try:
            read_bounded(path)
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=str(path))
        except Unusable as error:
            return [TlsProblem("ca_file", str(error), expected)]
        except OSError as error:  # ssl.SSLError is one
            message = f"{path}: no certificate of an authority ({error.strerror or type(error).__name__})"
            return [TlsProblem("ca_file", message, expected)]
        return []

    def _client_problems(self) -> list[TlsProblem]:
        certificate, key = self.client_certificate, self.client_key
        if certificate is None:
            return []
        problems: list[TlsProblem] = []
        content = _content(certificate, "client_certificate", problems)
        if content is not None and _CERTIFICATE not in content:
            hint = "A PEM file with the certificate, and the chain after it, is expected"
            problems.append(TlsProblem("client_certificate", f"{certificate}: no certificate is in it", hint))
        part: Part = "client_certificate" if key is None else "client_key"
        if key is not None:
            content = _content(key, "client_key", problems)
        holder = key or certificate
        if content is not None and _KEY not in content:
            hint = "Name the key's file in client_key" if key is None else "A PEM file with the private key is expected"
            problems.append(TlsProblem(part, f"{holder}: no private key is in it", hint))
        elif content is not None and any(mark in content for mark in _PASSPHRASE):
            hint = "Use one without, for example what openssl pkey -in KEY -out NEW writes"
            problems.append(TlsProblem(part, f"{holder}: the private key has a passphrase", hint))
        if problems:
            return problems
        try:
            self._load_client(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        except ssl.SSLError as error:
            if error.reason == "KEY_VALUES_MISMATCH":
                hint = "Give the key that the certificate was made with; its file begins with the client's certificate"
                return [TlsProblem(part, f"{holder}: the private key does not belong to the certificate", hint)]
            hint = "PEM with a certificate and its chain, and an unencrypted private key, is expected"
            return [TlsProblem(part, f"{holder}: certificate and key cannot be used ({error.reason or 'PEM'})", hint)]
        except OSError as error:
            message = f"{certificate}: {(error.strerror or 'cannot be read').lower()}"
            return [TlsProblem("client_certificate", message, "")]
        return []

    def _load_client(self, context: ssl.SSLContext) -> None:
        if self.client_certificate is not None:
            key = None if self.client_key is None else str(self.client_key)
            # Without a password OpenSSL would ask for one on the terminal.
            context.load_cert_chain(str(self.client_certificate), key, password="")


class Certificates:
    """The context for new connections: made anew when one of the files changes.

    It is another context then, and not the old one loaded again: so connections with the old certificate are not taken
    for new requests, and an authority that is no longer in the file is no longer trusted.
    """

    def __init__(self, files: TlsFiles) -> None:
        """Blocks for the reading of the files. Raises Unusable."""
        self._context = Watched(files.paths(), lambda _contents: files.context())

    @property
    def context(self) -> ssl.SSLContext:
        """The context made of the last usable files."""
        return self._context.value

    def look(self) -> bool:
        """Read the files again if they have changed. Returns whether there is another context; raises Unusable."""
        return self._context.look()


def _content(path: Path, part: Part, problems: list[TlsProblem]) -> bytes | None:
    try:
        return read_bounded(path)
    except Unusable as error:
        problems.append(TlsProblem(part, str(error), ""))
        return None
