"""Who may import whom (docs/architecture.md): checked on the syntax tree, imports inside functions included."""

import ast
from pathlib import Path

import pytest

import mixcli

PACKAGE = Path(mixcli.__file__).parent

LAYERS = [
    {"errors", "spec", "lazy", "catalog", "provenance"},
    {"arcs", "plan", "graph", "context", "limits", "heads", "mask", "sequence"},
    {"numerics"},
    {"measures", "rewiring", "generators", "io"},
    {"training", "transforms", "report", "sources", "tracing"},
    {"cli"},
]

ONLY_IN = {
    "torch": ("io/", "training/", "transforms.py", "numerics/device.py"),
    "torch_geometric": ("io/", "training/", "transforms.py"),
    "transformers": ("io/",),
    "networkx": ("io/",),
    "GraphRicciCurvature": ("measures/graph/ollivier_grc.py", "measures/graph/ricci_flow.py"),
    "matplotlib": ("report/figures/",),
    "numba": ("numerics/",),
    "typer": ("cli/",),
    "rich": ("cli/", "report/table.py"),
    "dask": ("training/runner/",),
    "distributed": ("training/runner/",),
}

FILES = sorted(p for p in PACKAGE.rglob("*.py") if "sample_data" not in p.parts)
ROOT_FILES = {"__init__", "__main__"}


def imports(path: Path) -> set[str]:
    """Every module a file imports, at any depth, outside `if TYPE_CHECKING:`."""
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            return
        if isinstance(node, ast.Import):
            found.update(a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{a.name}" for a in node.names)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text(encoding="utf-8")))
    return found


def layer(name: str) -> int:
    return next(i for i, names in enumerate(LAYERS) if name in names)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_left(path: Path) -> None:
    here = path.relative_to(PACKAGE).with_suffix("").parts[0]
    if here in ROOT_FILES:
        return
    for module in imports(path):
        parts = module.split(".")
        if parts[0] == "mixcli" and len(parts) > 1 and parts[1] in set().union(*LAYERS):
            assert layer(parts[1]) <= layer(here), f"{path.name} ({here}) imports {module}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_third_party_stays_in_its_rooms(path: Path) -> None:
    relative = path.relative_to(PACKAGE).as_posix()
    for module in imports(path):
        allowed = ONLY_IN.get(module.split(".")[0])
        assert allowed is None or relative.startswith(allowed), f"{relative} imports {module}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_below_the_command_line_nothing_prints_exits_or_reads_the_environment(path: Path) -> None:
    relative = path.relative_to(PACKAGE).as_posix()
    if relative.startswith("cli/") or relative == "__main__.py":
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in {"print", "exit", "quit", "sys.exit", "os._exit"}, f"{relative}: {called}"
            assert not called.startswith("np.random.") or called.split(".")[-1] in {
                "default_rng", "Generator", "SeedSequence",
            }, f"{relative}: {called}"  # fmt: skip
            assert called not in {"os.getenv", "os.environ.get"}, f"{relative}: {called}"
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 350, f"{relative} holds more than one idea"
