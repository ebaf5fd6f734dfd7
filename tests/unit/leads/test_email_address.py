"""Which texts are email addresses, and why others are none."""

from __future__ import annotations

import pytest

from connector.leads.email_address import address_problem

LABEL = "a" * 63


@pytest.mark.parametrize(
    "address",
    [
        "ana@example.com",
        "ana.perez+ads@mail.example.com.uy",
        "o'brien_1@sub-domain.example",
        "!#$%&'*+/=?^_`{|}~-@example.com",
        "1@2.example",
        "josé@example.com",
        "用户@例子.广告",
        "ana@münchen.example",
        "ana@xn--mnchen-3ya.example",
        "ana@EXAMPLE.Com",
        f"{'a' * 64}@example.com",
        f"a@{LABEL}.example",
        f"a@{'.'.join([LABEL] * 3)}.{'a' * 60}",
    ],
)
def test_an_address(address: str) -> None:
    """Dots, tags and apostrophes, letters of every script, and the longest that there may be."""
    assert address_problem(address) == ""


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("ana", "no @ in it"),
        ("ana.example.com", "no @ in it"),
        ("ana@maria@example.com", "more than one @"),
        ("@example.com", "nothing before"),
        ("ana@", "nothing after"),
        ("ana maria@example.com", "a blank"),
        ("ana@exam\u00a0ple.com", "a blank"),
        ("ana\x00@example.com", "control character"),
        ("ana@example.com\nbcc:x@example.com", "control character"),
        ("ana@example.com,eva@example.com", "more than one @"),
        ("<ana@example.com>", "a character before the @"),
        ('"ana"@example.com', "a character before the @"),
        ("ana;eva@example.com", "a character before the @"),
        (".ana@example.com", "a dot before the @"),
        ("ana.@example.com", "a dot before the @"),
        ("ana..maria@example.com", "a dot before the @"),
        ("ana@localhost", "no dot after"),
        ("ana@example.com.", "no domain name"),
        ("ana@.com", "no domain name"),
        ("ana@example..com", "no domain name"),
        ("ana@-example.com", "no domain name"),
        ("ana@example-.com", "no domain name"),
        ("ana@exam_ple.com", "no domain name"),
        ("ana@[192.0.2.1]", "no domain name"),
        ("ana@192.0.2.1", "ends in a number"),
        ("ana@ex\ud800ample.com", "control character"),
        (f"{'a' * 65}@example.com", "more than 64 octets"),
        (f"{'é' * 33}@example.com", "more than 64 octets"),
        (f"a@{LABEL}a.example", "no domain name"),
        (f"a@{'ü' * 63}.example", "no domain name"),
        (f"a@{'.'.join([LABEL] * 4)}", "longer than 254"),
        ("x" * 1_000_000, "longer than 254"),
    ],
)
def test_no_address(address: str, why: str) -> None:
    """Each reason in its own words, none of which quotes the address."""
    problem = address_problem(address)
    assert why in problem
    assert "ana" not in problem
    assert "example" not in problem
