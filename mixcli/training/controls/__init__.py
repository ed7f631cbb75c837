"""Controls: arms that show how much of a difference is the rewiring's own.

Without edges (`mlp`), the same network is a multilayer perceptron over nodes: what it reaches needs no graph. As many
edges, placed at random (`random`), show what any change of that size does. Edges at random under the degrees that a
rewiring gave (`degrees`) show what these degrees do. A relational model's baseline has the relation of added edges
too, `empty`, and so the same parameters.
"""

from __future__ import annotations

from mixcli.training.controls.arms import controlled
from mixcli.training.controls.kinds import DEFAULT, kinds_of
from mixcli.training.controls.matched import MatchedRandom
from mixcli.training.controls.missing import lacking, mixes

__all__ = ["DEFAULT", "MatchedRandom", "controlled", "kinds_of", "lacking", "mixes"]
