"""How to make a record again, as a command line; names are quoted, whatever is in them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from mixcli.report.fields import label, listed, mapping, mappings, number, text

__all__ = ["analyze_command", "compare_command", "trace_command"]

LONG = 400


def analyze_command(record: Mapping[str, Any]) -> str:
    """`mixcli analyze` of the source with the measures of a record, behind the rewirings that its provenance tells of.

    Example:
        >>> analyze_command({"source": {"name": "a b.gml"}, "measures": {"reach(layers=2)": {}}})
        "mixcli analyze 'a b.gml' -m reach:layers=2"
    """
    asked = [text(entry, "spec") or _spec(key) for key, entry in mapping(record, "measures").items()]
    measures = [part for spec in asked for part in ("-m", spec)]
    rewired = [s for s in mappings(record, "provenance") if text(s, "op") == "rewire"]
    piped = "".join(f"{_line(_rewire(step, record if not k else None))} | " for k, step in enumerate(rewired))
    return piped + _line(["mixcli", "analyze", *([] if rewired else [_source(record)]), *measures])


def trace_command(record: Mapping[str, Any]) -> str:
    """`mixcli trace` of the source with the rewiring and the measures of a record."""
    measures = [part for key in mapping(record, "measures") for part in ("-m", key)]
    every = number(record, "every")
    done = [s for s in mappings(record, "provenance") if text(s, "op") == "rewire"]
    seed = number(done[-1], "seed") if done else None
    budget = number(done[-1], "notes", "budget") if done else None
    words = ["mixcli", "trace", _source(record), "--method", text(record, "method") or "METHOD"]
    words += ["--every", f"{every:.0f}"] if every is not None and every != 1 else []
    words += ["--budget", f"{budget:.0f}"] if budget is not None else []
    words += ["--seed", f"{seed:.0f}"] if seed else []
    return _line([*words, *measures])


def compare_command(record: Mapping[str, Any]) -> str:
    """`mixcli compare` with the arms, model, trials, seed and settings of a record.

    Example:
        >>> arms = [{"name": "none", "spec": "none"}, {"name": "fosr", "spec": "fosr"}]
        >>> record = {"dataset": "g.gml", "model": "gcn", "trials": 3, "arms": arms, "protocol": {"epochs": 5}}
        >>> compare_command(record)
        'mixcli compare g.gml --arm none --arm fosr --model gcn --trials 3 --protocol epochs=5'
    """
    tuned = number(record, "tuning", "count")
    asked = [arm for arm in mappings(record, "arms") if not arm.get("control")]
    words = ["mixcli", "compare", text(record, "dataset") or "SOURCE"]
    for arm in asked:
        words += ["--arm", text(arm, "name" if tuned else "spec") or text(arm, "name")]
    words += ["--model", text(record, "model")] if text(record, "model") else []
    for option, key in (("--trials", "trials"), ("--seed", "seed")):
        value = number(record, key)
        words += [option, f"{value:.0f}"] if value else []
    words += ["--protocol", protocol] if (protocol := ",".join(_protocol(record))) else []
    words += ["--controls"] if len(asked) < len(listed(record, "arms")) and not mapping(record, "preset") else []
    words += ["--tune", f"{tuned:.0f}"] if tuned else []
    for probe in next((list(mapping(arm, "probes")) for arm in asked if mapping(arm, "probes")), []):
        words += ["--probe", probe]
    return _line(words)


def _protocol(record: Mapping[str, Any]) -> Iterator[str]:
    """A preset with its changes, else every setting."""
    preset = mapping(record, "preset")
    if preset:
        yield text(preset, "name")
    for key, value in mapping(preset, "changed").items() if preset else mapping(record, "protocol").items():
        if value is not None:
            yield f"{key}={str(value).lower() if isinstance(value, bool) else value}"


def _rewire(step: Mapping[str, Any], record: Mapping[str, Any] | None) -> list[str]:
    words = ["mixcli", "rewire", *([_source(record)] if record is not None else []), "--method", text(step, "spec")]
    budget, seed = number(step, "notes", "budget"), number(step, "seed")
    words += ["--budget", f"{budget:.0f}"] if budget is not None else []
    words += ["--seed", f"{seed:.0f}"] if seed else []
    return [*words, "--to", "jsonl"]


def _source(record: Mapping[str, Any]) -> str:
    """The source as it was named: a generated one by its spec, else the file's name."""
    steps = [text(s, "spec") for s in mappings(record, "provenance") if text(s, "op") in ("generate", "load")]
    made = next(iter(steps), "")
    return made if made.startswith(("zoo:", "mask:", "task:", "pyg:")) else text(record, "source", "name") or "SOURCE"


def _spec(key: str) -> str:
    """`reach(layers=2)` as it is asked for, `reach:layers=2`."""
    name, _, rest = key.partition("(")
    return f"{name}:{rest.removesuffix(')')}" if rest else key


def _line(words: list[str]) -> str:
    return shlex.join(label(word, LONG) for word in words)
