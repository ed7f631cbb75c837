"""The measures that were asked for, for each kind of source: some names mean one thing of graphs, another of tokens."""

from typing import Any

from mixcli.catalog import MEASURES, SEQUENCE_MEASURES, Catalog
from mixcli.errors import NotApplicable, UsageError
from mixcli.spec import nearest, parse

__all__ = ["AskedMeasures"]

KINDS = {"graph": "graphs", "mask": "masks", "attention": "attention"}


class AskedMeasures:
    """What `-m` said, checked before anything is read.

    Args:
        specs: measures and groups; None for what each kind of source gets by default.

    Raises:
        UsageError: a spec that fits no kind of source.
    """

    def __init__(self, specs: list[str] | None) -> None:
        self.specs = list(specs or ["default"])
        self._made: dict[str, dict[str, Any]] = {}
        self._errors: dict[str, UsageError] = {}
        for kind in ("graph", "mask", "attention"):
            try:
                self._made[kind] = self._make(kind)
            except UsageError as error:
                self._errors[kind] = error
        if not self._made:
            known = any(parse(spec).name in SEQUENCE_MEASURES for spec in self.specs)
            raise self._errors["mask"] if known else self._unknown()

    def of(self, kind: str, where: str = "") -> dict[str, Any]:
        """Catalog key -> measure for a "graph", a "mask" or "attention"; `where` names the source in a message.

        Raises:
            NotApplicable: a measure that was asked for is not one of this kind of source.
        """
        if kind not in self._made:
            error, others = self._errors[kind], " and ".join(KINDS[made] for made in self._made)
            fix = f"{', '.join(self.specs)} is for {others}; {error.fix}"
            raise NotApplicable(error.expected, error.found, fix, where=where)
        return self._made[kind]

    def _unknown(self) -> UsageError:
        """What is said where no kind of source has such a measure: the nearest of graphs, and of tokens."""
        error = self._errors["graph"]
        for spec in self.specs:
            measure, dot, _ = spec.partition(".")
            if dot and (measure in MEASURES or measure in SEQUENCE_MEASURES):
                return UsageError(
                    "a measure", repr(spec), f"ask for {measure}: analyze tells its min, mean, max and more"
                )
        name = next((parse(spec).name for spec in self.specs if parse(spec).name not in MEASURES), "")
        near = nearest(name, SEQUENCE_MEASURES)
        if not near or name in MEASURES:
            return error
        found = nearest(name, MEASURES)
        fix = f"{found[:-1]}, or of tokens {near.removeprefix('did you mean ')}" if found else near
        return UsageError(error.expected, error.found, fix, where=error.where)

    @property
    def any(self) -> list[Any]:
        """Every measure that may run."""
        return [method for methods in self._made.values() for method in methods.values()]

    def _make(self, kind: str) -> dict[str, Any]:
        catalog = MEASURES if kind == "graph" else SEQUENCE_MEASURES
        named = [kind if spec == "default" and kind != "graph" else spec for spec in self.specs]
        specs = catalog.expand(named)
        return {_key(catalog, spec, specs): catalog.make(spec) for spec in specs}


def _key(catalog: Catalog, spec: str, specs: list[str]) -> str:
    """Catalog name, with the spec's parameters in parentheses where a measure is asked for more than once."""
    parsed = parse(spec)
    name = catalog.canonical(parsed.name)
    twice = sum(catalog.canonical(parse(s).name) == name for s in specs) > 1
    rest = str(parsed).partition(":")[2]
    return f"{name}({rest})" if twice and rest else name
