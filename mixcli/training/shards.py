"""Parts of a plan for machines that know nothing of each other; `mixcli merge` puts together what they trained."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mixcli.errors import UsageError
from mixcli.training.plan import Job, Plan

__all__ = ["WHOLE", "Shard"]


@dataclass(frozen=True)
class Shard:
    """Shard `number` of `of`.

    Trial by trial, the keys of the arms are dealt in their order like cards, and the next trial goes on where the last
    one stopped. So every trial belongs to one shard, whoever asks; shards differ by one trial at most; arms are mixed,
    since keys are hashes; and more trials of the same arms leave those before where they were.

    Args:
        number: from 1.
        of: how many there are.

    Raises:
        UsageError: the number is not from 1 to `of`.

    Example:
        >>> Shard.parse("2/3")
        Shard(number=2, of=3)
    """

    number: int = 1
    of: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of:
            found = f"{self.number}/{self.of}"
            raise UsageError("a shard like 1/4, from 1 to the number of shards", found, where="--shard")

    @classmethod
    def parse(cls, text: str) -> Shard:
        """The shard that `i/n` names.

        Raises:
            UsageError: it is written otherwise.
        """
        match = re.fullmatch(r"\s*(\d{1,9})\s*/\s*(\d{1,9})\s*", text)
        if not match:
            raise UsageError("a shard like 1/4", repr(text), "number them from 1", where="--shard")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def trials(self, plan: Plan) -> dict[str, Job]:
        """Key -> (arm, trial) of its trials, in the order of running; arms that are the same in all come once."""
        own: set[str] = set()
        dealt = 0
        for trial in range(plan.trials):
            keys = sorted({plan.key(arm, trial) for arm in range(len(plan.arms))})
            own.update(key for place, key in enumerate(keys, dealt) if place % self.of == self.number - 1)
            dealt += len(keys)
        found: dict[str, Job] = {}
        for job in plan.jobs:
            key = plan.key(*job)
            if key in own:
                found.setdefault(key, job)
        return found


WHOLE = Shard()
"""All of the plan."""
