"""`torch.load` for files of unknown origin: an exact list of classes, nothing run, nothing believed.

`weights_only=True` is necessary and not enough: importing torch_geometric adds classes to torch's process-wide list,
one of which reads further files by name when it is constructed. So while a file is read that list holds exactly what
`allowed` returns, and afterwards what it held before. Most of that are stand-ins: no class of PyG or numpy is made.
"""

from __future__ import annotations

import io
import re
import threading
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from mixcli.errors import InputError
from mixcli.io.pickle_scan import HiddenNames, names_in
from mixcli.io.stand_ins import STAND_INS

if TYPE_CHECKING:
    from mixcli.io.base import Reading

__all__ = ["MAGIC", "ZIP", "allowed", "load", "load_mapped"]

ZIP = b"PK\x03\x04"
MAGIC = (ZIP, b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.")
"""First bytes of a `.pt` file: a zip archive, or the magic number of the format before torch 1.6."""

DAMAGE = "the file is damaged, or no torch.save wrote it"
MODEL_OUTPUT = 'save the tensors alone: torch.save(out.attentions, "attention.pt")'
_lock = threading.Lock()


def load(data: bytes, reading: Reading) -> Any:
    """The object in a `.pt` file, built from tensors, containers and stand-ins for `Data` and numpy arrays only.

    Args:
        data: the whole file.
        reading: for messages.

    Raises:
        InputError: damaged, compressed, or in need of a class that is not allowed; the message names it.
    """
    if not data.startswith(MAGIC):
        raise _refusal(_names_in(data), reading) or reading.error("a file written by torch.save", "other bytes", DAMAGE)
    if data.startswith(ZIP):
        _check_zip(io.BytesIO(data), len(data), reading)
    tensor_classes = b"torch_geometric.edge_index" in data or b"torch_geometric.index" in data
    return _load(lambda: io.BytesIO(data), reading, zipped=data.startswith(ZIP), tensor_classes=tensor_classes)


def load_mapped(path: Path, reading: Reading) -> Any:
    """The object in a `.pt` file, whose tensors are mapped from the file and not read.

    Args:
        path: a file in the zip format of torch 1.6 and later.
        reading: for messages.

    Raises:
        InputError: as `load`.
    """
    with path.open("rb") as file:
        _check_zip(file, path.stat().st_size, reading)
    return _load(lambda: str(path), reading, zipped=True, mmap=True)


def _load(
    source: Callable[[], Any], reading: Reading, *, zipped: bool, tensor_classes: bool = False, mmap: bool = False
) -> Any:
    import torch  # after the cheap refusals: it takes more than a second
    from torch import serialization

    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        extra = allowed(tensor_classes)
        registered = serialization.get_safe_globals()
        serialization.clear_safe_globals()
        try:
            with serialization.safe_globals(extra):
                names = serialization.get_unsafe_globals_in_checkpoint(source()) if zipped else []
                refusal = _refusal(names, reading)
                if refusal is None:
                    return torch.load(source(), map_location="cpu", weights_only=True, mmap=mmap or None)
        except Exception as error:  # a hostile file can make the unpickler raise anything
            found = re.search(r"GLOBAL (\S+)", str(error))
            reason = _refusal([found[1]], reading) if found else None
            raise reason or reading.error("a file written by torch.save", _reason(error), DAMAGE) from error
        finally:
            serialization.clear_safe_globals()
            serialization.add_safe_globals(registered)
    raise refusal


def allowed(tensor_classes: bool) -> list[Any]:
    """What a file may name, beside torch's own tensors, storages and dtypes: stand-ins, and PyG's tensor subclasses.

    Args:
        tensor_classes: whether PyG's `EdgeIndex` and `Index` are needed (importing them takes seconds).
    """
    if not tensor_classes:
        return STAND_INS
    from torch_geometric import edge_index, index

    classes = [edge_index.EdgeIndex, edge_index.SortOrder, edge_index.CatMetadata, index.Index, index.CatMetadata]
    return [*STAND_INS, *classes]


def _check_zip(file: BinaryIO, size: int, reading: Reading) -> None:
    """Refuse members that would grow on reading: torch stores them plainly, one after the other."""
    try:
        members = zipfile.ZipFile(file).infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise reading.error("a file written by torch.save", str(error), DAMAGE) from error
    grown = any(m.compress_type != zipfile.ZIP_STORED for m in members) or sum(m.file_size for m in members) > size
    if grown:
        raise reading.error("uncompressed members", "an archive that grows on reading", "save it with torch.save")


def _names_in(data: bytes) -> list[str]:
    """Classes and functions that a bare pickle would call, found without running it."""
    try:
        return [name.replace(" ", ".") for name in names_in(data)]
    except HiddenNames as error:
        return [str(error)]
    except ValueError:  # no pickle at all
        return []


def _refusal(names: list[str], reading: Reading) -> InputError | None:
    """The error for a file that needs these names, or None where there are none."""
    if not names:
        return None
    fix = "mixcli runs no code from files; save tensors or a Data instead"
    if any(name.startswith("torch_geometric.data.batch") for name in names):
        return reading.error("single graphs", "a Batch", "save batch.to_data_list() instead")
    if any(name.endswith((".hetero_data.HeteroData", ".NodeStorage", ".EdgeStorage")) for name in names):
        return reading.error("a homogeneous graph", "a HeteroData", "save data.to_homogeneous() instead")
    if any(name.startswith("transformers.") for name in names):
        outputs = [name for name in names if name.startswith("transformers.")]
        what = min(outputs, key=lambda name: "modeling_outputs" not in name).rpartition(".")[2]
        return reading.error("a tuple of tensors", f"a {what:.80} of transformers", MODEL_OUTPUT)
    if any(name.startswith("networkx.") for name in names):
        fix = "write the graph with networkx.write_graphml or node_link_data"
    shown = ", ".join(sorted(set(names))[:5])
    return reading.error("tensors and Data only", f"a file that needs {shown:.200}", fix)


def _reason(error: Exception) -> str:
    """What went wrong in a few words; torch wraps its own in advice on how to run the file's code."""
    text = str(error)
    inner = re.search(r"WeightsUnpickler error:\s*(.+)", text)
    line = inner[1] if inner else next(iter(text.strip().splitlines()), "")
    return f"{type(error).__name__}: {line:.160}".rstrip(": ")
