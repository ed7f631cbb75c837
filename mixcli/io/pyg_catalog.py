"""The datasets that `pyg:` knows: which class of torch_geometric reads them, from which raw files, in which folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mixcli.errors import UsageError
from mixcli.spec import nearest

__all__ = ["FAMILIES", "Family", "Wanted", "describe", "names", "wanted"]

SPLITS = tuple(range(10))


@dataclass(frozen=True)
class Family:
    """One dataset class of torch_geometric.

    Args:
        members: name -> number of classes; empty for a class that is a single dataset.
        folder: usual name of the root below a folder of datasets.
        kind: what there is to predict.
        raw: folder of the raw files below the root, with {name} and {lower}.
        files: the raw files, with {name} and {lower}.
        split_raw: the same under `split=geom-gcn`.
        split_files: further files under it.
        open: whether other names than the members exist.
    """

    members: dict[str, int]
    folder: str
    kind: str
    raw: str
    files: tuple[str, ...]
    split_raw: str = ""
    split_files: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    open: bool = False


_GEOM = ("out1_node_feature_label.txt", "out1_graph_edges.txt")
_NODE, _GRAPH = "node classification", "graph classification"

FAMILIES: dict[str, Family] = {
    "Planetoid": Family(
        {"Cora": 7, "CiteSeer": 6, "PubMed": 3}, "planetoid", _NODE, "{name}/raw",
        tuple(f"ind.{{lower}}.{part}" for part in ("x", "tx", "allx", "y", "ty", "ally", "graph", "test.index")),
        "{name}/geom-gcn/raw", tuple(f"{{lower}}_split_0.6_0.2_{i}.npz" for i in SPLITS), ("split",),
    ),
    "TUDataset": Family(
        {"MUTAG": 2, "ENZYMES": 6, "PROTEINS": 2, "IMDB-BINARY": 2, "REDDIT-BINARY": 2, "COLLAB": 3}, "tu", _GRAPH,
        "{name}/raw", ("{name}_A.txt", "{name}_graph_indicator.txt"),
        options=("use_node_attr", "use_edge_attr"), open=True,
    ),
    "WebKB": Family(
        {"Cornell": 5, "Texas": 5, "Wisconsin": 5}, "webkb", _NODE, "{lower}/raw",
        (*_GEOM, *(f"{{lower}}_split_0.6_0.2_{i}.npz" for i in SPLITS)),
    ),
    "WikipediaNetwork": Family(
        {"chameleon": 5, "squirrel": 5}, "wikipedia", _NODE, "{lower}/geom_gcn/raw",
        (*_GEOM, *(f"{{lower}}_split_0.6_0.2_{i}.npz" for i in SPLITS)),
    ),
    "Actor": Family(
        {}, "actor", _NODE, "raw", (*_GEOM, *(f"film_split_0.6_0.2_{i}.npz" for i in SPLITS)),
    ),
    "HeterophilousGraphDataset": Family(
        {"Roman-empire": 18, "Amazon-ratings": 5, "Minesweeper": 2, "Tolokers": 2, "Questions": 2}, "heterophilous",
        _NODE, "{lower}/raw", ("{lower}.npz",),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """A dataset as a spec names it.

    Args:
        family: name of the class.
        name: its member, in the class's own spelling; "Actor" where the class is the dataset.
        options: further arguments of the class.
    """

    family: str
    name: str
    options: tuple[tuple[str, str], ...] = ()

    @property
    def facts(self) -> Family:
        """What is known about the class."""
        return FAMILIES[self.family]

    @property
    def lower(self) -> str:
        """The name as raw files spell it."""
        return self.name.lower().replace("-", "_") if self.family != "TUDataset" else self.name.lower()

    @property
    def geom_gcn(self) -> bool:
        """Whether the ten splits of geom-gcn are asked for instead of the public one."""
        return ("split", "geom-gcn") in self.options

    @property
    def raw(self) -> str:
        """Folder of the raw files below the root."""
        return self._fill(self.facts.split_raw if self.geom_gcn else self.facts.raw)

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the raw files without which the dataset cannot be read."""
        return tuple(map(self._fill, self.facts.files + (self.facts.split_files if self.geom_gcn else ())))

    def __str__(self) -> str:
        path = self.family if not self.facts.members else f"{self.family}/{self.name}"
        return ",".join([f"pyg:{path}", *(f"{k}={v}" for k, v in self.options)])

    def _fill(self, pattern: str) -> str:
        return pattern.format(name=self.name, lower=self.lower)


def wanted(spec: str) -> Wanted:
    """Parse `[pyg:]CLASS/NAME[,key=value…]`; case and dashes do not matter.

    Raises:
        UsageError: no such class, dataset or option; the nearest one is suggested.

    Example:
        >>> str(wanted("pyg:planetoid/cora,split=geom-gcn"))
        'pyg:Planetoid/Cora,split=geom-gcn'
    """
    path, *pairs = spec.removeprefix("pyg:").replace(":", ",").split(",")
    word, _, member = path.strip().strip("/").partition("/")
    family = _match(word, FAMILIES)
    if family is None:
        hint = nearest(word, FAMILIES) or f"one of: {', '.join(FAMILIES)}"
        raise UsageError("a dataset class", repr(word), hint, where=f"pyg:{spec.removeprefix('pyg:')}")
    facts = FAMILIES[family]
    name = _match(member, facts.members) if facts.members else family
    if name is None and facts.open and member and member.replace("-", "").replace("_", "").isalnum():
        name = member
    if name is None or (not facts.members and member):
        known = ", ".join(facts.members) or f"no name: write pyg:{family}"
        raise UsageError(f"a dataset of {family}", repr(member), nearest(member, facts.members) or f"one of: {known}")
    return Wanted(family, name, tuple(_option(pair, facts, family) for pair in pairs if pair.strip()))


def names() -> list[str]:
    """Every known dataset as a source, for listings."""
    return [
        str(Wanted(family, name)) for family, facts in FAMILIES.items() for name in (list(facts.members) or [family])
    ]


def describe(spec: str) -> dict[str, Any]:
    """What there is to learn on a dataset, without reading it.

    Args:
        spec: as for `wanted`.

    Returns:
        `kind` ("node classification" or "graph classification") and `num_classes` (None where unknown).

    Example:
        >>> describe("TUDataset/MUTAG")
        {'source': 'pyg:TUDataset/MUTAG', 'kind': 'graph classification', 'num_classes': 2}
    """
    found = wanted(spec)
    classes = found.facts.members.get(found.name, 5 if found.family == "Actor" else None)
    return {"source": str(found), "kind": found.facts.kind, "num_classes": classes}


def _match(word: str, known: dict[str, Any]) -> str | None:
    folded = {name.lower().replace("-", "_"): name for name in known}
    return folded.get(word.strip().lower().replace("-", "_"))


def _option(pair: str, facts: Family, family: str) -> tuple[str, str]:
    key, _, value = (part.strip() for part in pair.partition("="))
    key = key.replace("-", "_")
    values = ("public", "full", "geom-gcn") if key == "split" else ("true", "false")
    if key not in facts.options:
        known = ", ".join(facts.options) or "none"
        raise UsageError(f"an option of {family} ({known})", repr(key), "leave it out")
    if value not in values:
        raise UsageError(f"{key} to be one of {', '.join(values)}", repr(value), "choose one of them")
    return key, value
