"""Nothing in the documentation is out of date: pages are generated, README commands are run."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from mixcli.catalog import COMMANDS
from mixcli.cli.methods import CATALOGS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["cli.md", "methods.md"])
def test_generated_pages_are_up_to_date(page: str) -> None:
    made = script("generate").PAGES[page]()
    assert made == (ROOT / "docs" / page).read_text(encoding="utf-8"), "run: python docs/generate.py"


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_stands_in_the_readme(name: str) -> None:
    assert f"mixcli {name}" in README


@pytest.mark.parametrize("catalog", CATALOGS.values(), ids=CATALOGS.keys())
def test_every_method_stands_in_the_documentation(catalog) -> None:
    cards = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")
    assert [n for n in catalog if f"### {n}\n" not in cards] == []


BLOCKS = list(script("readme").blocks(README))


@pytest.mark.parametrize("number", range(len(BLOCKS)), ids=lambda i: BLOCKS[i][2][0][:40])
def test_readme_shows_what_its_commands_print(number: int) -> None:
    tools = script("readme")
    match, varies, commands = BLOCKS[number]
    with tools.sample_folder() as folder:
        body = "".join(f"$ {c}\n{tools.run(c, Path(folder))}" for c in commands)
        for name in set(tools.PICTURE.findall(README)) & {p.name for p in Path(folder).iterdir()}:
            shown, made = ROOT / "docs" / "figures" / name, Path(folder) / name
            assert outline(made) == outline(shown), "run: python docs/readme.py"
    if not varies:
        assert body == match[2], "run: python docs/readme.py"


def outline(picture: Path) -> tuple[list[str], int]:
    """Words and number of strokes of a picture: the last digits of its coordinates depend on the machine."""
    drawn = picture.read_text(encoding="utf-8")
    return re.findall(r"<text[^>]*>(.*?)</text>", drawn, re.S), len(re.findall("<path |<use ", drawn))


def test_every_picture_of_the_readme_is_made_by_a_command_in_it() -> None:
    written = {c.split(" -o ")[1] for _, _, commands in BLOCKS for c in commands if " -o " in c}
    assert set(script("readme").PICTURE.findall(README)) <= written


def test_every_mixcli_command_in_the_readme_is_in_a_block_that_is_run() -> None:
    run = {c for _, _, commands in BLOCKS for c in commands}
    inside = re.sub(r"^```console.*?^```$|<!-- setup -->.*?<!-- /setup -->", "", README, flags=re.M | re.S)
    fenced = re.findall(r"^```(?:sh|bash)\n(.*?)^```$", inside, flags=re.M | re.S)
    loose = [line for block in fenced for line in block.splitlines() if "mixcli" in line]
    assert loose == []
    assert run


def test_changelog_has_an_unreleased_section() -> None:
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_documents_link_to_files_that_exist() -> None:
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "docs" / "architecture.md"):
        for target in re.findall(r"\]\((?!http|#)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_python_example_runs(tmp_path, monkeypatch) -> None:
    (block,) = re.findall(r"^```python\n(.*?)^```$", README, flags=re.M | re.S)
    monkeypatch.chdir(ROOT)
    names: dict = {}
    exec(block, names)  # our own text, from our own file
    assert names["data"].edge_type.sum() == 6  # three undirected edges, both directions
