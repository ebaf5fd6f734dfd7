"""The fuzzing targets, with inputs that hypothesis makes: any bytes, and good inputs with some damage.

``make fuzz`` gives the same functions millions of inputs, guided by what each reaches.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz import samples
from fuzz.inputs import Source
from fuzz.targets import NAMES, target

each_target = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(autouse=True, scope="module")
def at_root() -> Iterator[None]:
    """Relative paths in the examples start at the repository's root."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(samples.ROOT)
        yield


@each_target
def test_what_is_good_is_no_finding(name: str) -> None:
    """The inputs to begin from, which are no longer than inputs may be."""
    for seed in target(name).seeds():
        assert len(seed) <= target(name).LONGEST
        target(name).one(seed)


@each_target
@settings(max_examples=300)
@given(data=st.data())
def test_any_bytes(name: str, data: st.DataObject) -> None:
    """Mostly short ones."""
    target(name).one(data.draw(st.binary(max_size=300)))


@each_target
@settings(max_examples=300)
@given(data=st.data())
def test_damage(name: str, data: st.DataObject) -> None:
    """Something cut out of a good input, doubled, or replaced by bytes or by a word that means something there."""
    content = data.draw(st.sampled_from(sorted(set(target(name).seeds()))))
    words = st.sampled_from(list(target(name).WORDS)) | st.binary(max_size=8)
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 40)))
        between = data.draw(words | st.just(content[start:end] * 2))
        content = content[:start] + between + content[end:]
    target(name).one(content)


@given(st.binary(max_size=40))
def test_choices_never_end(data: bytes) -> None:
    """Whatever is asked for after the end; and what is stretched is of a bounded size."""
    source = Source(data)
    source.number(), source.chunk(), source.text(), source.pick("ab")
    assert len(source.stretched(1_000)) <= 1_000 + len(data)
    assert (source.number(4), source.chunk(), source.stretched()) == (0, b"", b"")
