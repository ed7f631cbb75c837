"""Where information gets stuck, in sentences: only what a record supports, and nothing where it says nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mixcli.report.fields import at, label, listed, mapping, number, text

__all__ = ["amount", "findings", "where"]

BRIDGE = 1 - 1e-9
"""Effective resistance of an edge of conductance 1 from which on there is no other way around it."""


def findings(record: Mapping[str, Any]) -> list[str]:
    """Sentences on an analysis record, one for each headline.

    Args:
        record: schema `mixcli.analysis/1`; whatever it lacks is passed over.

    Example:
        >>> spread = {"count": 21, "min": -1.2, "negative_fraction": 1 / 21}
        >>> found = {"level": "edge", "summary": spread, "exact": True, "argmin": [[4, 5]]}
        >>> findings({"kind": "graph", "measures": {"balanced_forman": found}})
        ['1 of 21 edges has negative balanced Forman curvature, lowest −1.2 at edge 4–5: bottlenecks.']
    """
    tokens = text(record, "kind") in ("mask", "attention")
    out = [] if tokens else _components(record)
    for key, entry in mapping(record, "measures").items():
        name, entry = key.partition("(")[0], mapping(entry)
        teller = (TOKENS if tokens else GRAPHS).get(name)
        said = teller(record, entry) if teller and entry else ""
        if said:
            about = "" if entry.get("exact") is not False else " (An estimate.)"
            note = f" [{label(key)}]" if "(" in key else ""
            out.append(said + about + note)
    return out


def amount(value: float | None) -> str:
    """Six significant digits at most, four for what is no whole number.

    Example:
        >>> amount(0.07260058), amount(34.0), amount(None)
        ('0.0726', '34', '–')
    """
    if value is None:
        return "–"
    return (f"{int(value)}" if value.is_integer() and abs(value) < 1e15 else f"{value:.4g}").replace("-", "−")


def where(entry: Mapping[str, Any], key: str) -> str:
    """The first of the places that share an extreme: `edge 4–5`, `token 3`, `L0H2`."""
    places, level = listed(entry, key), text(entry, "level")
    if not places:
        return ""
    first = places[0]
    if isinstance(first, (list, tuple)) and len(first) == 2:
        ends = [amount(number(first, k)) for k in (0, 1)]
        return f"L{ends[0]}H{ends[1]}" if level == "head" else f"{label(level)} {ends[0]}–{ends[1]}"
    return f"{label(level)} {amount(number(first))}" if number(first) is not None else ""


def _components(record: Mapping[str, Any]) -> list[str]:
    count = number(record, "graph", "components")
    if count is None or count < 2:
        return []
    return [f"The graph has {amount(count)} components: nothing passes between them, in however many layers."]


def _gap(record: Mapping[str, Any], entry: Mapping[str, Any]) -> str:
    value, nodes = number(entry, "value"), number(record, "graph", "nodes")
    if value is None or value <= 0:
        return ""
    low, high = (number(entry, "details", k) for k in ("cheeger_lower", "cheeger_upper"))
    said = f"The spectral gap is {amount(value)}"
    if low is not None and high is not None:
        said += f", so by Cheeger's inequality the narrowest cut has conductance {amount(low)} to {amount(high)}"
    cut, side = (number(entry, "details", k) for k in ("sweep_conductance", "sweep_nodes"))
    if cut is not None and side is not None and nodes is not None:
        said += f"; one of {amount(cut)} parts {amount(side)} nodes from the other {amount(nodes - side)}"
    return said + "."


def _negative(named: str) -> Callable[[Mapping[str, Any], Mapping[str, Any]], str]:
    def tell(record: Mapping[str, Any], entry: Mapping[str, Any]) -> str:
        share, count, low = (number(entry, "summary", k) for k in ("negative_fraction", "count", "min"))
        if share is None or not count or low is None:
            return ""
        below = round(share * count)
        if not below:
            return f"No edge has negative {named} curvature; the lowest is {amount(low)}."
        has = "edge has" if count == 1 else "edges has" if below == 1 else "edges have"
        at_ = f" at {place}" if (place := where(entry, "argmin")) else ""
        bottlenecks = ": bottlenecks" if named in ("balanced Forman", "Ollivier", "Lin-Lu-Yau") else ""
        return f"{below} of {amount(count)} {has} negative {named} curvature, lowest {amount(low)}{at_}{bottlenecks}."

    return tell


def _resistance(record: Mapping[str, Any], entry: Mapping[str, Any]) -> str:
    high, middle = number(entry, "summary", "max"), number(entry, "summary", "q50")
    if high is None or middle is None:
        return ""
    plain = at(record, "graph", "weighted") is False and entry.get("exact") is True
    bridge = ", a bridge: there is no way around it" if plain and high >= BRIDGE else ""
    place = f" ({where(entry, 'argmax')}{bridge})" if where(entry, "argmax") else ""
    return f"The largest effective resistance across an edge is {amount(high)}{place}; the median is {amount(middle)}."


def _distance(record: Mapping[str, Any], entry: Mapping[str, Any]) -> str:
    value = number(entry, "value")
    if value is None:
        inside = number(entry, "details", "largest_component", "diameter")
        return f"Within the largest component the farthest nodes are {amount(inside)} hops apart." if inside else ""
    if value < 2:
        return ""
    least = "" if entry.get("exact") is True else "at least "
    return (
        f"The farthest nodes are {least}{amount(value)} hops apart: a network of fewer layers cannot pass a message "
        "between them."
    )


def _reach(record: Mapping[str, Any], entry: Mapping[str, Any]) -> str:
    under, layers = (number(entry, "details", k) for k in ("under_reaching", "layers"))
    if under is None or layers is None or under <= 0:
        return ""
    return f"{under:.1%} of the pairs that are connected lie farther apart than {amount(layers)} layers reach."


def _token_reach(record: Mapping[str, Any], entry: Mapping[str, Any]) -> str:
    layers, share = number(record, "sequence", "layers"), number(entry, "details", "read_out_share")
    never, until = number(entry, "details", "pairs_never_reached"), number(entry, "value")
    said = []
    if share is not None:
        said.append(f"The read-out hears from {share:.1%} of the other tokens within {amount(layers)} layers")
    if until is not None and not never:
        said.append(f"every pair that may ever be reached is so after {amount(until)} layers")
    elif never:
        said.append(f"{amount(never)} pairs are never reached, in however many layers")
    return "; ".join(said) + "." if said else ""


def _layered(record: Mapping[str, Any], entry: Mapping[str, Any]) -> str:
    lost, count = number(entry, "summary", "infinite"), number(entry, "summary", "count")
    layers = number(entry, "details", "layers")
    if not lost:
        value = number(entry, "headline", "value")
        said = f"The layered resistance from the first token to the read-out is {amount(value)}."
        return said if value is not None else ""
    return (
        f"{amount(lost)} of {amount(count)} tokens do not get through to the read-out within {amount(layers)} layers."
    )


def _influence(record: Mapping[str, Any], entry: Mapping[str, Any]) -> str:
    first = number(entry, "headline", "value")
    if first is None:
        return ""
    top = where(entry, "argmax")
    return (
        f"Attention alone gives the first token {first:.2%} of what the read-out holds"
        + (f"; {top} has most, {number(entry, 'summary', 'max') or 0:.2%}" if top else "") + "."
    )  # fmt: skip


def _sinks(record: Mapping[str, Any], entry: Mapping[str, Any]) -> str:
    mean, high = (number(entry, "summary", k) for k in ("mean", "max"))
    base, token = (number(entry, "details", k) for k in ("baseline", "k"))
    if mean is None or base is None:
        return ""
    most = f"; most in {where(entry, 'argmax')}, {high:.1%}" if high is not None and where(entry, "argmax") else ""
    return f"Token {amount(token)} takes {mean:.1%} of the attention on average, {base:.1%} would be uniform{most}."


GRAPHS: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any]], str]] = {
    "spectral_gap": _gap, "distance": _distance, "reach": _reach, "effective_resistance": _resistance,
    "balanced_forman": _negative("balanced Forman"), "ollivier": _negative("Ollivier"),
    "lin_lu_yau": _negative("Lin-Lu-Yau"), "jost_liu": _negative("Jost-Liu"), "forman": _negative("Forman"),
    "augmented_forman": _negative("augmented Forman"), "resistance_curvature": _negative("resistance"),
}  # fmt: skip
TOKENS: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any]], str]] = {
    "reach": _token_reach, "resistance_layered": _layered, "influence": _influence, "sinks": _sinks,
}  # fmt: skip
