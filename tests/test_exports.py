"""The public names are what `mixcli` says they are, and cost nothing until used."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import mixcli

PACKAGE = Path(mixcli.__file__).parent


@pytest.mark.parametrize("name", mixcli.__all__)
def test_every_public_name_resolves(name: str) -> None:
    assert getattr(mixcli, name) is not None


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        mixcli.nonsense  # noqa: B018


@pytest.mark.parametrize(
    "path", sorted(p for p in PACKAGE.rglob("*.py") if "sample_data" not in p.parts), ids=lambda p: p.stem
)
def test_dunder_all_lists_what_is_there(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    listed: list[str] = []
    defined: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            listed = [e.value for e in ast.walk(node.value) if isinstance(e, ast.Constant)]
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            defined.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            defined.add(ast.unparse(target))
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            defined.update(a.asname or a.name for a in node.names)
    if path.name != "__init__.py":
        assert set(listed) <= defined


def test_importing_mixcli_imports_nothing_heavy() -> None:
    code = (
        "import mixcli, sys; print([m for m in ('numpy', 'scipy', 'torch', 'networkx', 'numba') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"
