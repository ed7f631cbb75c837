"""What a budget of edits does to a method: its own number of iterations then plays no role."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, TypeVar

from mixcli.errors import UsageError
from mixcli.spec import parameters

if TYPE_CHECKING:
    from mixcli.rewiring.base import Rewiring
    from mixcli.rewiring.sequence_base import SequenceRewiring

__all__ = ["check_budget", "planned", "without_end"]

UNBOUNDED = 2**31 - 1

Method = TypeVar("Method", bound="Rewiring | SequenceRewiring")


def check_budget(budget: int | None) -> None:
    """Refuse a negative budget.

    Raises:
        UsageError: it is negative.
    """
    if budget is not None and budget < 0:
        raise UsageError("a budget >= 0", str(budget), where="budget")


def planned(method: Rewiring | SequenceRewiring, budget: int | None) -> int:
    """How many edits, or iterations without a budget, are asked for; 0 where the method says no number.

    Example:
        >>> from mixcli.rewiring.graph.fosr import FoSR
        >>> planned(FoSR(3), None), planned(FoSR(3), 5)
        (3, 5)
    """
    return budget if budget is not None else int(getattr(method, "iterations", 0) or 0)


def without_end(method: Method, budget: int | None) -> Method:
    """The method as it runs under a budget: the budget alone decides where it stops."""
    if budget is None or "iterations" not in {f.name for f in parameters(type(method))}:
        return method
    return dataclasses.replace(method, iterations=UNBOUNDED)  # type: ignore[type-var]
