"""Every file has its line, every line has its file, and every method states its facts."""

import dataclasses
import importlib
import re
from pathlib import Path

import pytest

import mixcli
from mixcli.catalog import (
    COMMANDS,
    FIGURES,
    FORMATS,
    GRAPHS,
    MASKS,
    MEASURES,
    MODELS,
    PROBES,
    REWIRINGS,
    SEQUENCE_MEASURES,
    SEQUENCE_REWIRINGS,
    TASKS,
    Catalog,
)
from mixcli.errors import UsageError
from mixcli.measures.base import Measure
from mixcli.measures.sequence_base import SequenceMeasure
from mixcli.report.figures.base import Plot
from mixcli.rewiring.base import Rewiring
from mixcli.rewiring.sequence_base import SequenceRewiring
from mixcli.spec import parameters, spec_of

PACKAGE = Path(mixcli.__file__).parent
ALL = [
    COMMANDS, FIGURES, FORMATS, GRAPHS, MASKS, MEASURES, MODELS, PROBES, REWIRINGS, SEQUENCE_MEASURES,
    SEQUENCE_REWIRINGS, TASKS,
]  # fmt: skip
ENTRIES = [(c, n) for c in ALL for n in c]


@pytest.mark.parametrize(("catalog", "name"), ENTRIES, ids=lambda x: x if isinstance(x, str) else x.kind)
def test_entry_resolves_and_has_a_summary(catalog: Catalog, name: str) -> None:
    thing = catalog.get(name)
    if catalog is FORMATS:
        assert thing.name == name
        return
    summary = catalog.summary(name)
    assert summary.endswith((".", "?")), f"{name}: {summary!r}"
    assert summary == (thing.__doc__ or "").strip().partition("\n")[0]


@pytest.mark.parametrize(
    ("folder", "catalog"),
    [
        ("measures/graph", MEASURES),
        ("measures/sequence", SEQUENCE_MEASURES),
        ("rewiring/graph", REWIRINGS),
        ("rewiring/sequence", SEQUENCE_REWIRINGS),
        ("training/models", MODELS),
        ("report/figures", FIGURES),
    ],
)
def test_every_file_has_its_line(folder: str, catalog: Catalog) -> None:
    base = folder.replace("/", ".")
    listed = {t.partition(":")[0].rpartition(".")[2] for t in catalog.table.values()}
    for path in (PACKAGE / folder).glob("*.py"):
        module = importlib.import_module(f"mixcli.{base}.{path.stem}")
        holds_method = any(
            isinstance(v, type)
            and issubclass(v, (Measure, SequenceMeasure, Rewiring, SequenceRewiring, Plot))
            and v is not Plot
            and v.__module__ == module.__name__
            for v in vars(module).values()
        )
        assert not holds_method or path.stem in listed, f"{path} has no line in the catalog"


FACTS = {
    MEASURES.kind: ("level", "unit", "range", "cost", "disconnected", "equation", "cites"),
    SEQUENCE_MEASURES.kind: ("level", "unit", "range", "cost", "equation", "cites"),
    REWIRINGS.kind: ("cost", "equation", "cites", "score"),
    SEQUENCE_REWIRINGS.kind: ("cost", "equation", "cites", "score"),
}


@pytest.mark.parametrize(
    ("catalog", "name"), [e for e in ENTRIES if e[0].kind in FACTS], ids=lambda x: x if isinstance(x, str) else x.kind
)
def test_method_states_its_facts(catalog: Catalog, name: str) -> None:
    cls = catalog.get(name)
    for fact in FACTS[catalog.kind]:
        assert isinstance(getattr(cls, fact), str)
        assert getattr(cls, fact)
    if issubclass(cls, Measure):
        assert cls.weighted in ("used", "ignored")
    if issubclass(cls, (SequenceMeasure, SequenceRewiring)):
        assert set(cls.sources) <= {"mask", "attention"}
    assert re.search(r"\b(1[89]|20)\d\d\b", cls.cites) or cls.cites in ("by definition", "ours"), (
        f"{name}: a citation needs a year"
    )


@pytest.mark.parametrize(
    ("catalog", "name"),
    [(c, n) for c in (MEASURES, SEQUENCE_MEASURES, REWIRINGS, SEQUENCE_REWIRINGS, FIGURES) for n in c],
)
def test_method_is_a_frozen_dataclass_with_documented_parameters(catalog: Catalog, name: str) -> None:
    method = catalog.make(name)
    assert dataclasses.is_dataclass(method)
    assert method.__dataclass_params__.frozen
    for field in parameters(type(method)):
        assert field.metadata.get("help"), f"{name}: parameter {field.name} has no help"
    assert catalog.make(spec_of(name, method)) == method
    assert ">>>" in (type(method).__doc__ or ""), f"{name}: no runnable example"


@pytest.mark.parametrize("name", list(FIGURES))
def test_figure_states_its_facts(name: str) -> None:
    cls = FIGURES.get(name)
    assert cls.axes
    assert set(cls.sources) <= {"graph", "mask", "attention", "values", "analysis", "trace", "comparison"}


def test_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean spectral_gap"):
        MEASURES.get("spectral_gpa")


def test_spelling_is_forgiving() -> None:
    assert REWIRINGS.get("Last-Layer-FA") is REWIRINGS.get("last_layer_fa")


def test_groups_stand_for_measures_that_exist() -> None:
    for catalog in (MEASURES, SEQUENCE_MEASURES):
        for name, specs in catalog.groups.items():
            assert name not in catalog
            for spec in specs:
                catalog.make(spec)


def test_a_group_is_expanded_in_place_and_once() -> None:
    table = {"a": "m:A", "b": "m:B"}
    catalog = Catalog("thing", table, groups={"all-things": ("a", "b:x=1")})
    assert catalog.expand(["b", "all_things", "a"]) == ["b", "a", "b:x=1"]
