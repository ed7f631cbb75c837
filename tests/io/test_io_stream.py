"""Files and pipes: which format, which digest, what happens when something goes wrong."""

import gzip
import hashlib
import io
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mixcli.catalog import FORMATS
from mixcli.errors import InputError, UsageError
from mixcli.generators.graphs import barbell, path
from mixcli.graph import Graph
from mixcli.io import stream

EDGES = b"0 1\n1 2\n"
GML = b"graph [ node [ id 0 ] node [ id 1 ] edge [ source 0 target 1 ] ]"


def one(source: object, **options: object) -> Graph:
    (graph,) = stream.read(source, **options)
    return graph


def pipe(data: bytes) -> io.BufferedReader:
    """A stream that cannot seek, fed in small pieces."""
    receiver, sender = os.pipe()

    def feed() -> None:
        with os.fdopen(sender, "wb", buffering=0) as out:
            for start in range(0, len(data), 1000):
                out.write(data[start : start + 1000])

    threading.Thread(target=feed, daemon=True).start()
    return os.fdopen(receiver, "rb")


class TestFormat:
    @pytest.mark.parametrize(
        ("name", "format"),
        [
            ("a.mtx", "matrix-market"), ("A.MTX.gz", "matrix-market"), ("a.gml", "gml"), ("a.net", "pajek"),
            ("a.graphml", "graphml"), ("a.gexf", "gexf"), ("a.gr", "dimacs"), ("a.csv", "csv"), ("a.tsv.gz", "tsv"),
            ("a.txt", "edgelist"), ("a.edgelist", "edgelist"), ("matrix-market", "matrix-market"), ("csv", "csv"),
            ("a.jsonl", "jsonl"), ("a.npz", "npz"), ("a.pt", "pt"),
        ],
    )  # fmt: skip
    def test_by_suffix_or_name(self, name: str, format: str) -> None:
        assert stream.format_of(name).name == format

    def test_unknown(self) -> None:
        assert stream.format_of("a.odt") is None

    @pytest.mark.parametrize("format", list(FORMATS))
    def test_every_format_recognises_what_it_writes(self, format: str) -> None:
        out = io.BytesIO()
        graph = barbell(4, 1)
        stream.write([graph], out, format=format)
        found = stream.sniff(out.getvalue()[:65536])
        assert found.name == format
        assert one(io.BytesIO(out.getvalue())).fingerprint == graph.fingerprint

    def test_content_beats_a_suffix_that_it_contradicts(self, tmp_path: Path) -> None:
        file = tmp_path / "a.mtx"
        file.write_bytes(GML)
        graph = one(file)
        assert (graph.provenance[0].spec, graph.notes) == ("gml", {"suffix": "a.mtx"})

    def test_an_edge_list_proves_nothing_against_a_suffix(self, tmp_path: Path) -> None:
        file = tmp_path / "a.gml"
        file.write_bytes(EDGES)
        with pytest.raises(InputError, match=r"a\.gml"):
            one(file)

    @pytest.mark.parametrize(
        "data", [GML, b"*Vertices 2\n*Edges\n1 2\n", b"p edge 2 1\ne 1 2\n", b"\xef\xbb\xbf" + GML]
    )
    def test_txt_may_be_anything(self, data: bytes, tmp_path: Path) -> None:
        file = tmp_path / "a.txt"
        file.write_bytes(data)
        assert (one(file).n, one(file).m) == (2, 1)

    def test_matrix_market_in_txt_is_no_edge_list(self, tmp_path: Path) -> None:
        file = tmp_path / "a.txt"
        file.write_bytes(b"%%MatrixMarket matrix coordinate real symmetric\n3 3 2\n2 1 3.0\n3 2 1.0\n")
        assert (one(file).n, one(file).m) == (3, 2)

    def test_the_user_has_the_last_word(self, tmp_path: Path) -> None:
        file = tmp_path / "a.gml"
        file.write_bytes(EDGES)
        assert one(file, format="edgelist").m == 2
        assert one(file, format="EDGELIST").notes == {}

    def test_no_format(self) -> None:
        with pytest.raises(InputError, match="known format, found content of none; name the format with --from"):
            one(io.BytesIO(b"hello\n"))


class TestBytes:
    def test_digest_is_of_the_bytes_on_disk(self, tmp_path: Path) -> None:
        for name, data in (("a.txt", EDGES), ("a.txt.gz", gzip.compress(EDGES))):
            (tmp_path / name).write_bytes(data)
            graph = one(tmp_path / name)
            assert (graph.name, graph.m) == (name, 2)
            assert graph.provenance[0].sha256 == hashlib.sha256(data).hexdigest()

    @pytest.mark.parametrize("pack", [bytes, gzip.compress])
    @pytest.mark.parametrize("format", list(FORMATS))
    def test_pipes(self, pack: object, format: str) -> None:
        out = io.BytesIO()
        stream.write([path(3000)], out, format=format)
        with pipe(pack(out.getvalue())) as source:
            graph = one(source)
        assert (graph.n, graph.m, graph.name) == (3000, 2999, graph.name)

    def test_named_pipe(self, tmp_path: Path) -> None:
        fifo = tmp_path / "fifo"
        os.mkfifo(fifo)
        threading.Thread(target=lambda: fifo.write_bytes(EDGES), daemon=True).start()
        assert one(fifo).m == 2

    def test_several_gzip_members(self) -> None:
        assert one(io.BytesIO(gzip.compress(b"0 1\n") + gzip.compress(b"1 2\n"))).m == 2

    def test_graphs_flow_while_the_writer_is_at_work(self) -> None:
        receiver, sender = os.pipe()
        line = io.BytesIO()
        stream.write([path(3)], line, format="jsonl")
        with os.fdopen(receiver, "rb") as source, os.fdopen(sender, "wb", buffering=0) as out:
            out.write(line.getvalue() * 2)
            graphs = stream.read(source)
            assert next(graphs).n == 3  # nothing more has been written, and the pipe is open
            assert next(graphs).n == 3
            out.write(line.getvalue())
            assert next(graphs).n == 3

    def test_a_stream_of_graphs_takes_no_memory(self) -> None:
        line = io.BytesIO()
        stream.write([path(50)], line, format="jsonl")

        class Endless(io.RawIOBase):
            left = 20_000_000
            held = b""

            def readable(self) -> bool:
                return True

            def readinto(self, buffer: memoryview) -> int:
                self.held = self.held or line.getvalue()
                taken = self.held[: min(len(buffer), self.left)]
                self.held = self.held[len(taken) :]
                buffer[: len(taken)] = taken
                self.left -= len(taken)
                return len(taken)

        seen = 0
        for graph in stream.read(io.BufferedReader(Endless())):
            seen += graph.n == 50
            if seen == 500:
                break
        assert seen == 500


class TestFailures:
    def message(self, source: object, **options: object) -> str:
        with pytest.raises(InputError) as caught:
            list(stream.read(source, **options))
        assert "\n" not in str(caught.value)
        return str(caught.value)

    def test_missing(self, tmp_path: Path) -> None:
        (tmp_path / "karate.gml").write_bytes(GML)
        assert "did you mean karate.gml?" in self.message(tmp_path / "karat.gml")
        assert "check the path" in self.message(tmp_path / "no" / "such")
        assert "file name" in self.message("a\0b")

    def test_folder(self, tmp_path: Path) -> None:
        assert "found a folder" in self.message(tmp_path)

    @pytest.mark.parametrize("data", [b"", gzip.compress(b"", mtime=0)])
    def test_empty(self, data: bytes, tmp_path: Path) -> None:
        file = tmp_path / "a.gml"
        file.write_bytes(data)
        assert "empty file" in self.message(file)
        assert "empty file" in self.message(io.BytesIO(data))

    def test_blank(self) -> None:
        assert "empty file" in self.message(io.BytesIO(b"  \n\n"))

    @pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may read everything")
    def test_forbidden(self, tmp_path: Path) -> None:
        file = tmp_path / "a.gml"
        file.write_bytes(GML)
        file.chmod(0)
        assert "Permission denied" in self.message(file)

    def test_unreadable(self) -> None:
        class Broken(io.RawIOBase):
            def readable(self) -> bool:
                return True

            def readinto(self, buffer: memoryview) -> int:
                raise OSError(5, "Input/output error")

        assert self.message(io.BufferedReader(Broken())) == "stdin: expected a readable file, found Input/output error"

    @pytest.mark.parametrize("cut", [5, 20, -9, -1])
    def test_truncated_gzip(self, cut: int) -> None:
        packed = gzip.compress(b"".join(b"%d %d\n" % (i, i * i) for i in range(500)))
        assert "gzip" in self.message(io.BytesIO(packed[:cut]))

    def test_damaged_gzip(self) -> None:
        packed = bytearray(gzip.compress(EDGES * 100))
        packed[15] ^= 255
        assert "gzip" in self.message(io.BytesIO(bytes(packed)))
        assert "gzip" in self.message(io.BytesIO(gzip.compress(EDGES) + b"garbage"))

    def test_unknown_format_name(self) -> None:
        with pytest.raises(UsageError, match="did you mean gml"):
            list(stream.read(io.BytesIO(GML), format="gmll"))

    def test_errors_carry_the_name_given(self) -> None:
        assert self.message(io.BytesIO(b"0 1\n1\n"), format="edgelist", name="pipe 7").startswith("pipe 7:2:")


class TestWriting:
    @pytest.mark.parametrize("format", list(FORMATS))
    def test_file_and_back(self, format: str, tmp_path: Path) -> None:
        suffix = FORMATS.get(format).suffixes[0]
        for name in (f"a{suffix}", f"b{suffix}.gz"):
            graph = barbell(3)
            assert stream.write([graph], tmp_path / name) == []
            assert one(tmp_path / name).fingerprint == graph.fingerprint
        assert sorted(p.name for p in tmp_path.iterdir()) == [f"a{suffix}", f"b{suffix}.gz"]

    def test_compressed_bytes_do_not_depend_on_time_or_name(self, tmp_path: Path) -> None:
        for name in ("a.gml.gz", "b.gml.gz"):
            stream.write([barbell(3)], tmp_path / name)
        assert (tmp_path / "a.gml.gz").read_bytes() == (tmp_path / "b.gml.gz").read_bytes()

    def test_existing_files_stay_unless_forced(self, tmp_path: Path) -> None:
        file = tmp_path / "a.gml"
        file.write_bytes(b"mine")
        with pytest.raises(UsageError, match="--force"):
            stream.write([barbell(3)], file)
        assert file.read_bytes() == b"mine"
        stream.write([barbell(3)], file, force=True)
        assert one(file).n == 6

    @pytest.mark.parametrize("error", [KeyboardInterrupt, InputError, ValueError])
    def test_nothing_is_left_behind_when_it_goes_wrong(self, error: type[BaseException], tmp_path: Path) -> None:
        def graphs() -> Iterator[Graph]:
            yield barbell(3)
            raise error("stop")

        with pytest.raises(error):
            stream.write(graphs(), tmp_path / "a.jsonl")
        assert list(tmp_path.iterdir()) == []

    def test_several_graphs_need_a_format_for_them(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"one graph \(gml holds one\), found several; .*pt.*jsonl"):
            stream.write([barbell(3), barbell(4)], tmp_path / "a.gml")
        assert list(tmp_path.iterdir()) == []
        stream.write([barbell(3), barbell(4)], tmp_path / "a.jsonl")
        assert [g.n for g in stream.read(tmp_path / "a.jsonl")] == [6, 8]

    @pytest.mark.parametrize(
        ("target", "words"),
        [
            ("a.odt", "a suffix that stands for a format"),
            ("a", "--to"),
            ("no/a.gml", "an existing folder"),
            (".", "folder"),
        ],
    )
    def test_refusals(self, target: str, words: str, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=words):
            stream.write([barbell(3)], tmp_path / target)

    def test_no_graph_and_no_format(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="a graph to write"):
            stream.write([], tmp_path / "a.gml")
        with pytest.raises(UsageError, match="--to"):
            stream.write([barbell(3)], io.BytesIO())

    def test_devices_are_written_into(self) -> None:
        stream.write([barbell(3)], "/dev/null", format="gml")
        assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)

    def test_each_loss_is_named_once(self) -> None:
        graphs = [Graph(2, np.array([[0, 1]]), node={"x": np.zeros((2, 2))}, name=str(i)) for i in range(2)]
        assert stream.write(graphs, io.BytesIO(), format="jsonl") == []
        assert stream.write(graphs[:1], io.BytesIO(), format="gml") == ["node payload (x)"]

    def test_provenance_grows_by_one_reading(self, tmp_path: Path) -> None:
        stream.write([barbell(3)], tmp_path / "a.gml")
        stream.write([one(tmp_path / "a.gml")], tmp_path / "b.net")
        assert [s.spec for s in one(tmp_path / "b.net").provenance] == ["gml", "pajek"]


def test_advice_on_binary_data_fits_what_was_said(tmp_path: Path) -> None:
    target = tmp_path / "graph.gml"
    target.write_bytes(bytes(range(256)))
    for options, advice in (({}, "name the format with --from"), ({"format": "gml"}, "leave --from out, or name the")):
        with pytest.raises(InputError, match=f"found binary data; {advice}"):
            list(stream.read(target, **options))
