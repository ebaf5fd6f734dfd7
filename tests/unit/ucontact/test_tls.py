"""The API client over real TLS: whom it trusts, how it shows who it is, and what a refusal means for the leads."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trustme

from connector.leads.answer import Answer, AnswerClass
from connector.leads.mapped import Destination
from connector.ucontact.client import UContact
from connector.ucontact.tls import TlsFiles
from connector.ucontact.token import TokenFile
from tests.unit.ucontact.loops import Loop, on_both_loops, run
from tests.unit.ucontact.tls_server import TlsServer, server_context

HUB = Destination("sales")
LEADS = [b'{"clientIds":["1"]}']
TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Signs the server's certificate."""
    return trustme.CA()


@pytest.fixture(scope="module")
def clients() -> trustme.CA:
    """Signs the clients' certificates."""
    return trustme.CA()


class Mount:
    """A secret as Kubernetes mounts it: `name` -> `..data/name`, and `..data` is a link that is replaced."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._version = 0

    def put(self, **files: bytes) -> None:
        """Put other files in place of all those before, in one step."""
        self._version += 1
        version = self._folder / f"..{self._version}"
        version.mkdir()
        for name, content in files.items():
            (version / name).write_bytes(content)
            if not (self._folder / name).is_symlink():
                (self._folder / name).symlink_to(Path("..data") / name)
        (self._folder / "..new").symlink_to(version.name)
        (self._folder / "..new").rename(self._folder / "..data")


@dataclass
class Rig:
    """Files of a client, and what it says of them. ``clock`` is what it takes for the time."""

    folder: Path
    authority: trustme.CA
    clients: trustme.CA
    clock: float = 0.0
    reloads: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.mount = Mount(self.folder)
        self.mount.put(token=b"token-1", **self.pair("one"), ca=self.authority.cert_pem.bytes())

    def pair(self, name: str) -> dict[str, bytes]:
        """A client's certificate and key."""
        leaf = self.clients.issue_cert(f"{name}.example", common_name=name)
        return {"cert": leaf.cert_chain_pems[0].bytes(), "key": leaf.private_key_pem.bytes()}

    def api(self, url: str, *, ca: bool = True, certificate: bool = True) -> UContact:
        """A client with what is in the files."""
        return UContact(
            url,
            TokenFile(self.folder / "token"),
            timeout=20,
            connect_timeout=20,
            connections=2,
            tls=TlsFiles(
                self.folder / "ca" if ca else None,
                self.folder / "cert" if certificate else None,
                self.folder / "key" if certificate else None,
            ),
            on_reload=self.reloads.append,
            on_trouble=lambda _what, text: self.troubles.append(text),
            clock=lambda: self.clock,
        )

    async def once(self, url: str, *, ca: bool = True, certificate: bool = True) -> Answer:
        """One request of a client of its own."""
        api = self.api(url, ca=ca, certificate=certificate)
        try:
            return await api.post(HUB, LEADS)
        finally:
            await api.aclose()


@pytest.fixture
def rig(tmp_path: Path, authority: trustme.CA, clients: trustme.CA) -> Iterator[Rig]:
    rig = Rig(tmp_path, authority, clients)
    yield rig
    assert not any("token-" in text or "PRIVATE" in text for text in rig.troubles)


@on_both_loops
@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
def test_with_our_certificate_leads_are_accepted(rig: Rig, loop: Loop, version: ssl.TLSVersion) -> None:
    """A server that demands one, and has one of an authority that only the file knows."""

    async def body() -> None:
        context = server_context(rig.authority, demand=rig.clients, version=version)
        async with TlsServer(context).listening() as server:
            assert (await rig.once(server.url)).kind is AnswerClass.ACCEPTED
            assert server.clients == ["one"] and len(server.requests) == 1

    run(loop, body())


@on_both_loops
@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
@pytest.mark.parametrize("reset", [False, True], ids=["orderly", "reset"])
def test_without_a_certificate_nothing_is_sent(rig: Rig, loop: Loop, version: ssl.TLSVersion, reset: bool) -> None:
    """With TLS 1.3 the refusal comes after our part of the handshake, and still before the request."""

    async def body() -> None:
        context = server_context(rig.authority, demand=rig.clients, version=version)
        async with TlsServer(context, reset=reset).listening() as server:
            answer = await rig.once(server.url, certificate=False)
            assert answer.kind is AnswerClass.UNAVAILABLE and "SSL" in answer.excerpt
            assert ("Refused" in answer.excerpt) is (version is TLS_1_3), (
                "the request was sent, or is not known not to be"
            )
            assert server.refused.is_set() and server.requests == []

    run(loop, body())


@on_both_loops
@pytest.mark.parametrize("wrong", ["missing", "unknown authority"])
def test_a_refusal_that_crosses_the_request_is_no_ambiguity(rig: Rig, loop: Loop, wrong: str) -> None:
    """The server looks at our certificate only after the request has come: its alert says that it went no further."""

    async def body() -> None:
        demand = rig.clients if wrong == "missing" else trustme.CA()
        server = TlsServer(server_context(rig.authority, demand=demand), verdict_after=20_000)
        async with server.listening():
            api = rig.api(server.url, certificate=wrong != "missing")
            answer = await api.post(HUB, [b'"' + b"x" * 100_000 + b'"'])
            await api.aclose()
            assert answer.kind is AnswerClass.UNAVAILABLE, answer
            assert ("CERTIFICATE_REQUIRED" if wrong == "missing" else "UNKNOWN_CA") in answer.excerpt
            assert "ReadError" not in answer.excerpt and "Refused" not in answer.excerpt, "it was sent"
            assert server.requests == []

    run(loop, body())


@on_both_loops
def test_a_server_that_is_slow_with_its_verdict_gets_the_request(rig: Rig, loop: Loop) -> None:
    """One that gives out no session tickets stays silent: that is waited for no longer than connecting took."""

    async def body() -> None:
        context = server_context(rig.authority, demand=rig.clients)
        context.num_tickets = 0
        async with TlsServer(context).listening() as server:
            assert (await rig.once(server.url)).kind is AnswerClass.ACCEPTED

    run(loop, body())


@on_both_loops
@pytest.mark.parametrize("wrong", ["authority", "host name"])
def test_a_server_that_is_not_the_api_gets_nothing(rig: Rig, loop: Loop, wrong: str) -> None:
    """Signed by nobody that we trust, or for another host: no token and no lead leaves."""

    async def body() -> None:
        names = ("other.example",) if wrong == "host name" else ()
        async with TlsServer(server_context(rig.authority, *names)).listening() as server:
            answer = await rig.once(server.url, ca=wrong == "host name")
            assert answer.kind is AnswerClass.UNAVAILABLE and "certificate" in answer.excerpt.lower()
            assert server.requests == []

    run(loop, body())


@on_both_loops
def test_a_rotated_token_is_used_without_a_401(rig: Rig, loop: Loop) -> None:
    """The next request after the next look has it, on the connection that is there."""

    async def body() -> None:
        async with TlsServer(server_context(rig.authority)).listening() as server:
            api = rig.api(server.url, certificate=False)
            await api.post(HUB, LEADS)
            rig.mount.put(token=b"token-2", ca=rig.authority.cert_pem.bytes())
            await api.post(HUB, LEADS)
            assert b"Bearer token-1" in server.requests[1], "it is not looked at for each request"
            rig.clock += 1
            await api.post(HUB, LEADS)
            assert b"Bearer token-2" in server.requests[2]
            assert rig.reloads == ["token"], "the same authority in another file is no other certificate"
            assert len(server.clients) == 1 and rig.troubles == []
            await api.aclose()

    run(loop, body())


@on_both_loops
def test_a_rotated_client_certificate_is_shown_by_the_next_request(rig: Rig, loop: Loop) -> None:
    """Not before certificate and key fit each other; until then the old pair stays, and somebody is told once."""

    async def body() -> None:
        async with TlsServer(server_context(rig.authority, demand=rig.clients)).listening() as server:
            api = rig.api(server.url)
            await api.post(HUB, LEADS)
            common = {"token": b"token-1", "ca": rig.authority.cert_pem.bytes()}
            one, two = rig.pair("one"), rig.pair("two")
            for cert, key in ((two["cert"], one["key"]), (two["cert"], b"")):
                rig.mount.put(**common, cert=cert, key=key)
                for _ in range(3):
                    rig.clock += 1
                    assert (await api.post(HUB, LEADS)).kind is AnswerClass.ACCEPTED
            assert (server.clients, rig.reloads, len(rig.troubles)) == (["one"], [], 2)
            assert "does not belong to the certificate" in rig.troubles[0]
            rig.mount.put(**common, **two)
            rig.clock += 1
            assert (await api.post(HUB, LEADS)).kind is AnswerClass.ACCEPTED
            assert (server.clients, rig.reloads, len(rig.troubles)) == (["one", "two"], ["certificate"], 2)
            await api.aclose()

    run(loop, body())


@on_both_loops
def test_an_authority_that_left_the_file_is_trusted_no_more(rig: Rig, loop: Loop) -> None:
    """Also on the connection that it vouched for; and trusted again when it is back."""

    async def body() -> None:
        async with TlsServer(server_context(rig.authority)).listening() as server:
            api = rig.api(server.url, certificate=False)
            kinds = []
            for authority in (rig.authority, trustme.CA(), rig.authority):
                rig.mount.put(token=b"token-1", ca=authority.cert_pem.bytes())
                rig.clock += 1
                kinds.append((await api.post(HUB, LEADS)).kind)
            assert kinds == [AnswerClass.ACCEPTED, AnswerClass.UNAVAILABLE, AnswerClass.ACCEPTED]
            assert (len(server.requests), rig.reloads) == (2, ["certificate"] * 2)
            await api.aclose()

    run(loop, body())


def test_token_files_that_cannot_be_used_change_nothing(rig: Rig) -> None:
    """Gone, empty, two words, a pipe, larger than any token, unreadable: the last good one stays."""
    token = rig.folder / "token"
    file = TokenFile(token)

    def put(content: bytes) -> None:
        token.unlink(missing_ok=True)
        token.write_bytes(content)

    def pipe() -> None:
        token.unlink()
        os.mkfifo(token)

    spoils: list[Callable[[], object]] = [
        token.unlink,
        lambda: put(b""),
        lambda: put(b"two words"),
        pipe,
        lambda: put(b"x" * (1024 * 1024 + 1)),
        lambda: put(b"\xff\xfe"),
    ]
    for spoil in spoils:
        spoil()
        for look in (file.look, file.look, file.reread):
            with pytest.raises(ValueError, match="token: ") as caught:
                look()
            assert "two words" not in str(caught.value).removesuffix("blanks")
        assert file.value == "token-1"
    put(b"token-2\n")
    assert file.look() and file.value == "token-2"
    assert not file.look() and not file.reread()


def test_what_the_files_lack_is_told_all_at_once(rig: Rig, tmp_path: Path) -> None:
    """Each with the key of the configuration that it belongs to, and a way out; never what is in them."""
    pair, other = rig.pair("one"), rig.pair("two")
    encrypted = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nc2VjcmV0\n-----END ENCRYPTED PRIVATE KEY-----\n"
    broken = pair["cert"][: len(pair["cert"]) // 2] + b"\n-----END CERTIFICATE-----\n"
    paths = {name: tmp_path / f"file-{name}" for name in ("ca", "cert", "key")}

    def told(ca: bytes | None, cert: bytes | None, key: bytes | None) -> list[tuple[str, str]]:
        given = {}
        for name, content in (("ca", ca), ("cert", cert), ("key", key)):
            if content is not None:
                paths[name].write_bytes(content)
                given[name] = paths[name]
        files = TlsFiles(given.get("ca"), given.get("cert"), given.get("key"))
        problems = files.problems()
        assert all(problem.hint and "c2Vj" not in problem.message for problem in problems)
        if problems:
            with pytest.raises(ValueError, match="file-"):
                files.context()
        else:
            files.context()
        return [(problem.part, problem.message.split(": ", 1)[1].split(" (")[0]) for problem in problems]

    assert told(rig.authority.cert_pem.bytes(), pair["cert"], pair["key"]) == []
    assert told(None, pair["cert"] + pair["key"], None) == []
    assert told(b"x", b"y", b"z") == [
        ("ca_file", "no certificate of an authority"),
        ("client_certificate", "no certificate is in it"),
        ("client_key", "no private key is in it"),
    ]
    assert told(None, pair["cert"], other["key"]) == [
        ("client_key", "the private key does not belong to the certificate")
    ]
    assert told(None, pair["cert"], None) == [("client_certificate", "no private key is in it")]
    assert told(None, pair["cert"], encrypted) == [("client_key", "the private key has a passphrase")]
    assert told(None, pair["cert"] + other["key"], None) == [
        ("client_certificate", "the private key does not belong to the certificate")
    ]
    assert told(None, broken, pair["key"]) == [("client_key", "certificate and key cannot be used")]


def test_a_real_passphrase_is_found_and_not_asked_for(rig: Rig, tmp_path: Path) -> None:
    """A key in the old form too, whose first line is that of an open one."""
    pair = rig.pair("one")
    (tmp_path / "c").write_bytes(pair["cert"])
    lines = pair["key"].splitlines()
    old = [lines[0], b"Proc-Type: 4,ENCRYPTED", b"DEK-Info: AES-256-CBC,00", b"", *lines[1:]]
    (tmp_path / "k").write_bytes(b"\n".join(old))
    [problem] = TlsFiles(None, tmp_path / "c", tmp_path / "k").problems()
    assert problem.part == "client_key" and "passphrase" in problem.message
