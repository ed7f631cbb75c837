"""Results of trials as numbers, checked."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["ROUNDING", "checked"]

ROUNDING = 1e-12
"""What differs by less counts as equal."""


def checked(values: ArrayLike, bounds: tuple[float, float] | None = None) -> NDArray[np.float64]:
    """(n,) the results, where they are numbers that can be.

    Args:
        values: results, or differences.
        bounds: least and greatest there can be, None where there are none.

    Raises:
        ValueError: one is not finite, or out of bounds.

    Example:
        >>> checked([1, 2]).tolist()
        [1.0, 2.0]
    """
    x = np.array(values, dtype=np.float64).ravel()
    if not np.isfinite(x).all():
        raise ValueError("expected finite results, found NaN or infinity")
    if bounds is not None and len(x) and (x.min() < bounds[0] or x.max() > bounds[1]):
        raise ValueError(f"expected results from {bounds[0]} to {bounds[1]}, found {x.min()} to {x.max()}")
    return x
