"""The page: what the records support and nothing else, in one file that fetches nothing and runs nothing."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from mixcli.context import Context
from mixcli.errors import InputError
from mixcli.generators.graphs import barbell, complete, path
from mixcli.generators.mask_spec import sequence_of
from mixcli.graph import Graph
from mixcli.report.analysed import measured_record
from mixcli.report.commands import analyze_command, compare_command, trace_command
from mixcli.report.findings import findings
from mixcli.report.page import page, sections
from mixcli.report.shown import from_text, of_record, stored
from mixcli.report.subject import Shown
from mixcli.rewiring.base import rewire
from mixcli.training.compare import compare

EVIL = [
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "\u202eevil\u2066",
    "{{ 7*7 }}",
    "a\x00b",
    "]]>",
]
VOID = {"meta", "br", "img", "link", "use", "path", "image"}


class Checked(HTMLParser):
    """Collects tags, attributes and text, and minds that tags are closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data if self.open[-1:] != ["style"] else ""


def harmless(text: str) -> Checked:
    """The page, once it is sure that it runs nothing and fetches nothing."""
    seen = Checked(text)
    names = {tag for tag, _ in seen.tags}
    assert not names & {"script", "iframe", "object", "embed", "link", "form", "base", "img", "foreignobject"}
    for tag, attributes in seen.tags:
        for key, value in attributes.items():
            assert not key.startswith("on"), (tag, key)
            if key in ("href", "src", "xlink:href"):
                assert value.startswith(("#", "data:image/png;base64,")), value
    outside = re.findall(r"https?://[^\s\"'<]+", text)
    assert {url for url in outside if not url.startswith("http://www.w3.org/")} == set()
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f\x00]", text)
    ids = [a["id"] for _, a in seen.tags if "id" in a]
    twice = {i for i in ids if ids.count(i) > 1}  # matplotlib names equal shapes by their content, sometimes twice
    assert {i for i in twice if not re.fullmatch(r"s\d+f\d+-[a-zA-Z]\w{10,}", i)} == set()
    used = {m for t, a in seen.tags for v in a.values() if v for m in re.findall(r"#([\w-]+)\)?$", v) if t != "meta"}
    assert {u for u in used if not re.fullmatch("[0-9a-f]{6}", u)} <= set(ids)
    return seen


def made(things: list[Shown]) -> tuple[str, Checked]:
    text = page(sections(things, Context()))
    return text, harmless(text)


def shown(g, name: str = "g") -> Shown:
    return Shown("graph", name, g.replace(name=name))


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("page") / "r.db"
    compare(barbell(4).replace(name="b"), ["none", "fosr:2"], "gcn:hidden=4", 2, protocol="epochs=3", store=target)
    return target


def test_a_source_is_measured_told_and_drawn() -> None:
    text, seen = made([shown(barbell(5), "barbell")])
    assert "1 of 21 edges has negative balanced Forman curvature, lowest −1.2 at edge 4–5" in seen.text
    assert "a bridge: there is no way around it" in seen.text
    assert "mixcli analyze barbell -m size" in seen.text
    assert len([1 for tag, _ in seen.tags if tag == "svg"]) == 4
    assert "Balanced forman of 21 edges of barbell, exact." in seen.text
    assert text == page(sections([shown(barbell(5), "barbell")], Context()))  # byte for byte


def test_what_rewiring_did_stands_beside_what_was() -> None:
    done = rewire(barbell(5), "sdrf:4")
    thing = Shown("graph", "b", done.graph.replace(name="b"), before=done.base, method="sdrf:4")
    _, seen = made([thing])
    assert "sdrf:4: 21 → 25 edges (+4 −0)." in seen.text
    assert "Before and after" in seen.text
    assert "Spectral gap 0.0726 → " in seen.text


def test_nothing_is_claimed_that_the_record_does_not_support() -> None:
    assert findings({}) == []
    assert findings({"kind": "graph", "measures": {"balanced_forman": {"level": "edge"}}}) == []
    assert findings({"kind": "graph", "measures": {"spectral_gap": {"value": None, "reason": "one node"}}}) == []
    spread = {"count": 3, "min": 0.5, "negative_fraction": 0.0}
    record = {"kind": "graph", "measures": {"balanced_forman": {"level": "edge", "summary": spread, "exact": True}}}
    assert findings(record) == ["No edge has negative balanced Forman curvature; the lowest is 0.5."]
    weighted = {"level": "edge", "summary": {"max": 1.0, "q50": 1.0}, "exact": True, "argmax": [[0, 1]]}
    for graph, bridge in (({"weighted": True}, False), ({"weighted": False}, True)):
        (said,) = findings({"kind": "graph", "graph": graph, "measures": {"effective_resistance": weighted}})
        assert ("bridge" in said) is bridge
    (said,) = findings({"kind": "graph", "measures": {"distance": {"value": 9, "exact": False}}})
    assert "at least 9 hops" in said
    assert "(An estimate.)" in said


def test_components_and_values_that_are_not_defined_give_reasons() -> None:
    _, seen = made([shown(Graph(5, np.array([[0, 1], [2, 3]])), "two")])
    assert "The graph has 3 components" in seen.text
    assert "components" in seen.text
    _, seen = made([shown(Graph(0, np.zeros((0, 2), np.int64)), "empty"), shown(path(1), "one")])
    assert "0 nodes" in seen.text


def test_directed_graphs_masks_and_attention() -> None:
    from mixcli.sequence import Attention

    weights = np.tril(np.ones((1, 2, 6, 6))) / np.arange(1, 7)[:, None]
    g = Graph(3, np.array([[0, 1], [1, 2], [2, 0]]), directed=True)
    tokens = sequence_of("window:2,tokens=8,layers=2")
    _, seen = made([shown(g), Shown("mask", "m", tokens), Shown("attention", "a", Attention.of(weights, name="a"))])
    assert "5 of 8 tokens do not get through to the read-out within 2 layers." in seen.text
    assert "Token 0 takes 40.8% of the attention on average, 40.8% would be uniform" in seen.text
    assert seen.text.count("directed") >= 1


def test_a_comparison_says_what_its_record_says(database: Path) -> None:
    things = stored(str(database))
    _, seen = made(things)
    arm = things[0].data["arms"][1]
    assert f"{arm['name']}: {arm['verdict']}." in seen.text
    assert "What the comparison says" in seen.text
    assert "Validation accuracy by epoch" in seen.text
    assert compare_command(things[0].data) in seen.text


def test_no_difference_is_said_plainly() -> None:
    same = {"mean": 0.0, "ci95": [-0.1, 0.1], "p_adjusted": 1.0, "wins": 1, "ties": 0, "losses": 1}
    arms = [
        {"name": "none", "difference": None, "verdict": "baseline"},
        {"name": "fosr", "difference": same, "verdict": "no difference detected (+0.0 points [-10.0, 10.0], p = 1)"},
    ]
    _, seen = made([of_record({"schema": "mixcli.comparison/1", "dataset": "d", "arms": arms}, "x")])
    assert "fosr: no difference detected (+0.0 points" in seen.text


def test_curves_of_one_source_share_a_section() -> None:
    record = {
        "schema": "mixcli.trace/1", "source": {"name": "g"}, "measures": {"spectral_gap": {"knee": 1}},
        "rows": [{"edits": k, "spectral_gap": 0.1 * (k + 1)} for k in range(3)],
    }  # fmt: skip
    things = [of_record({**record, "method": m}, "x") for m in ("fosr", "sdrf")]
    text, seen = made(things)
    assert text.count("<section") == 1
    assert "fosr: spectral_gap 0.1 → 0.3 after 2 edits." in seen.text
    assert trace_command(things[1].data) in seen.text


def test_many_sources_are_told_together() -> None:
    text, seen = made([shown(complete(n), f"k{n}") for n in range(2, 16)])
    assert text.count("<section") == 1
    assert "14 sources" in seen.text
    assert "k15" in seen.text


def test_many_rewired_sources_are_told_before_and_after() -> None:
    done = [rewire(barbell(k), "fosr:2") for k in range(3, 16)]
    text, seen = made([Shown("graph", f"b{d.base.n}", d.graph, before=d.base, method="fosr:2") for d in done])
    assert text.count("<section") == 1
    assert "fosr:2 of 13 sources." in seen.text
    assert "means over the sources" in seen.text
    assert "13 of 13" in seen.text


@pytest.mark.parametrize("evil", EVIL)
def test_hostile_names_are_text_everywhere(evil: str) -> None:
    g = barbell(3).replace(labels=tuple(f"{evil}{k}" for k in range(6)))
    record = measured_record(g.replace(name=evil), 0, {}, Context())
    spread = {"min": 0, "max": 1, "q05": 0, "q50": 0, "q95": 1, "mean": 0.5}
    record["measures"] = {evil: {"level": evil, "summary": spread, "unit": evil, "reason": evil, "argmin": [[evil, 1]]}}
    record["provenance"] = [{"op": "rewire", "spec": evil, "notes": {evil: evil}}]
    record["environment"] = {evil: evil}
    gain = {"mean": 0.1, "ci95": [0, 1], "p_adjusted": 0.5, "wins": 1, "ties": 0, "losses": 0, "test": evil}
    arm = {"name": evil, "spec": evil, "difference": gain, "verdict": evil, "to_x": {"control": evil, "verdict": evil},
           "values": [{"trial": 0, "best": evil}], "provenance": record["provenance"],
           "probes": {evil: {"by": evil, "curves": {evil: {"mean": [1, 2]}}}},
           "tuning": {"best_of": [{"k": 1, "mean": 0.5}]}}  # fmt: skip
    comparison = {
        "schema": "mixcli.comparison/1", "dataset": evil, "model": evil, "metric": evil, "baseline": evil,
        "arms": [{"name": evil, "difference": None}, arm], "note": evil, "protocol": {evil: evil},
        "preset": {"name": evil, "cites": evil, "deviations": [evil], "changed": {evil: evil}},
        "failed": [{"reason": evil}], "task": {"kind": evil},
    }  # fmt: skip
    trace = {
        "schema": "mixcli.trace/1", "source": {"name": evil}, "method": evil, "measures": {evil: {"unit": evil}},
        "rows": [{"edits": 0, evil: 1}, {"edits": 1, evil: 2}],
    }  # fmt: skip
    lines = "\n".join(map(json.dumps, (record, comparison, trace)))
    values = from_text(json.dumps({"graph": 0, "u": 0, "v": 1, evil: 0.5}), evil)
    _, seen = made([shown(g, evil), *from_text(lines, evil), *values])
    assert "alert" not in "".join(str(a) for _, a in seen.tags if not any(k.startswith("aria") for k in a))
    assert "{{" not in evil or evil in seen.text


def test_a_name_of_ten_megabytes_is_cut() -> None:
    long = "<" * 10_000_000
    record = {"schema": "mixcli.analysis/1", "source": {"name": long}, "measures": {long: {"value": 1, "reason": long}}}
    text, _ = made([of_record(record, "x")])
    assert len(text) < 100_000


def test_damaged_records_still_make_a_page() -> None:
    for measures in (
        {},
        [],
        None,
        {"a": 3},
        {"a": {"summary": {"min": 0, "max": 1e308}, "exact": [1]}},
        {"a": {"summary": "x"}},
        {"a": {"value": float("inf")}},
    ):
        record = {"schema": "mixcli.analysis/1", "source": 7, "measures": measures, "provenance": "x", "environment": 3}
        made([of_record(record, "x")])
    for arms in (None, [], [3], [{"name": None}], [{"difference": {"mean": 1, "ci95": [None, 1]}, "values": 3}]):
        made([of_record({"schema": "mixcli.comparison/1", "arms": arms, "failed": [3]}, "x")])
    for rows in (None, [3], [{"edits": None}], [{"edits": 1, "a": None}]):
        made([of_record({"schema": "mixcli.trace/1", "measures": {"a": None}, "rows": rows}, "x")])


def test_other_versions_are_refused() -> None:
    for schema in ("mixcli.analysis/2", "mixcli.results/1", "else/1", ""):
        with pytest.raises(InputError):
            of_record({"schema": schema}, "x")


def test_commands_are_quoted() -> None:
    record = {"source": {"name": "a b; rm -rf ~.gml"}, "measures": {"reach": {"spec": "reach:layers=2"}}}
    assert analyze_command(record) == "mixcli analyze 'a b; rm -rf ~.gml' -m reach:layers=2"
    record["provenance"] = [{"op": "rewire", "spec": "fosr", "seed": 3, "notes": {"budget": 4}}]
    piped = "mixcli rewire 'a b; rm -rf ~.gml' --method fosr --budget 4 --seed 3 --to jsonl"
    assert analyze_command(record) == f"{piped} | mixcli analyze -m reach:layers=2"


def test_python_draws_what_its_functions_give() -> None:
    import mixcli

    done = mixcli.rewire(barbell(5), "fosr:2")
    traced = mixcli.trace("fosr:2", barbell(5), ["spectral_gap"])
    tokens = sequence_of("window:2,tokens=8,layers=2")
    masked = mixcli.rewire_sequence(tokens, "sink:1,2")
    for things in ((barbell(5),), (done,), (barbell(5), done.graph), (traced,), (tokens,), (masked,)):
        assert mixcli.plot(*things).axes
    with pytest.raises(mixcli.MixcliError, match="values by element"):
        mixcli.plot(measured_record(barbell(5), 0, {}, Context()))
    with pytest.raises(mixcli.MixcliError, match=r"mixcli\.load"):
        mixcli.plot(3)
