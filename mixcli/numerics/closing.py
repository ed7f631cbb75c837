"""Walks over tokens that may also read later ones: visits before a closed class is entered, and times to a token.

The classes of tokens that reach each other form a directed graph without cycles. Those that nothing leads out of are
closed: a walk ends in one of them and never comes back. A walk from the read-out that enters one starts anew; where the
read-out is in a closed class itself it is the ordinary walk on that class, and starts anew when it is back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.numerics.absorbing import Visits

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["closed_classes", "times_to", "visits_before_closing"]


def closed_classes(chain: Any) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Classes of tokens that reach each other, and which of them are closed.

    Args:
        chain: (T, T) dense or sparse, above 0 where a walk may go from one token to another.

    Returns:
        (T,) the class of each token, and (classes,) True where nothing leads out of one.

    Example:
        >>> of, closed = closed_classes(np.array([[0.5, 0.5, 0], [0.5, 0.5, 0], [0, 0.5, 0.5]]))
        >>> bool(of[0] == of[1]), closed[of].tolist()
        (True, [True, True, False])
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    links = csr_array(chain)
    count, of = connected_components(links, directed=True, connection="strong")
    rows, keys = links.nonzero()
    closed = np.ones(count, dtype=bool)
    closed[of[rows[of[rows] != of[keys]]]] = False
    return of.astype(np.int64), closed


def visits_before_closing(chain: NDArray[np.float64], read_out: int) -> Visits:
    """Probability that the walk from the read-out visits a token before it starts anew.

    With G = (I - A_DD)^-1 over what is not closed, f_j = G_rj / G_jj, and every token of a closed class S, taken as
    one, has Σ_{j in S} (G_r A_DS)_j. In a closed class, G is over all of it but r, and f_j = (A_r G)_j / G_jj, which
    is E[return to r] / commute(j, r).

    Args:
        chain: (T, T) row-stochastic.
        read_out: r.

    Cost: T³ operations, four (T, T) arrays.

    Example:
        >>> visits_before_closing(np.full((4, 4), 0.25), 0).probability.round(12).tolist()
        [1.0, 0.5, 0.5, 0.5]
    """
    of, closed = closed_classes(chain)
    inside = bool(closed[of[read_out]])
    places = np.flatnonzero(of == of[read_out] if inside else ~closed[of])
    places = places[places != read_out] if inside else places
    size, found = len(places), np.zeros(len(chain))
    left = np.eye(size) - chain[np.ix_(places, places)]
    green = np.linalg.inv(left)
    start = chain[read_out, places] if inside else (places == read_out).astype(np.float64)
    visits = start @ green
    residual = float(np.abs(visits @ left - start).max(initial=0.0))
    found[places] = visits / np.diagonal(green)
    for one in np.flatnonzero(closed) if not inside else ():
        members = np.flatnonzero(of == one)
        found[members] = float((visits @ chain[np.ix_(places, members)]).sum())
    found[read_out] = 1.0
    return Visits(found, 1.0 + float(visits.sum()), residual)


def times_to(chain: NDArray[np.float64], target: int) -> NDArray[np.float64]:
    """(T,) expected steps of the walk to a token; infinite where it may miss it for good.

    (I - A_GG) h = 1 over the tokens G from which every way can still lead to the target.

    Args:
        chain: (T, T) row-stochastic.
        target: the token.

    Cost: 2 T³ / 3 operations, three (T, T) arrays.

    Example:
        >>> times_to(np.full((4, 4), 0.25), 0).round(12).tolist()
        [0.0, 4.0, 4.0, 4.0]
    """
    steps = np.array(chain)
    steps[target] = 0.0
    home = _leading_to(steps, np.arange(len(chain)) == target)
    sure = ~_leading_to(steps, ~home)
    sure[target] = False
    places = np.flatnonzero(sure)
    times = np.full(len(chain), np.inf)
    times[target] = 0.0
    left = np.eye(len(places)) - chain[np.ix_(places, places)]
    times[places] = np.linalg.solve(left, np.ones(len(places)))
    return times


def _leading_to(steps: NDArray[np.float64], goal: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tokens from which a walk can get to one of a set."""
    found, reads = goal.copy(), steps > 0
    fresh = found
    while fresh.any():
        fresh = reads[:, fresh].any(axis=1) & ~found
        found |= fresh
    return found
