"""Files that mean harm, and what must become of them: one line of an error."""

import contextlib
import io
import os
from pathlib import Path
from typing import Any

import pytest
import torch

from mixcli.errors import MixcliError
from mixcli.io.base import Format, Reading

PATH = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])


class Runs:
    """Pickles to a call of os.mkdir, which a test can see afterwards."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


class Evaluates:
    """Pickles to a call of eval."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return eval, (f"__import__('os').mkdir({str(self.path)!r})",)


def saved(value: Any, **options: Any) -> bytes:
    out = io.BytesIO()
    torch.save(value, out, **options)
    return out.getvalue()


def read(format: Format, data: bytes) -> list[Any]:
    return list(format.read(io.BytesIO(data), Reading("file")))


def refused(format: Format, data: bytes, message: str) -> None:
    with pytest.raises(MixcliError, match=message) as caught:
        read(format, data)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("file")
    assert len(str(caught.value)) < 600


def only_our_errors(format: Format, data: bytes) -> None:
    with contextlib.suppress(MixcliError):
        read(format, data)
