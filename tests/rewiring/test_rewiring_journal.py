"""The journal of a run: what it restores is what was done, and it is used for nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mixcli.catalog import REWIRINGS
from mixcli.context import Context
from mixcli.errors import InputError, NotApplicable, UsageError
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.rewiring.base import Constraints, Rewired, apply
from mixcli.rewiring.journal import Journal

GRAPHS = [
    families.barabasi_albert(20, 2).replace(node={"x": np.random.default_rng(0).random((20, 2))}, name="tree"),
    families.ring_of_cliques(3, 4).replace(weight=np.random.default_rng(1).random(21) + 0.1, name="ring"),
    families.path(2).replace(name="pair"),
    Graph(9, np.array([[0, 1], [1, 2], [2, 3], [4, 5], [5, 6], [6, 7]]), name="apart"),
]
ASKED = {"--method": "x", "--seed": 0}


def opened(folder: Path, *, resume: bool = True, replace: bool = False, **asked: object) -> Journal:
    return Journal(folder / "out.pt", {**ASKED, **asked}, resume=resume, replace=replace)


def filled(folder: Path, spec: str = "fosr:3", graphs: list[Graph] | None = None) -> list[Rewired]:
    journal, made = opened(folder), REWIRINGS.make(spec)
    done = [apply(made, g) for g in graphs or GRAPHS]
    for index, result in enumerate(done):
        journal.add(index, result, made, ended=f"end {index}")
    assert journal.close(keep=True)
    return done


@pytest.mark.parametrize(
    "spec", [name for name in REWIRINGS if name != "replay"] + ["digl:k=3", "sdrf:variant=released,iterations=30"]
)
def test_what_is_taken_is_what_was_added(tmp_path: Path, spec: str) -> None:
    made, context = REWIRINGS.make(spec), Context(seed=5)
    first, done = opened(tmp_path), []
    for index, g in enumerate(GRAPHS):
        try:
            done.append(apply(made, g, context=context))
        except NotApplicable:
            done.append(None)
            continue
        first.add(index, done[-1], made, ended=f"end {index}")
    assert first.close(keep=True)
    again = opened(tmp_path)
    assert again.resumed
    for index, (g, expected) in enumerate(zip(GRAPHS, done, strict=True)):
        found = again.take(index, g, made, Context(seed=5))
        assert (found is None) == (expected is None)
        if found is not None:
            same(found[0], expected)
            assert found[1] == f"end {index}"
    assert not again.more
    assert again.graphs == sum(d is not None for d in done)


def same(found: Rewired, expected: Rewired) -> None:
    assert repr(found.edits) == repr(expected.edits)  # nan is not equal to itself
    assert found.graph.fingerprint == expected.graph.fingerprint
    assert found.graph.plan == expected.graph.plan
    assert found.graph.edge["edge_type"].tobytes() == expected.graph.edge["edge_type"].tobytes()
    assert [s.to_json() for s in found.graph.provenance] == [s.to_json() for s in expected.graph.provenance]
    assert found.base is expected.base


def test_it_goes_on_where_it_ended(tmp_path: Path) -> None:
    done, made = filled(tmp_path, graphs=GRAPHS[:2]), REWIRINGS.make("fosr:3")
    second = opened(tmp_path)
    for index in (0, 1):
        assert second.more
        assert second.take(index, GRAPHS[index], made, Context()) is not None
    assert not second.more
    assert second.take(2, GRAPHS[2], made, Context()) is None
    second.add(2, apply(made, GRAPHS[2]), made)
    assert second.close(keep=True)
    third = opened(tmp_path)
    assert [third.take(k, GRAPHS[k], made, Context()) is not None for k in range(4)] == [True, True, True, False]
    assert len(done) == 2
    assert not third.close(keep=False)
    assert list(tmp_path.iterdir()) == []


def test_every_place_where_a_crash_can_cut_it(tmp_path: Path) -> None:
    filled(tmp_path, "random:2")
    path, made = tmp_path / "out.pt.journal", REWIRINGS.make("random:2")
    whole = path.read_bytes()
    ends = [at + 1 for at, byte in enumerate(whole) if byte == ord("\n")]
    for cut in sorted({*range(0, len(whole), 13), *ends, *(end - 1 for end in ends), *(end + 1 for end in ends[:-1])}):
        path.write_bytes(whole[:cut])
        journal = opened(tmp_path)
        lines = max(sum(end <= cut for end in ends) - 1, 0)
        index = 0
        while journal.more:
            assert journal.take(index, GRAPHS[index], made, Context()) is not None
            index += 1
        assert index == lines
        for rest in range(lines, len(GRAPHS)):
            journal.add(rest, apply(made, GRAPHS[rest]), made, ended=f"end {rest}")
        journal.close(keep=True)
        assert path.read_bytes() == whole


def test_a_damaged_line_and_what_follows_is_done_again(tmp_path: Path) -> None:
    filled(tmp_path)
    path = tmp_path / "out.pt.journal"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], b"\0" * 20 + b"\n", *lines[3:]]))
    journal = opened(tmp_path)
    assert journal.take(0, GRAPHS[0], REWIRINGS.make("fosr:3"), Context()) is not None
    assert not journal.more
    journal.close(keep=True)
    assert path.read_bytes() == b"".join(lines[:2])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"edits": [["add", 0, 1]]}, "TypeError"),
        ({"edits": [["add", 1, 1, 0.0, 0, ""]]}, "InputError"),
        ({"edits": [["add", 0, 10**30, 0.0, 0, ""]]}, "OverflowError"),
        ({"edits": 3}, "TypeError"),
        ({"notes": 3}, "TypeError"),
        ({"weight": [1.0]}, "InputError"),
        ({"weight": "x"}, "ValueError"),
    ],
)
def test_a_line_of_another_making_is_refused(tmp_path: Path, change: dict, says: str) -> None:
    filled(tmp_path)
    path = tmp_path / "out.pt.journal"
    head, first, *_ = path.read_text().splitlines()
    path.write_text(f"{head}\n{json.dumps({**json.loads(first), **change})}\n")
    with pytest.raises(InputError, match=f"as mixcli writes it, found {says} in the line of graph 0"):
        opened(tmp_path).take(0, GRAPHS[0], REWIRINGS.make("fosr:3"), Context())


def test_another_graph_or_other_constraints_are_refused(tmp_path: Path) -> None:
    filled(tmp_path)
    made = REWIRINGS.make("fosr:3")
    for g in (GRAPHS[1], GRAPHS[0].replace(weight=np.full(GRAPHS[0].m, 2.0))):
        with pytest.raises(InputError, match="graph 0 as in the unfinished run, found other edges or weights"):
            opened(tmp_path).take(0, g, made, Context())
    for limits in (Constraints(max_degree=9), Constraints(forbidden=frozenset({(0, 1)}))):
        with pytest.raises(InputError, match="or other constraints"):
            opened(tmp_path).take(0, GRAPHS[0], made, Context(), limits)
    assert opened(tmp_path).take(0, GRAPHS[0].replace(name="renamed"), made, Context()) is not None


def test_what_was_asked_must_be_the_same(tmp_path: Path) -> None:
    filled(tmp_path)
    with pytest.raises(UsageError, match="--seed 0 as in the unfinished run, found 3; give the same, or --force"):
        opened(tmp_path, **{"--seed": 3})
    with pytest.raises(UsageError, match="--budget none as in the unfinished run, found 5%"):
        opened(tmp_path, **{"--budget": "5%"})
    with pytest.raises(UsageError, match="pass --resume to go on with it, or --force to start over"):
        opened(tmp_path, resume=False)
    assert opened(tmp_path).more
    assert not opened(tmp_path, resume=False, replace=True).more
    assert list(tmp_path.iterdir()) == []


def test_a_run_at_work_is_left_alone(tmp_path: Path) -> None:
    pytest.importorskip("fcntl", reason="no locks on this system")
    filled(tmp_path)
    running = opened(tmp_path)
    with pytest.raises(UsageError, match="no other run writes"):
        opened(tmp_path)
    running.close(keep=True)
    assert opened(tmp_path).more


def test_a_file_that_is_no_journal_is_left_alone(tmp_path: Path) -> None:
    for text in ("other\n", '{"schema": 1}\n', "[1]\n", "no end of line"):
        (tmp_path / "out.pt.journal").write_text(text)
        for replace in (True, False):
            with pytest.raises(InputError, match="a journal of mixcli, found another file"):
                opened(tmp_path, replace=replace)
        assert (tmp_path / "out.pt.journal").read_text() == text


def test_a_partial_result_is_not_noted(tmp_path: Path) -> None:
    journal, made = opened(tmp_path), REWIRINGS.make("fosr:3")
    done = apply(made, GRAPHS[0])
    journal.add(0, Rewired(done.base, done.graph, done.edits, interrupted=True), made)
    assert not journal.close(keep=True)
    assert list(tmp_path.iterdir()) == []
