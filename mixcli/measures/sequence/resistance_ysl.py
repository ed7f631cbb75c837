"""Directed effective resistance after Young, Scardovi and Leonard: disagreement of two tokens under noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from mixcli.measures.mean_operator import mean_chain
from mixcli.measures.sequence_base import Level, SequenceMeasure, Values
from mixcli.measures.token_summary import token_details
from mixcli.numerics.closing import closed_classes
from mixcli.numerics.noise import disagreement, disagreement_from_first
from mixcli.sequence import TokenGraph
from mixcli.spec import param

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.context import Context

__all__ = ["NoiseResistance"]


@dataclass(frozen=True)
class NoiseResistance(SequenceMeasure):
    """Directed effective resistance of every token to the read-out: how far noise lets the two disagree.

    x' = -L x + noise,   r(j, r) = lim Var(x_j - x_r),   L = I - A

    with the solution of L̄ S + S L̄' = I on the space across 1 (`mixcli.numerics.noise`). Its square root is a metric.
    Under causal attention later tokens are *nearer* to the read-out: it says nothing of the runway of early tokens.

    Stated rules: layers that differ are averaged, heads are merged first. It exists where one token is read by all
    others, directly or indirectly, that is, where there is one closed class. Weakly connected components, such as
    packed documents, are looked at one by one: tokens of others are infinitely far from the read-out, and without a
    common token within its component there is no value at all.

    Args:
        laplacian: "random_walk" for I - A, or "combinatorial" for D - M of the mask's pairs, each counting 1 (the mean
            over layers); of attention weights both are the same.

    Returns:
        Values of level "token"; the residual is that of the Lyapunov equation, relative.

    Raises:
        LimitExceeded: the solve, or its (T, T) arrays, are over the limit.

    Cost: 2 T³ where queries read earlier keys only, by triangular halves; else 25 T³.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> NoiseResistance("combinatorial")(sequence_of("causal:tokens=3")).data.round(6).tolist()
        [1.666667, 1.0, 0.0]

    Source: Young, Scardovi & Leonard 2016, "A new notion of effective resistance for directed graphs", Parts I and II,
    IEEE Trans. Automatic Control 61. The triangular solve is ours.
    """

    laplacian: Literal["random_walk", "combinatorial"] = param("random_walk", "I - A, or D - M of the mask's pairs")

    level: ClassVar[Level] = "token"
    range: ClassVar[str] = "[0, inf]"
    better: ClassVar = None
    cost: ClassVar[str] = "2 T³ (causal), 25 T³ (otherwise)"
    caveat: ClassVar[str] = "not runway: orders positions the other way"
    equation: ClassVar[str] = "L̄ S + S L̄' = I, X = 2 Q' S Q, r_kj = X_kk + X_jj - 2 X_kj"
    cites: ClassVar[str] = "Young, Scardovi & Leonard, IEEE TAC 2016"

    def compute(self, tokens: TokenGraph, context: Context) -> Values:
        """One Lyapunov equation on the component of the read-out."""
        size = tokens.tokens
        work, instead = (4.0 if tokens.causal else 50.0) * size**3, "use resistance_restart, or fewer tokens"
        context.limits.check("resistance_ysl", memory=48.0 * size**2, operations=work, instead=instead)
        chain = mean_chain(tokens, context)
        near = _component(chain, tokens.read_out)
        places = np.flatnonzero(near)
        within = chain[np.ix_(places, places)]
        closed = int(closed_classes(within)[1].sum())
        if closed > 1:
            reason = f"no token that all others read, directly or indirectly: walks back end in {closed} places"
            return Values("token", None, reason=reason)
        table, residual = self._resistances(tokens, within, places)
        values = np.full(size, np.inf)
        values[places] = table[np.searchsorted(places, tokens.read_out)]
        values[tokens.read_out] = 0.0
        details = {**token_details(tokens, values), "component": len(places)}
        return Values("token", values, residual=residual, reason=details.get("reason", ""), details=details)

    def _resistances(
        self, tokens: TokenGraph, within: NDArray[np.float64], places: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], float]:
        if self.laplacian == "combinatorial" and tokens.kind == "mask":
            pairs = sum(tokens.visible(k)[np.ix_(places, places)] for k in range(tokens.depth)) / tokens.depth
        else:
            pairs = within.copy()
        np.fill_diagonal(pairs, 0.0)
        laplacian = np.diag(pairs.sum(axis=1)) - pairs
        if tokens.causal:
            return disagreement_from_first(laplacian)
        return disagreement(laplacian)


def _component(chain: NDArray[np.float64], token: int) -> NDArray[np.bool_]:
    """(T,) True for the tokens of a token's weakly connected component."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    _, of = connected_components(csr_array(chain), directed=False)
    return of == of[token]
