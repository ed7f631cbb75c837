"""`pyg:CLASS/NAME`: the datasets of torch_geometric, read by its own classes.

Those classes write beside their raw files and load what they find there with full unpickling. So the raw files are
copied into the user's cache, under a name made of their digest, and processed there: a folder that is handed to us is
never written to, and nothing processed in it is loaded. Pickled raw files (Planetoid's `ind.*`) are checked first.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mixcli.errors import InputError, MixcliError
from mixcli.graph import Graph
from mixcli.io.pickle_scan import check_pickle
from mixcli.io.pyg_catalog import Wanted, describe, names, wanted
from mixcli.provenance import Step

__all__ = ["describe", "load", "names"]

MAX_UNPACKED = 2**31
"""Bytes that a zip of raw files may unpack to."""


def load(spec: str, root: str | os.PathLike[str] | None = None) -> Iterator[Graph]:
    """The graphs of a dataset, one at a time.

    Args:
        spec: `CLASS/NAME[,key=value]`, with or without `pyg:` before it.
        root: folder of the datasets: the class's own root, or a folder above it (`planetoid`, `tu` …).

    Raises:
        UsageError: no such dataset.
        InputError: its raw files are not there and cannot be fetched, or are not what they should be.
    """
    want = wanted(spec)
    folder = None if root is None else Path(root)
    found = None if folder is None else _raw_files(want, folder)
    dataset, digest = _open(want, found, folder)
    step = Step("load", str(want), sha256=digest)
    from mixcli.io.adapters import from_pyg

    single = len(dataset) == 1
    for number in range(len(dataset)):
        name = want.name if single else f"{want.name}[{number}]"
        yield from_pyg(dataset[number], name=name, step=step)


def _raw_files(want: Wanted, root: Path) -> list[Path] | None:
    """The raw files below a root, unpacked where they come as a zip; None where they are not there."""
    for folder in _folders(want, root):
        if all((folder / name).is_file() for name in want.files):
            extra = sorted(folder.glob(f"{want.name}_*.txt")) if want.family == "TUDataset" else []
            return list(dict.fromkeys([*(folder / name for name in want.files), *extra]))
    for folder in (root / "tu_zips", root / "tu", root):
        archive = folder / f"{want.name}.zip"
        if want.family == "TUDataset" and archive.is_file():
            return [archive]
    return None


def _folders(want: Wanted, root: Path) -> list[Path]:
    """Where raw files may lie: under the class's usual folder, its name, the dataset's name, or right here."""
    roots = dict.fromkeys([root / want.facts.folder, root, root / want.family, root / want.name, root / want.lower])
    return [base / want.raw for base in roots]


def _open(want: Wanted, raw: list[Path] | None, root: Path | None) -> tuple[Any, str | None]:
    """The dataset, from the cache or processed now, and the digest of its raw files."""
    digest = None if raw is None else _digest(raw)
    parts = [want.family, want.name, *(value for _, value in want.options), (digest or "downloaded")[:16]]
    key = "-".join([*parts, version("torch_geometric")])
    with contextlib.ExitStack() as stack:
        home = _cache() or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mixcli-")))
        place = home / key
        if place.is_dir():
            return _construct(want, place, f"remove {place} and try again"), digest
        stage = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f".{key}-", dir=home)))
        if raw is not None:
            _copy(want, raw, stage / want.raw)
        dataset = _construct(want, stage, "" if raw is None else f"compare the files in {raw[0].parent}", root)
        with contextlib.suppress(OSError):  # another process was faster; what is in memory will do
            stage.rename(place)
        return dataset, digest


def _construct(want: Wanted, place: Path, fix: str, root: Path | None = None) -> Any:
    """The dataset object, made of what lies below `place`; without raw files there, torch_geometric fetches them."""
    arguments: dict[str, Any] = {k: {"true": True, "false": False}.get(v, v) for k, v in want.options}
    if want.facts.members:
        arguments["name"] = want.name
    try:
        return _checked(want)(str(place), **arguments)
    except MixcliError:
        raise
    except Exception as error:  # torch_geometric raises whatever its parsing or the network raises
        reason = f"{type(error).__name__}: {error}"[:160]
        if fix:
            raise InputError(f"readable raw files of {want}", reason, fix) from error
        shown = ", ".join(want.files[:3]) + (", …" if len(want.files) > 3 else "")
        looked = "no folder to look in" if root is None else f"none in {_folders(want, root)[0]} nor beside it"
        raise InputError(
            f"the raw files {shown}", f"{looked}, and no download ({reason})",
            "pass --data-root FOLDER, or set MIXCLI_DATA to it", where=str(want),
        ) from error  # fmt: skip


def _checked(want: Wanted) -> Any:
    """torch_geometric's class, made to check pickles before it opens them, and quiet."""
    from torch_geometric import datasets

    base = getattr(datasets, want.family)

    class Checked(base):  # type: ignore[valid-type,misc]
        log = property(lambda self: False, lambda self, value: None)

        def process(self) -> None:
            for path in map(Path, self.raw_paths):
                if path.name.startswith("ind.") and path.suffix != ".index":
                    check_pickle(path)
            super().process()

    return Checked


def _copy(want: Wanted, raw: list[Path], target: Path) -> None:
    target.mkdir(parents=True)
    if raw[0].suffix == ".zip":
        _unpack(want, raw[0], target)
        return
    for path in raw:
        shutil.copyfile(path, target / path.name)


def _unpack(want: Wanted, archive: Path, target: Path) -> None:
    """The text files of a TU archive, by their bare names."""
    try:
        with zipfile.ZipFile(archive) as packed:
            members = [m for m in packed.infolist() if Path(m.filename).name.startswith(f"{want.name}_")]
            if sum(m.file_size for m in members) > MAX_UNPACKED:
                raise InputError(f"at most {MAX_UNPACKED} bytes", "more once unpacked", where=str(archive))
            for member in members:
                with packed.open(member) as source, (target / Path(member.filename).name).open("wb") as out:
                    shutil.copyfileobj(source, out)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        raise InputError("a zip archive", str(error), "fetch it again", where=str(archive)) from error


def _digest(raw: list[Path]) -> str:
    """SHA-256 over the names and contents of the raw files."""
    total = hashlib.sha256()
    for path in sorted(raw):
        with path.open("rb") as data:
            total.update(f"{path.name}\0{hashlib.file_digest(data, 'sha256').hexdigest()}\n".encode())
    return total.hexdigest()


def _cache() -> Path | None:
    """The folder of processed datasets, or None where it cannot be made."""
    from platformdirs import user_cache_path

    folder = user_cache_path("mixcli") / "datasets"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return None
