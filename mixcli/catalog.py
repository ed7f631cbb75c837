"""What there is, by name: tables of `name -> "module:object"`, imported only when a name is used.

One line here and one file there add a measure, a rewiring, a model, a graph family or a format; choices on the command
line, `mixcli methods`, the documentation and the property tests follow. Other packages add theirs through the entry
point groups `mixcli.measures`, `mixcli.rewirings`, … (consulted only when a name is not in the table).
"""

from __future__ import annotations

from mixcli.lazy import Catalog

__all__ = [
    "COMMANDS", "FIGURES", "FORMATS", "GRAPHS", "MASKS", "MEASURES", "MODELS", "PROBES", "PROTOCOLS", "REWIRINGS",
    "SEQUENCE_MEASURES", "SEQUENCE_REWIRINGS", "TASKS", "Catalog",
]  # fmt: skip

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
            ("differences", "Differences"), ("curves", "TrainingCurves"), ("best_of_k", "BestOfK"),
            ("probes", "Probes"),
        )
    },
)  # fmt: skip
