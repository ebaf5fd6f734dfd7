"""Certificates of the small cluster, made anew with every start of it."""

from __future__ import annotations

from pathlib import Path

import trustme
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat


class Pki:
    """Files in a folder: `ca.crt`, NAME.crt and NAME.key for each certificate, `accounts.key` and `.pub`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = folder / "ca.crt"

    def make(self, server: list[str], nodes: list[str]) -> None:
        """All of them: the API server's, for its names and addresses; `admin`, `aggregator`; one for each node."""
        self.folder.mkdir(parents=True, exist_ok=True)
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.authority)
        self._write("apiserver", authority.issue_cert(*server, common_name="kube-apiserver"))
        # A client needs no name of a server, but Go refuses the empty list of names that there would be without one.
        self._write("admin", authority.issue_cert("admin", common_name="admin", organization_name="system:masters"))
        self._write("aggregator", authority.issue_cert("aggregator", common_name="aggregator"))
        for node in nodes:
            name = f"system:node:{node}"
            self._write(node, authority.issue_cert(node, common_name=name, organization_name="system:nodes"))
        self._write_accounts_key()

    def certificate(self, name: str) -> Path:
        return self.folder / f"{name}.crt"

    def key(self, name: str) -> Path:
        return self.folder / f"{name}.key"

    def kubeconfig(self, name: str, url: str, target: Path) -> Path:
        """A kubeconfig for the holder of a certificate, written to `target`."""
        target.write_text(
            f"""\
apiVersion: v1
kind: Config
current-context: small
contexts: [{{name: small, context: {{cluster: small, user: {name}}}}}]
clusters: [{{name: small, cluster: {{server: "{url}", certificate-authority: "{self.authority}"}}}}]
users: [{{name: {name}, user: {{client-certificate: "{self.certificate(name)}", client-key: "{self.key(name)}"}}}}]
""",
            "utf-8",
        )
        target.chmod(0o600)
        return target

    def _write(self, name: str, certificate: trustme.LeafCert) -> None:
        certificate.private_key_pem.write_to_path(self.key(name))
        self.key(name).chmod(0o600)
        certificate.cert_chain_pems[0].write_to_path(self.certificate(name))

    def _write_accounts_key(self) -> None:
        """What the tokens of service accounts are signed with."""
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.key("accounts").write_bytes(pem)
        self.key("accounts").chmod(0o600)
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (self.folder / "accounts.pub").write_bytes(public)
