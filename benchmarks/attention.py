"""Time and memory of analysing an attention tensor on disk: the default measures, and those of heads alone.

The tensor is made up: causal softmax of drawn logits, each head with a sink, a window and a sharpness of its own. Each
analysis is a process of its own, `mixcli analyze FILE --format json`; seconds are wall time from start to end, MiB its
largest resident set. `--full` takes 32 layers of 32 heads over 1,024 tokens, 4 GiB, written below --folder.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import common
import numpy as np

SETS = {"default": (), "heads": ("sinks", "entropy", "heads", "rank")}


def write(path: Path, layers: int, heads: int, tokens: int) -> None:
    """A (layers, heads, tokens, tokens) float32 tensor as .npy, written a head at a time."""
    rng = np.random.default_rng(0)
    distance = np.subtract.outer(np.arange(tokens), np.arange(tokens))
    future = distance < 0
    with path.open("wb") as out:
        header = {"descr": "<f4", "fortran_order": False, "shape": (layers, heads, tokens, tokens)}
        np.lib.format.write_array_header_1_0(out, header)
        for _ in range(layers * heads):
            sharp, sink, slope = rng.uniform(0.2, 4), rng.uniform(0, 8), rng.choice([0, 0.01, 0.3])
            a = rng.standard_normal((tokens, tokens), dtype=np.float32) * np.float32(sharp)
            a -= np.float32(slope) * distance.astype(np.float32)
            a[:, 0] += np.float32(sink)
            a[future] = -np.inf
            np.exp(a - a.max(axis=1, keepdims=True), out=a)
            a /= a.sum(axis=1, keepdims=True)
            out.write(a.tobytes())


def analysed(path: Path, measures: Sequence[str], threads: int) -> tuple[float, float, float, dict[str, float]]:
    """Wall seconds, processor seconds, MiB and seconds of each measure of one analysis in a process of its own."""
    chosen = [word for measure in measures for word in ("-m", measure)]
    command = [sys.executable, "-m", "mixcli", "analyze", str(path), "--format", "json", "--threads", str(threads)]
    start = time.perf_counter()
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen([*command, *chosen], stdout=out)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
        if child.returncode:
            raise SystemExit(f"{' '.join(child.args)} ended with {child.returncode}")  # type: ignore[arg-type]
        out.seek(0)
        record = json.load(out)
    unit = 1024 if sys.platform == "darwin" else 1
    each = {name: entry.get("seconds", 0.0) for name, entry in record["measures"].items()}
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024 / unit, each


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="time and memory of analysing an attention tensor")
    parser.add_argument("--quick", action="store_true", help="a few small heads: does it still work?")
    parser.add_argument("--full", action="store_true", help="32 layers, 32 heads, 1,024 tokens: 4 GiB")
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--heads", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=1024)
    parser.add_argument("--threads", type=int, default=2, help="threads of the analysis")
    parser.add_argument("--only", choices=list(SETS), help="one set of measures")
    parser.add_argument("--each", action="store_true", help="also the seconds of each measure")
    parser.add_argument("--folder", type=Path, help="where to put the tensor for the time of the run")
    options = parser.parse_args()
    shape = (options.layers, options.heads, options.tokens)
    shape = (2, 2, 64) if options.quick else (32, 32, 1024) if options.full else shape
    rows, each = [], []
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder, "attention.npy")
        write(path, *shape)
        size = f"{path.stat().st_size / 2**20:.0f} MiB"
        for name, measures in SETS.items():
            if options.only in (None, name):
                seconds, processor, memory, parts = analysed(path, measures, options.threads)
                count = shape[0] * shape[1]
                row = (name, "x".join(map(str, shape)), size, seconds, processor, 1000 * seconds / count, round(memory))
                rows.append(row)
                each += [(name, measure, took) for measure, took in parts.items()]
    print(common.table(["measures", "shape", "on disk", "wall s", "processor s", "ms a head", "peak MiB"], rows))
    if options.each:
        print("\n" + common.table(["set", "measure", "wall s"], each))


if __name__ == "__main__":
    main()
