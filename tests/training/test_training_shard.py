"""Shards: every trial has one, and together they give what one run gives."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_training_compare import data, quick

from mixcli.errors import UsageError
from mixcli.training.shards import WHOLE, Shard
from mixcli.training.store import Store, digest_of


class Plan:
    """As much of a plan as is dealt out: trial by trial, arms with keys of their own or the same ones."""

    def __init__(self, arms: int, trials: int, kinds: int) -> None:
        self.arms, self.trials, self.kinds = range(arms), trials, kinds
        self.jobs = [(a, t) for t in range(trials) for a in self.arms]

    def key(self, arm: int, trial: int) -> str:
        return digest_of([arm % self.kinds, trial])


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 7), st.integers(1, 12), st.integers(1, 7), st.integers(1, 20))
def test_every_trial_belongs_to_one_shard_and_shards_are_even(arms: int, trials: int, kinds: int, of: int) -> None:
    plan = Plan(arms, trials, kinds)
    shards = [Shard(i + 1, of).trials(plan) for i in range(of)]
    keys = [key for shard in shards for key in shard]
    assert len(keys) == len(set(keys)) == min(arms, kinds) * trials
    assert set(keys) == set(WHOLE.trials(plan)) == {plan.key(*job) for job in plan.jobs}
    assert max(map(len, shards)) - min(map(len, shards)) <= 1
    for shard in shards:
        assert all(plan.key(*job) == key for key, job in shard.items())
        assert list(shard.values()) == sorted(shard.values(), key=plan.jobs.index)


def test_more_trials_leave_those_before_where_they_were() -> None:
    for number in (1, 2, 3):
        few, more = (Shard(number, 3).trials(Plan(4, trials, 4)) for trials in (5, 9))
        assert few.items() <= more.items()


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "1/0", "a/b", "-1/2", "1/2/3", ""])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="1/4"):
        Shard.parse(text)


def test_a_shard_trains_its_own_trials_and_says_so() -> None:
    arms = ["none", "random:iterations=2"]
    with Store() as store:
        part = quick({"toy": data()}, arms, store=store, shard=Shard(2, 4))
        own = set(Shard(2, 4).trials(part.plan))
        assert {part.plan.key(a, t) for a, t in part.plan.jobs} & store.known(own) == own
        assert len(store.trials()) == part.finished == part.planned == len(own)
        assert store.records() == []
        record = part.record()
        assert (record["shard"], record["interrupted"]) == ("2/4", False)
        assert "1 of 6" in record["note"] or "2 of 6" in record["note"]
        whole = quick({"toy": data()}, arms, store=store)
        assert "shard" not in whole.record()
        assert len(store.trials()) == 6


def test_arms_that_are_the_same_are_trained_once() -> None:
    with Store() as store:
        found = quick({"a": data(), "b": data()}, ["none"], trials=2, store=store)
        assert len(store.trials()) == 2
        assert [len(a.trials) for a in found.arms] == [2, 2]
        assert found.complete
