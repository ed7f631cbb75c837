"""Spec strings: what they mean, and what is said when they mean nothing."""

from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixcli.errors import UsageError
from mixcli.spec import Spec, build, param, parse, spec_of


@dataclass(frozen=True)
class Walk:
    steps: int = param(3, "length", ge=1)
    tau: float = param(1.0, "temperature", gt=0)
    lazy: bool = param(False, "stay with probability 1/2")
    variant: Literal["paper", "released"] = param("paper", "whose definition")
    bound: float | None = param(None, "upper bound")


def test_positional_values_follow_the_fields() -> None:
    assert build(Walk, parse("walk:5,2.5")) == Walk(5, 2.5)
    assert build(Walk, parse("walk:5,tau=inf")) == Walk(5, float("inf"))


def test_every_kind_of_value() -> None:
    made = build(Walk, parse("walk:steps=4,lazy=yes,variant=released,bound=0.5"))
    assert made == Walk(4, 1.0, True, "released", 0.5)
    assert build(Walk, parse("walk:bound=none")).bound is None
    assert build(Walk, parse("walk:tau=1/3")).tau == 1 / 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("walk:stepz=4", "did you mean steps"),
        ("walk:steps=0", "steps >= 1"),
        ("walk:steps=2.5", "a whole number"),
        ("walk:tau=nan", "a number"),
        ("walk:tau=1/0", "a number"),
        ("walk:tau=1/", "a number"),
        ("walk:steps=4/2", "a whole number"),
        ("walk:tau=0", "tau > 0"),
        ("walk:variant=papers", "did you mean paper"),
        ("walk:lazy=perhaps", "true or false"),
        ("walk:1,2,true,paper,1,1", "at most 5 values"),
        ("walk:1,steps=2", "once"),
        ("walk:steps=1,steps=2", "twice"),
        ("walk:tau=1,5", "positional values before named"),
        ("", "give a name"),
    ],
)
def test_mistakes_say_what_would_be_right(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        build(Walk, parse(text))


@given(
    st.builds(
        Walk,
        st.integers(1, 10**9),
        st.floats(1e-9, 1e9) | st.just(float("inf")),
        st.booleans(),
        st.sampled_from(["paper", "released"]),
        st.none() | st.floats(-1e6, 1e6),
    )
)
def test_spec_of_is_the_inverse_of_build(walk: Walk) -> None:
    assert build(Walk, parse(spec_of("walk", walk))) == walk


def test_spec_prints_as_it_was_written() -> None:
    assert str(Spec("sdrf", ("50",), (("tau", "20"),))) == "sdrf:50,tau=20"


def test_a_number_or_one_of_some_words() -> None:
    @dataclass(frozen=True)
    class Kept:
        share: float | Literal["none", "auto"] = param(0.5, "share", ge=0, le=1)
        kind: Literal["a", "b"] | None = param(None, "kind")

    assert build(Kept, parse("kept:AUTO")) == Kept("auto")
    assert build(Kept, parse("kept:share=none,kind=b")) == Kept("none", "b")
    assert build(Kept, parse("kept:1/4,kind=auto")) == Kept(0.25)
    assert spec_of("kept", Kept("auto")) == "kept:share=auto"
    for wrong in ("kept:share=2", "kept:share=never", "kept:kind=c"):
        with pytest.raises(UsageError):
            build(Kept, parse(wrong))
