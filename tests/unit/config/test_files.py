from __future__ import annotations

import os
from pathlib import Path

import pytest

from connector.config import SecretFileError, read_secret
from tests.unit.config.conftest import VALID, Writer, changed


def test_a_secret_comes_without_the_line_break_at_its_end(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(b" a b\r\n\n")
    assert read_secret(file) == " a b"


@pytest.mark.parametrize("content", [b"", b"\n", b"  \n", b"\xffs3cret", b"s" * (1024 * 1024 + 1)])
def test_a_secret_that_cannot_be_used_is_told_without_its_content(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    with pytest.raises(SecretFileError) as caught:
        read_secret(file)
    assert str(file) in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_a_secret_is_not_awaited_from_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "missing", Path("a\0b")):
        with pytest.raises(SecretFileError):
            read_secret(path)


def test_files_that_are_missing_or_empty_are_problems_at_their_keys(
    config: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").touch()
    (tmp_path / "ca.pem").write_text("x")
    text = changed("  topics: [leads]\n", "  topics: [leads]\n  property_files: {sasl.password: /nope/password}\n")
    text = text.replace("domain: acme", "domain: acme\n  ca_file: ca.pem")
    text = text.replace("/run/secrets/ucontact/token", str(tmp_path / "empty"))
    problems = config.problems(text + "telemetry: {listen: 1}\n", check_files=True)
    assert [(problem.path, problem.line) for problem in problems] == [
        ("kafka.property_files[sasl.password]", 4),
        ("schemas.reader", 6),
        ("ucontact.token_file", 10),
        ("telemetry.listen", 17),
    ]
    assert "current directory" in problems[1].hint
    assert "the file is empty" in problems[2].message


def test_relative_paths_start_from_the_current_directory(
    config: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "schemas").mkdir(parents=True)
    (elsewhere / "schemas" / "lead_event.avsc").write_text("{}")
    (elsewhere / "token").write_text("t")
    monkeypatch.chdir(elsewhere)
    loaded = config.load(changed("/run/secrets/ucontact/token", "token"), check_files=True)
    assert loaded.base_directory == elsewhere


def test_a_token_put_where_its_path_belongs_is_not_shown(config: Writer) -> None:
    told = config.problems(changed("/run/secrets/ucontact/token", "/ab/s3cret+token=="), check_files=True)
    told += config.problems(changed("/run/secrets/ucontact/token", "s3cret"), check_files=True)
    assert "not the secret itself" in " ".join(problem.hint for problem in told)
    assert not any("s3cret" in str(problem) for problem in told)


def test_files_are_not_looked_for_when_asked_not_to(config: Writer) -> None:
    assert config.load(VALID, check_files=False)
