"""Limits: sizes as people write them, and refusals that name the way around."""

import pytest

from mixcli.errors import InputError, LimitExceeded, MixcliError, UsageError
from mixcli.limits import Limits, parse_bytes, thread_count


@pytest.mark.parametrize(
    ("text", "size"), [("1", 1), ("2k", 2048), ("1.5GiB", 3 * 2**29), (" 10 MB ", 10 * 2**20), ("1T", 2**40)]
)
def test_sizes(text: str, size: int) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "lots", "-1", "4 cats"])
def test_wrong_sizes(text: str) -> None:
    with pytest.raises(UsageError, match="800M or 4G"):
        parse_bytes(text)


def test_refusals_say_need_limit_and_way_around() -> None:
    with pytest.raises(LimitExceeded, match=r"2 KiB.*4 KiB.*use a sketch"):
        Limits(memory=2048).check("it", memory=4096, instead="use a sketch")
    with pytest.raises(LimitExceeded, match="operations"):
        Limits(operations=10).check("it", operations=11, instead="x")
    Limits(memory=2048).check("it", memory=2048, instead="x")
    assert not Limits(operations=10).allows(operations=11)


def test_threads() -> None:
    assert thread_count(3) == 3
    assert thread_count() >= 1


def test_errors_keep_their_parts_through_pickling() -> None:
    import pickle

    error = pickle.loads(pickle.dumps(InputError("a", "b", "c", where="d")))
    assert isinstance(error, InputError)
    assert str(error) == "d: expected a, found b; c"
    assert str(error.at("e")) == "e: d: expected a, found b; c"
    assert isinstance(error, MixcliError)
