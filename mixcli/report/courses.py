"""The training curves behind a stored comparison."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mixcli.errors import NotApplicable
from mixcli.report.fields import mappings, text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mixcli.report.subject import Shown

__all__ = ["courses"]


def courses(thing: Shown) -> dict[str, list[NDArray[np.float32]]]:
    """Arm -> (epochs, 4) curves of its trials, columns `trial_result.CURVES`; of tuned arms, of the chosen settings.

    Args:
        thing: a comparison out of a results database.

    Raises:
        NotApplicable: it does not come from a database, or its trials are not there.
    """
    from mixcli.training.outline import plan_of
    from mixcli.training.results import results_of
    from mixcli.training.store import Store

    if not thing.store:
        fix = "give the results database, not its record: mixcli plot results.db --figure curves"
        raise NotApplicable("stored trials", "a record without curves", fix, where=thing.name)
    with Store(thing.store, read_only=True) as store:
        outline = next((o for o in store.plans().values() if _same(o, thing.data)), None)
        if outline is None:
            fix = "run the comparison again"
            raise NotApplicable("the plan of the comparison", "none in the database", fix, where=thing.name)
        found = results_of(plan_of(outline), store)
    return {one.arm.name: [r.curves for r in one.trials.values()] for one in found if one.trials}


def _same(outline: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    """Whether a record tells of a plan."""
    keys = (("name", "dataset"), ("model", "model"), ("protocol", "protocol"), ("seed", "seed"), ("trials", "trials"))
    names = {text(arm, key) for arm in mappings(outline, "arms") for key in ("name", "group")}
    return (
        all(outline.get(a) == record.get(b) for a, b in keys)
        and {text(arm, "name") for arm in mappings(record, "arms")} <= names
    )
