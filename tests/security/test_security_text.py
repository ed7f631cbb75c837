"""Hostile text: one line of complaint or a small graph; never a traceback, never gigabytes, never minutes."""

import gzip
import io
import random
import resource
import subprocess
import sys
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mixcli.catalog import FORMATS
from mixcli.errors import InputError, LimitExceeded
from mixcli.graph import Graph
from mixcli.io import stream

TEXT = ("edgelist", "csv", "tsv", "matrix-market", "dimacs", "gml", "pajek", "graphml", "gexf")
BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">%s]>
<graphml><graph><node id="&j;"/></graph></graphml>""" % b"".join(
    b'<!ENTITY %c "%s">' % (b, b"&%c;" % (b - 1) * 10) for b in range(ord("b"), ord("k"))
)


def attempt(data: bytes, format: str | None = None) -> list[Graph] | str:
    """The graphs, or the one line of complaint."""
    try:
        return list(stream.read(io.BytesIO(data), format=format, name="hostile"))
    except (InputError, LimitExceeded) as error:
        line = str(error)
    assert "\n" not in line
    assert len(line) < 1000
    return line


@pytest.mark.parametrize("root", ["graphml", "gexf"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_document_types_are_refused_in_any_encoding(root: str, encoding: str) -> None:
    text = BOMB.decode().replace("graphml", root).replace("?>", f' encoding="{encoding}"?>', 1)
    assert "<!DOCTYPE" in attempt(text.encode(encoding))
    external = f'<!DOCTYPE {root} SYSTEM "file:///etc/passwd"><{root}><graph/></{root}>'
    assert "<!DOCTYPE" in attempt(external.encode(encoding), root)


def test_entities_that_nobody_declared() -> None:
    assert "undefined entity" in attempt(b'<graphml><graph><node id="&lol;"/></graph></graphml>')


@pytest.mark.parametrize(
    "data",
    [
        b"# Nodes: 1000000000000 Edges: 1\n0 1\n",
        b"# Nodes: 1000000000 Edges: 1\n1 2\n",
        b'# mixcli: {"nodes":1000000000000}\n0 1\n',
        b"%%MatrixMarket matrix coordinate pattern symmetric\n1000000000000 1000000000000 1\n2 1\n",
        b"%%MatrixMarket matrix array real general\n1000000 1000000\n1\n",
        b"%%MatrixMarket matrix coordinate pattern symmetric\n3 3 1000000000000\n2 1\n",
        b"p sp 1000000000000 1\na 1 2 1\n",
        b"p edge 2 1000000000000\ne 1 2\n",
        b"*Vertices 1000000000000\n*Edges\n1 2\n",
        b'*Vertices 9000000\n1 "a"\n*Edges\n1 2\n',
        b"*Vertices 9000000\n*Matrix\n1 2\n",
    ],
)
def test_claims_of_size_are_not_believed(data: bytes) -> None:
    assert isinstance(attempt(data), str)


@pytest.mark.parametrize(
    ("format", "data"),
    [
        ("gml", b"graph [" + b" a [" * 100_000),
        ("gml", b"[" * 100_000),
        ("gml", b"graph [ node [ id " + b"9" * 100_000 + b" ] ]"),
        ("graphml", b"<graphml>" + b"<graph>" * 100_000),
        ("graphml", b"<graphml><graph>" + b"<node id='a'>" * 100_000),
        ("gexf", b"<gexf><graph><nodes>" + b"<node id='a'><nodes>" * 50_000),
        ("edgelist", b"0 1 " + b"9" * 100_000 + b"\n"),
        ("edgelist", b"9" * 100_000 + b" 1\n"),
        ("edgelist", b"# mixcli: " + b"[" * 100_000 + b"\n0 1\n"),
        ("edgelist", b"# mixcli: {" + b'"a":[' * 100_000 + b"\n0 1\n"),
        ("gml", b'graph [ mixcli_provenance "' + b"[" * 100_000 + b'" node [ id 0 ] ]'),
        ("edgelist", b'# mixcli: {"nodes":2,"labels":[1,[]],"provenance":[5,{"notes":3,"seed":[]}],"plan":7}\n0 1\n'),
        ("csv", b'source,target\n"' + b"x" * 500_000 + b'",b\n'),
    ],
)
def test_deep_long_and_misshapen(format: str, data: bytes) -> None:
    attempt(data, format)
    attempt(data)


@pytest.mark.parametrize("format", TEXT)
@pytest.mark.parametrize(
    "unit",
    [
        b" ", b"\n", b"\t", b"0", b"a", b"{", b"}", b"[", b"]", b"<", b"<!--", b"-->", b"<?", b'"', b"#", b"%", b"// ",
        b"*", b"a b ", b"1 1\n", b"]>", b"<!DOCTYPE [", b"p sp ", b"graph ", b"&#1;", b"\r", b"{'weight': ", b"x \n ",
    ],
)  # fmt: skip
def test_repetition_does_not_take_quadratic_time(format: str, unit: bytes) -> None:
    start = time.process_time()
    attempt(unit * (300_000 // len(unit)), format)
    FORMATS.get(format).sniff((unit * 65536)[:65536])
    assert time.process_time() - start < 3


@pytest.mark.parametrize("format", TEXT)
def test_noise(format: str) -> None:
    rng = random.Random(0)
    for size in (1, 10, 1000, 100_000):
        assert isinstance(attempt(rng.randbytes(size), format), (str, list))
    assert isinstance(attempt(b"\x89PNG\r\n\x1a\n\x00\x00\x00", format), str)


SAMPLES = {
    "edgelist": b"# Nodes: 3 Edges: 2\n0 1 2.5\n1 2 1\n",
    "csv": b"source,target,weight,kind\na,b,1,x\nb,c,2,y\n",
    "tsv": b"a\tb\nb\tc\n",
    "matrix-market": b"%%MatrixMarket matrix coordinate real symmetric\n% c\n3 3 2\n2 1 1.5\n3 2 2\n",
    "dimacs": b"c x\np sp 3 2\na 1 2 3\na 2 3 4\n",
    "gml": b'graph [ directed 1 node [ id 0 label "a" ] node [ id 1 ] edge [ source 0 target 1 value 2 ] ]',
    "pajek": b'*Vertices 3\n1 "a" 0.1 0.2\n*Arcs\n1 2 3\n*Edgeslist\n1 3\n*Matrix\n0 1 0\n1 0 0\n0 0 0\n',
    "graphml": b'<graphml><key id="w" for="edge" attr.name="weight" attr.type="double"/><graph edgedefault="directed">'
    b'<node id="a"/><node id="b"/><edge source="a" target="b"><data key="w">2</data></edge></graph></graphml>',
    "gexf": b'<gexf><graph defaultedgetype="directed"><nodes><node id="a" label="x"/><node id="b"/></nodes><edges>'
    b'<edge source="a" target="b" weight="2"/></edges></graph></gexf>',
}


@pytest.mark.parametrize("format", TEXT)
def test_every_truncation(format: str) -> None:
    sample = SAMPLES[format]
    assert isinstance(attempt(sample, format), list)
    for end in range(len(sample)):
        attempt(sample[:end], format)


@pytest.mark.parametrize("format", TEXT)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_mutations(format: str, data: st.DataObject) -> None:
    sample = bytearray(SAMPLES[format])
    words = st.sampled_from(b'nan;-1;1e400;0;99999999999999999999;";\n; ;\xff;\x00;[;];<;,;*;1_0;0x1;#'.split(b";"))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(sample)))
        sample[at : at + data.draw(st.integers(0, 4))] = data.draw(words)
    found = attempt(bytes(sample), format)
    assert isinstance(found, str) or all(g.n < 10_000 for g in found)


def test_gzip_bombs_are_refused() -> None:
    assert "bomb" in attempt(gzip.compress(b"0 1\n" * 20_000_000))


NODES = b"".join(b" node [ id %d ]" % i for i in range(3000))
SCRIPT = """
import resource, sys
from mixcli.errors import MixcliError
from mixcli.io import stream
limit = 2**30
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    print(len(list(stream.read(sys.argv[1], format=sys.argv[2]))))
except MixcliError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("format", "data"),
    [
        ("gml", b"graph [" + b"".join(b" node [ id %d k%d %d ]" % (i, i, i) for i in range(20_000)) + b" ]"),
        ("gml", b'graph [ node [ id n text "%s" ]%s ]' % (b"x" * 10**6, NODES)),
        ("edgelist", b"# Nodes: 900000000 Edges: 1\n0 1\n"),
        ("pajek", b"*Vertices 9000000\n*Edges\n1 2\n"),
    ],
    ids=["rare attributes", "one long text", "claimed nodes", "empty vertices"],
)  # fmt: skip
@pytest.mark.skipif(not hasattr(resource, "RLIMIT_AS") or sys.platform == "darwin", reason="no limit on memory here")
def test_memory_stays_below_a_gigabyte(format: str, data: bytes, tmp_path: object) -> None:
    file = tmp_path / "hostile"
    file.write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(file), format], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.returncode == 0
