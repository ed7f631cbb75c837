"""XML as a stream of elements, without a tree, without entities of the file's own, and with bounded depth."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any, BinaryIO
from xml.parsers import expat

from mixcli.io.base import MAX_TEXT, Reading

__all__ = ["attribute", "content", "elements", "looks_like", "written"]

MAX_DEPTH = 64
CHUNK = 2**18
_PROLOG = rb"(?:<\?.*?\?>\s*|<!--.*?-->\s*|<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>\s*)*"
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold in any form."""


def looks_like(head: bytes, root: str) -> bool:
    """Whether a file starts like an XML document with this root element."""
    start = rb"\s*" + _PROLOG + rb"<(?:\w+:)?" + root.encode() + rb"[\s>/]"
    return re.match(start, _utf8(head), flags=re.DOTALL) is not None


def _utf8(head: bytes) -> bytes:
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return head.decode("utf-16", errors="replace").encode()
    return head.removeprefix(b"\xef\xbb\xbf")


def elements(stream: BinaryIO, reading: Reading) -> Iterator[tuple[str, dict[str, str] | None, str, int]]:
    """Elements as they open and close: (name, attributes, "", line), then (name, None, text, line).

    The text is what stands between the last child (or the opening tag) and the closing tag. Names are without
    namespace.

    Raises:
        InputError: not well-formed, a document type declaration (it could define entities), too deep or too long.
    """
    events: list[tuple[str, dict[str, str] | None, str, int]] = []
    parser = _parser(events, reading)
    size = 0
    try:
        while chunk := stream.read(CHUNK):
            size += len(chunk)
            if size > MAX_TEXT:
                raise reading.error(f"at most {MAX_TEXT} bytes of XML", "more", "convert it to .npz")
            parser.Parse(chunk, False)
            yield from events
            events.clear()
        if not size:
            raise reading.error("a graph", "an empty file", "check that the file was written")
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        found = expat.ErrorString(error.code)
        raise reading.error(
            "well-formed XML", found, "the file may be cut or damaged: fetch or write it again", line=error.lineno
        ) from None
    except (LookupError, ValueError) as error:  # an encoding that expat and Python do not know
        raise reading.error("XML in a known encoding", str(error), "save it as UTF-8") from None
    yield from events


def _parser(events: list[Any], reading: Reading) -> expat.XMLParserType:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    text: list[str] = []
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            line = parser.CurrentLineNumber
            raise reading.error(f"elements nested at most {MAX_DEPTH} deep", "more", line=line)
        text.clear()
        events.append((name.rpartition(" ")[2], attributes, "", parser.CurrentLineNumber))

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        events.append((name.rpartition(" ")[2], None, "".join(text), parser.CurrentLineNumber))
        text.clear()

    def doctype(*_: object) -> None:
        fix = "remove the <!DOCTYPE …>, which could define entities"
        raise reading.error("XML without a document type", "<!DOCTYPE", fix, line=parser.CurrentLineNumber)

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = text.append
    parser.StartDoctypeDeclHandler = doctype
    return parser


def written(text: str) -> str:
    """The text as it comes back from an XML file: characters that XML forbids are replaced."""
    return _FORBIDDEN.sub("\ufffd", text)


def content(text: str) -> str:
    """Text as the content of an element."""
    return html.escape(written(text), quote=False).replace("\r", "&#13;")


def attribute(text: str) -> str:
    """Text as a quoted attribute value, white space kept."""
    safe = html.escape(written(text))
    return f'"{safe.translate({9: "&#9;", 10: "&#10;", 13: "&#13;"})}"'
