"""The cluster and what the cases share, once for all of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from e2e.bed import Bed
from e2e.clusters import choose


@pytest.fixture(scope="session")
def bed() -> Iterator[Bed]:
    """Started where it does not run yet, and then ended again."""
    cluster = choose()
    ours = not cluster.running
    try:
        cluster.up()
        bed = Bed(cluster)
        bed.make()
        yield bed
    finally:
        if ours:
            cluster.down()
