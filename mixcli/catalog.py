"""What there is, by name: tables of `name -> "module:object"`, imported only when a name is used.

One line here and one file there add a measure, a rewiring, a model, a graph family or a format; choices on the command
line, `mixcli methods`, the documentation and the property tests follow. Other packages add theirs through the entry
point groups `mixcli.measures`, `mixcli.rewirings`, … (consulted only when a name is not in the table).
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from mixcli.errors import UsageError
from mixcli.spec import Spec, build, nearest, parse

__all__ = [
    "COMMANDS", "FIGURES", "FORMATS", "GRAPHS", "MASKS", "MEASURES", "MODELS", "PROBES", "PROTOCOLS", "REWIRINGS",
    "SEQUENCE_MEASURES", "SEQUENCE_REWIRINGS", "TASKS", "Catalog",
]  # fmt: skip


class Catalog:
    """A table of lazily imported objects of one kind.

    Args:
        kind: what the entries are, for messages ("measure").
        table: name -> "module:object", in the order of listing.
        aliases: other spellings -> name.
        groups: name -> spec strings that it stands for, wherever several entries can be asked for.
    """

    def __init__(
        self,
        kind: str,
        table: dict[str, str],
        aliases: dict[str, str] | None = None,
        groups: dict[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.kind, self.table, self.aliases, self.groups = kind, table, aliases or {}, groups or {}

    def __iter__(self) -> Iterator[str]:
        return iter(self.table)

    def __contains__(self, name: str) -> bool:
        return self.canonical(name) in self.table or self.canonical(name) in self._plugins

    def canonical(self, name: str) -> str:
        """The catalog's own spelling of a name: case and the kind of dash do not matter, aliases are resolved."""
        name = name.strip().lower().replace("-", "_")
        name = self.aliases.get(name, name)
        return next((own for own in self.table if own.replace("-", "_") == name), name)

    def target(self, name: str) -> str:
        """`"module:object"` of a name.

        Raises:
            UsageError: no such name; the nearest one is suggested.
        """
        key = self.canonical(name)
        found = self.table.get(key) or self._plugins.get(key)
        if found is None:
            hint = nearest(key, [*self.table, *self.aliases, *self.groups, *self._plugins])
            raise UsageError(f"a {self.kind}", repr(name), hint or f"one of: {', '.join(self.table)}")
        return found

    def expand(self, specs: Iterable[str]) -> list[str]:
        """The specs, each group replaced by what it stands for and nothing listed twice.

        Example:
            >>> MEASURES.expand(["degree", "default"])[:3]
            ['degree', 'size', 'distance']
        """
        flat = (one for spec in specs for one in self.groups.get(spec.strip().lower().replace("_", "-"), (spec,)))
        return list(dict.fromkeys(flat))

    def name_of(self, cls: type) -> str:
        """Catalog name of a class; its own, in lower case, where it is not in the table."""
        target = f"{cls.__module__}:{cls.__qualname__}"
        return next((n for n, t in {**self._plugins, **self.table}.items() if t == target), cls.__name__.lower())

    def get(self, name: str) -> Any:
        """Import and return the object behind a name."""
        module, _, attribute = self.target(name).partition(":")
        return getattr(importlib.import_module(module), attribute)

    def make(self, spec: str | Spec) -> Any:
        """The instance that a spec string describes.

        Example:
            >>> MEASURES.make("reach:layers=2")
            Reach(layers=2)
        """
        parsed = parse(spec) if isinstance(spec, str) else spec
        return build(self.get(parsed.name), Spec(self.canonical(parsed.name), parsed.values, parsed.options))

    def summary(self, name: str) -> str:
        """First line of the object's docstring, read from the source without importing it."""
        module, _, attribute = self.target(name).partition(":")
        spec = importlib.util.find_spec(module)
        if spec is None or not spec.origin:
            return ""
        for node in ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name == attribute:
                return (ast.get_docstring(node) or "").partition("\n")[0]
        return ""

    @cached_property
    def _plugins(self) -> dict[str, str]:
        from importlib.metadata import entry_points

        return {e.name: e.value for e in entry_points(group=f"mixcli.{self.kind.replace(' ', '_')}s")}


COMMANDS = Catalog(
    "command",
    {
        name: f"mixcli.cli.{name}:{name}"
        for name in (
            "analyze", "rewire", "compare", "merge", "export", "trace", "report", "plot", "convert", "methods",
            "doctor", "demo",
        )
    },
)  # fmt: skip

MEASURES = Catalog(
    "measure",
    {
        "size": "mixcli.measures.graph.size:Size",
        "degree": "mixcli.measures.graph.degree:Degree",
        "distance": "mixcli.measures.graph.distance:Distance",
        "reach": "mixcli.measures.graph.reach:Reach",
        "spectral_gap": "mixcli.measures.graph.spectral_gap:SpectralGap",
        "spectrum": "mixcli.measures.graph.spectrum:Spectrum",
        "algebraic_connectivity": "mixcli.measures.graph.algebraic_connectivity:AlgebraicConnectivity",
        "cheeger": "mixcli.measures.graph.cheeger:Cheeger",
        "mixing_time": "mixcli.measures.graph.mixing_time:MixingTime",
        "forman": "mixcli.measures.graph.forman:Forman",
        "augmented_forman": "mixcli.measures.graph.augmented_forman:AugmentedForman",
        "balanced_forman": "mixcli.measures.graph.balanced_forman:BalancedForman",
        "jost_liu": "mixcli.measures.graph.jost_liu:JostLiu",
        "ollivier": "mixcli.measures.graph.ollivier:Ollivier",
        "lin_lu_yau": "mixcli.measures.graph.lin_lu_yau:LinLuYau",
        "resistance_curvature": "mixcli.measures.graph.resistance_curvature:ResistanceCurvature",
        "effective_resistance": "mixcli.measures.graph.effective_resistance:EffectiveResistance",
        "commute_time": "mixcli.measures.graph.commute_time:CommuteTime",
        "kirchhoff": "mixcli.measures.graph.kirchhoff:Kirchhoff",
        "kemeny": "mixcli.measures.graph.kemeny:Kemeny",
        "hitting_time": "mixcli.measures.graph.hitting_time:HittingTime",
        "sensitivity": "mixcli.measures.graph.sensitivity:Sensitivity",
        "resistance_bound": "mixcli.measures.graph.resistance_bound:ResistanceBound",
        "dirichlet": "mixcli.measures.graph.dirichlet:Dirichlet",
        "ollivier_grc": "mixcli.measures.graph.ollivier_grc:OllivierGRC",
        "ricci_flow": "mixcli.measures.graph.ricci_flow:RicciFlow",
    },
    {"bfc": "balanced_forman", "lambda2": "spectral_gap", "gap": "spectral_gap", "total_resistance": "kirchhoff"},
    # What `analyze` measures when it is not told, and names for what is often asked for together.
    {
        "default": (
            "size", "degree", "distance", "reach", "spectral_gap", "balanced_forman", "effective_resistance",
            "commute_time", "kirchhoff",
        ),
        "all-curvatures": (
            "forman", "augmented_forman:cycles=3", "augmented_forman:cycles=4", "balanced_forman", "jost_liu",
            "ollivier", "lin_lu_yau", "resistance_curvature",
        ),
    },
)  # fmt: skip

# Measures of tokens that read each other; a few carry the name of the graph measure that asks the same question.
SEQUENCE_MEASURES = Catalog(
    "sequence measure",
    {
        "conformance": "mixcli.measures.sequence.conformance:Conformance",
        "structure": "mixcli.measures.sequence.structure:Structure",
        "reach": "mixcli.measures.sequence.reach:Reach",
        "paths": "mixcli.measures.sequence.paths:Paths",
        "runway": "mixcli.measures.sequence.runway:Runway",
        "influence": "mixcli.measures.sequence.influence:Influence",
        "position_bias": "mixcli.measures.sequence.position_bias:PositionBias",
        "mixing": "mixcli.measures.sequence.mixing:Mixing",
        "spectrum": "mixcli.measures.sequence.spectrum:Spectrum",
        "resistance_layered": "mixcli.measures.sequence.resistance_layered:LayeredResistance",
        "resistance_restart": "mixcli.measures.sequence.resistance_restart:RestartResistance",
        "resistance_ysl": "mixcli.measures.sequence.resistance_ysl:NoiseResistance",
        "hitting_sink": "mixcli.measures.sequence.hitting_sink:SinkHittingTime",
        "sinks": "mixcli.measures.sequence.sinks:Sinks",
        "entropy": "mixcli.measures.sequence.entropy:Entropy",
        "heads": "mixcli.measures.sequence.heads:HeadLabels",
        "rank": "mixcli.measures.sequence.rank:Rank",
        "collapse": "mixcli.measures.sequence.collapse:Collapse",
    },
    {"rollout": "influence"},
    # What `analyze` measures when it is not told, by kind of source.
    groups={
        "mask": (
            "structure", "reach", "paths", "influence:residual=none", "influence", "mixing", "resistance_layered",
            "resistance_restart", "hitting_sink", "spectrum",
        ),
        "attention": (
            "conformance", "structure", "influence", "position_bias", "mixing", "resistance_restart", "sinks",
            "entropy", "heads", "rank", "collapse",
        ),
        "over-squashing": ("influence:scale=bound",),
    },
)  # fmt: skip

REWIRINGS = Catalog(
    "rewiring",
    {
        "sdrf": "mixcli.rewiring.graph.sdrf:SDRF",
        "fosr": "mixcli.rewiring.graph.fosr:FoSR",
        "borf": "mixcli.rewiring.graph.borf:BORF",
        "afrc": "mixcli.rewiring.graph.afrc:AFRC",
        "gtr": "mixcli.rewiring.graph.gtr:GTR",
        "err": "mixcli.rewiring.graph.err:ERR",
        "proxy": "mixcli.rewiring.graph.proxy:Proxy",
        "digl": "mixcli.rewiring.graph.digl:DIGL",
        "random": "mixcli.rewiring.graph.random:RandomEdges",
        "double_edge_swap": "mixcli.rewiring.graph.double_edge_swap:DoubleEdgeSwap",
        "drop_edge": "mixcli.rewiring.graph.drop_edge:DropEdge",
        "expander": "mixcli.rewiring.graph.expander:Expander",
        "cayley": "mixcli.rewiring.graph.cayley:Cayley",
        "last_layer_fa": "mixcli.rewiring.graph.last_layer_fa:LastLayerFA",
        "auto": "mixcli.rewiring.graph.auto:Auto",
        "replay": "mixcli.rewiring.graph.replay:Replay",
        "virtual_node": "mixcli.rewiring.graph.virtual_node:VirtualNode",
        "laser": "mixcli.rewiring.graph.laser:LASER",
    },
    {"fa": "last_layer_fa", "gdc": "digl"},
)

SEQUENCE_REWIRINGS = Catalog(
    "sequence rewiring",
    {
        "pause": "mixcli.rewiring.sequence.pause:Pause",
        "sink": "mixcli.rewiring.sequence.sink:Sink",
        "global": "mixcli.rewiring.sequence.global_tokens:GlobalTokens",
        "offsets": "mixcli.rewiring.sequence.offsets:Offsets",
        "bridge": "mixcli.rewiring.sequence.bridge:Bridge",
        "expander": "mixcli.rewiring.sequence.expander:MaskExpander",
        "greedy_resistance": "mixcli.rewiring.sequence.greedy_resistance:GreedyResistance",
        "differential": "mixcli.rewiring.sequence.differential:Differential",
        "replay": "mixcli.rewiring.sequence.replay:ReplayMasks",
    },
)

MODELS = Catalog(
    "model",
    {
        name: f"mixcli.training.models.{name}:{cls}"
        for name, cls in (
            ("gcn", "GCN"), ("gin", "GIN"), ("sage", "SAGE"), ("gat", "GAT"), ("gatedgcn", "GatedGCN"),
            ("rgcn", "RGCN"), ("rgin", "RGIN"), ("sgc", "SGC"), ("mlp", "MLP"), ("transformer", "Transformer"),
            ("decoder", "Decoder"),
        )
    },
)  # fmt: skip

PROTOCOLS = Catalog(
    "protocol", {n.lower(): f"mixcli.training.presets.{n.lower()}:{n}" for n in ("Fair", "FoSR", "SDRF", "BORF")}
)

PROBES = Catalog(
    "probe",
    {
        name: f"mixcli.training.probes.{name}:{cls}"
        for name, cls in (
            ("sensitivity", "JacobianSensitivity"), ("obstruction", "Obstruction"), ("dirichlet", "DirichletEnergy"),
            ("mad", "MeanAverageDistance"), ("rank", "RankOfStates"), ("collapse", "CollapseOfStates"),
            ("gradients", "Gradients"), ("spectrum", "JacobianSpectrum"), ("relation_share", "RelationShare"),
        )
    },
)  # fmt: skip
PROBES.groups["all"] = tuple(PROBES)

# Synthetic tasks, each with a graph of its own; other tasks follow from what a source holds.
TASKS = Catalog(
    "task",
    {
        name: f"mixcli.training.tasks.{name}:{cls}"
        for name, cls in (
            ("ring_transfer", "RingTransfer"), ("crossed_ring", "CrossedRing"), ("clique_path", "CliquePath"),
            ("tree_transfer", "TreeTransfer"), ("cliques_transfer", "CliquesTransfer"),
            ("neighbors_match", "NeighborsMatch"), ("cliques_match", "CliquesMatch"),
        )
    },
)  # fmt: skip

# Order matters: sniffing asks each format in turn and takes the first that recognises the bytes.
FORMATS = Catalog(
    "format",
    {
        **{
            name: f"mixcli.io.{name.replace('-', '_')}:FORMAT"
            for name in (
                "pt", "npy", "npz", "graphml", "gexf", "matrix-market", "gml", "pajek", "dimacs", "jsonl", "node-link",
                "edgelist",
            )
        },
        "csv": "mixcli.io.edgelist:CSV",
        "tsv": "mixcli.io.edgelist:TSV",
    },
    {"mtx": "matrix-market", "net": "pajek", "gr": "dimacs", "json": "node-link"},
)  # fmt: skip

GRAPHS = Catalog(
    "graph family",
    {
        name: f"mixcli.generators.graphs:{name}"
        for name in (
            "path", "cycle", "complete", "star", "bipartite", "grid", "torus", "hypercube", "tree", "petersen",
            "barbell", "lollipop", "ring_of_cliques", "erdos_renyi", "barabasi_albert", "watts_strogatz", "regular",
        )
    },
)  # fmt: skip

MASKS = Catalog(
    "mask",
    {
        name: f"mixcli.generators.{module}:{name}"
        for module, names in {
            "masks": (
                "causal", "full", "prefix", "window", "sink", "longformer", "dilated", "strided", "fixed", "log",
                "offsets", "block", "chunk", "vslash",
            ),
            "masks_grouped": ("packed", "docs", "tree"),
            "masks_random": ("random", "expander", "bigbird"),
            "masks_weighted": ("decay", "alibi"),
            "masks_outside": ("file",),
        }.items()
        for name in names
    },
)  # fmt: skip

FIGURES = Catalog(
    "figure",
    {
        name: f"mixcli.report.figures.{name}:{cls}"
        for name, cls in (
            ("histogram", "Histogram"), ("summary", "Summary"), ("curve", "BudgetCurve"), ("drawing", "Drawing"),
            ("heatmap", "HeatMap"), ("profile", "Profile"), ("heads", "HeadGrid"),
            ("differences", "Differences"), ("curves", "TrainingCurves"), ("best_of_k", "BestOfK"), ("probes", "Probes"),
        )
    },
)  # fmt: skip
