"""Runs the commands of README.md and puts their real output beneath them; `--check` only compares.

A block that begins with ```console holds commands (`$ …`, run in a folder with the sample data in it) and their output.
One that begins with ```console varies holds figures of training runs: it is run and rewritten, never compared, because
the last digits depend on the version of torch. Pictures that README.md shows from docs/figures/ are those that its
commands write under the same name.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
README = HERE.parent / "README.md"
BLOCK = re.compile(r"^```console( varies)?\n(.*?)^```$", re.M | re.S)
PICTURE = re.compile(r"!\[[^]]*\]\(docs/figures/([^)]+)\)")


def run(command: str, folder: Path) -> str:
    """What a terminal 110 columns wide would show of a command, `mixcli` being this very interpreter's."""
    script = f'mixcli() {{ "{sys.executable}" -m mixcli "$@"; }}\nset -euo pipefail\n{command}'
    hidden = ("MIXCLI_DATA", "FORCE_COLOR")
    environment = {**{k: v for k, v in os.environ.items() if k not in hidden}, "COLUMNS": "110", "NO_COLOR": "1"}
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600, check=False,
    )  # fmt: skip
    output = done.stdout.decode()
    if done.returncode:
        raise RuntimeError(f"{command}\nexit code {done.returncode}\n{output}")
    return "".join(line.rstrip() + "\n" for line in output.splitlines())


def blocks(text: str) -> Iterator[tuple[re.Match[str], bool, list[str]]]:
    """(match, whether it varies, its commands) of every console block."""
    for match in BLOCK.finditer(text):
        joined = match[2].replace("\\\n> ", "")
        yield match, bool(match[1]), [line[2:] for line in joined.splitlines() if line.startswith("$ ")]


def sample_folder() -> tempfile.TemporaryDirectory[str]:
    """A temporary folder that looks like a checkout to the commands: `sample_data/` is in it."""
    folder = tempfile.TemporaryDirectory(prefix="mixcli-readme-")
    shutil.copytree(HERE.parent / "sample_data", Path(folder.name) / "sample_data")
    return folder


def refreshed(text: str) -> str:
    """The text with every block's output as it is now."""
    with sample_folder() as folder:
        out, end = [], 0
        for match, varies, commands in blocks(text):
            body = "".join(f"$ {c}\n{run(c, Path(folder))}" for c in commands)
            out += [text[end : match.start()], f"```console{' varies' * varies}\n{body}```"]
            end = match.end()
        for name in PICTURE.findall(text):
            shutil.copy(Path(folder) / name, HERE / "figures" / name)
        return "".join(out) + text[end:]


if __name__ == "__main__":
    README.write_text(refreshed(README.read_text(encoding="utf-8")), encoding="utf-8")
