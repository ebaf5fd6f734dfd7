"""Commands that need what an installation may be without."""

from __future__ import annotations

import pytest
import typer

from connector.cli.parts import require


def test_what_is_installed_is_no_matter() -> None:
    """Nothing is said."""
    require("demo", "sandbox", "testbed")


@pytest.mark.parametrize(
    ("packages", "beginning"),
    [
        (("no_sandbox",), "sandbox: this installation has no no_sandbox, as the connector's image leaves it out. Use"),
        (("no_sandbox", "sandbox", "no_bed"), "sandbox: this installation has no no_sandbox and no no_bed, as"),
    ],
)
def test_what_is_absent_is_told(packages: tuple[str, ...], beginning: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each by its name, with a way out, and exit code 2."""
    with pytest.raises(typer.Exit) as ended:
        require("sandbox", *packages)
    assert ended.value.exit_code == 2
    said = capsys.readouterr().err
    assert said.startswith(beginning)
    assert "the image of the sandbox" in said and "make install" in said
