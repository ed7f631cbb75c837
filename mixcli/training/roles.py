"""Which part each stored trial has in the comparisons of its store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mixcli.training.arms import NONE
from mixcli.training.outline import plan_of
from mixcli.training.plan import Plan
from mixcli.training.store import Store

__all__ = ["UNKNOWN", "Role", "roles_of"]


@dataclass(frozen=True)
class Role:
    """The part of an arm.

    Args:
        name: of the arm in tables; of a tuned one without the number of the setting.
        role: "baseline", "arm" or "control"; None where the store holds no comparison with the trial.
        control: what it controls for, empty for nothing. The baseline of a relational model is a control too.
        of: names of the arms that it is a control for.
    """

    name: str | None = None
    role: str | None = None
    control: str = ""
    of: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As columns of a table."""
        return {
            "name": self.name, "role": self.role, "control": self.control or None, "control_for": list(self.of) or None,
        }  # fmt: skip


UNKNOWN = Role()


def roles_of(store: Store) -> dict[str, Role]:
    """Key of a trial -> its role; in the oldest comparison where it is part of several.

    Args:
        store: the trials and the outlines of the comparisons.

    Cost: a digest for each trial of each comparison.

    Example:
        >>> with Store() as store:
        ...     roles_of(store)
        {}
    """
    found: dict[str, Role] = {}
    for outline in store.plans().values():
        plan = plan_of(outline)
        for arm, role in enumerate(_of_arms(plan)):
            for trial in range(plan.trials):
                found.setdefault(plan.key(arm, trial), role)
    return found


def _of_arms(plan: Plan) -> list[Role]:
    first = [plan.arms[own[0]] for own in plan.groups]
    baseline = next((a for a in first if a.spec == NONE), first[0])
    name = baseline.group or baseline.name
    return [_role(a.group or a.name, name, a.control, a.of) for a in plan.arms]


def _role(name: str, baseline: str, control: str, of: tuple[str, ...]) -> Role:
    return Role(name, "baseline" if name == baseline else "control" if control else "arm", control, of)
