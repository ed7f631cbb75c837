"""The store of finished trials: one SQLite file, one transaction per trial, so that a killed run loses nothing.

A trial is filed under the SHA-256 of its canonical JSON description, so the plan of a resumed comparison is simply the
trials whose keys are not there yet. Only the process that plans writes; several may read.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias, cast

from mixcli.errors import InputError, MixcliError, UsageError
from mixcli.training.trial_result import TrialResult, result_of

__all__ = ["SCHEMA", "Row", "Store", "canonical", "digest_of"]

SCHEMA = 1
"""Version of the layout, and of what a trial description means; a change of either makes old trials not found."""

APPLICATION = 0x6D697863  # "mixc" in SQLite's application_id, so that nobody else's database is ever written to

TEXT = {".json", ".jsonl", ".csv"}
"""Endings of names that are meant for something else than a database."""

_TABLES = """
create table if not exists trial (
    key text primary key, spec text not null, result text not null, curves blob not null,
    stored text not null default current_timestamp
);
create table if not exists arm (key text primary key, facts text not null);
create table if not exists comparison (
    id integer primary key, key text unique not null, record text not null,
    stored text not null default current_timestamp
);
create table if not exists probe (
    key text not null, name text not null, result text not null, primary key (key, name)
);
create table if not exists plan (key text primary key, outline text not null);
create table if not exists failure (
    key text primary key, spec text not null, reason text not null, stored text not null default current_timestamp
);
"""


def canonical(data: Any) -> str:
    """JSON with sorted keys and no spaces: equal descriptions give equal text.

    Example:
        >>> canonical({"b": 1, "a": [True, None]})
        '{"a":[true,null],"b":1}'
    """
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest_of(data: Any) -> str:
    """SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical(data).encode()).hexdigest()


Row: TypeAlias = tuple[str, str, str, bytes, str]
"""A trial in the file: key, description, result, compressed curves, time of storing (UTC)."""


class Store:
    """Finished trials by key, on disk or in memory.

    Args:
        path: the database file, made where it does not exist; None keeps everything in memory.
        read_only: read an existing file and leave it as it is, even one that somebody else is writing to.

    Raises:
        UsageError: the name ends as a text format's, its folder does not exist, or it names something else than a
            results database that was to be written to, which is then left as it is.
        InputError: the file is from a later version, or cannot be opened or written to; or it is to be read only and
            does not exist, is something else, or is of another version.

    Example:
        >>> with Store() as store:
        ...     store.known(["no such key"])
        set()
    """

    def __init__(self, path: str | Path | None = None, *, read_only: bool = False) -> None:
        self.path = None if path is None else Path(path)
        if self.path is not None:
            _check_name(self.path)
        if read_only and self.path is not None and not self.path.exists():
            raise InputError("a results database", "no such file", "name what `compare -o` wrote", where=str(path))
        try:
            self._db = sqlite3.connect(
                self._name(read_only), timeout=60, isolation_level=None, uri=self.path is not None
            )
            self._check(read_only)
            if not read_only:
                self._open()
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
                raise _other("another kind of file", str(path), read_only) from error
            fix = "name another file, or a folder that may be written to"
            raise InputError("a results database", str(error), fix, where=str(path)) from error

    def _name(self, read_only: bool) -> str:
        if self.path is None:
            return ":memory:"
        name = self.path.resolve()
        if not read_only:
            return name.as_uri()
        at_rest = not name.with_name(f"{name.name}-wal").exists()  # nobody writes: no need for files beside it
        return f"{name.as_uri()}?{'immutable=1' if at_rest else 'mode=ro'}"

    def _check(self, exact: bool) -> None:
        (application,), (version,) = (self._db.execute(f"pragma {p}").fetchone() for p in _PRAGMAS)
        tables = self._db.execute("select count(*) from sqlite_master").fetchone()[0]
        if tables and application != APPLICATION:
            raise _other("a database of another program", str(self.path), exact)
        if version > SCHEMA:
            fix = "upgrade mixcli, or name another file with -o"
            raise InputError(f"results of schema {SCHEMA} or older", f"schema {version}", fix, where=str(self.path))
        if exact and (application, version) != (APPLICATION, SCHEMA):
            found = f"schema {version}" if tables else "an empty file"
            fix = "run the comparison again with this version"
            raise InputError(f"results of schema {SCHEMA}", found, fix, where=str(self.path))

    def _open(self) -> None:
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=normal")
        self._db.execute(f"pragma application_id={APPLICATION}")
        self._db.execute(f"pragma user_version={SCHEMA}")
        self._db.executescript(_TABLES)

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was put is safe without it."""
        self._db.close()

    def known(self, keys: Iterable[str]) -> set[str]:
        """Those of the keys under which a trial is stored."""
        find = "select 1 from trial where key = ?"
        return {k for k in keys if self._db.execute(find, (k,)).fetchone()}

    def put(self, key: str, spec: Mapping[str, Any], result: TrialResult) -> None:
        """File a finished trial, in a transaction of its own; a key that is there already is left as it is."""
        row = (key, canonical(spec), canonical(result.to_json()), result.packed_curves())
        self._db.execute("insert or ignore into trial (key, spec, result, curves) values (?, ?, ?, ?)", row)
        self.put_probes(key, result.probes)

    def put_probes(self, key: str, probes: Mapping[str, Any]) -> None:
        """File what probes found in the network of a trial, unless it is there already."""
        rows = [(key, name, canonical(found)) for name, found in probes.items()]
        self._db.executemany("insert or ignore into probe values (?, ?, ?)", rows)

    def probes(self, key: str) -> dict[str, Any]:
        """What probes found in the network of a trial, by spec."""
        rows = self._db.execute("select name, result from probe where key = ?", (key,)) if self._has("probe") else ()
        return {name: json.loads(result) for name, result in rows}

    def get(self, key: str) -> TrialResult | None:
        """The trial under a key, or None."""
        row = self._db.execute("select result, curves from trial where key = ?", (key,)).fetchone()
        return None if row is None else result_of(*row)

    def trials(self) -> list[tuple[dict[str, Any], TrialResult]]:
        """Every stored trial with its description, in the order of storing."""
        rows = self._db.execute("select spec, result, curves from trial order by rowid").fetchall()
        return [(json.loads(spec), result_of(result, curves)) for spec, result, curves in rows]

    def put_arm(self, key: str, facts: Mapping[str, Any]) -> None:
        """File what a rewiring did (spec, seed, edits, seconds, provenance) under its topology's digest."""
        self._db.execute("insert or ignore into arm values (?, ?)", (key, canonical(facts)))

    def arm(self, key: str) -> dict[str, Any] | None:
        """What was filed about an arm, or None."""
        row = self._db.execute("select facts from arm where key = ?", (key,)).fetchone()
        return None if row is None else json.loads(row[0])

    def put_record(self, key: str, record: Mapping[str, Any]) -> None:
        """File a comparison record; a later one of the same comparison takes its place."""
        text = "insert into comparison (key, record) values (?, ?) on conflict (key) do update set record = ?"
        line = canonical(record)
        self._db.execute(text, (key, line, line))

    def rows(self) -> Iterator[Row]:
        """Every stored trial as it stands in the file, in the order of storing."""
        yield from self._db.execute("select key, spec, result, curves, stored from trial order by rowid")

    def adopt(self, row: Row) -> Row | None:
        """File another store's row, unless its key is there; then return the row that is."""
        text = "insert or ignore into trial (key, spec, result, curves, stored) values (?, ?, ?, ?, ?)"
        if self._db.execute(text, row).rowcount:
            return None
        find = "select key, spec, result, curves, stored from trial where key = ?"
        return cast("Row", self._db.execute(find, row[:1]).fetchone())

    @contextmanager
    def together(self) -> Iterator[None]:
        """One transaction around all that is filed inside: all of it, or on an error none."""
        self._db.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    def put_failure(self, key: str, spec: Mapping[str, Any], reason: str) -> None:
        """File why a trial has no result; the trial is still to be done, and once it is, the failure is forgotten."""
        row = (key, canonical(spec), reason)
        self._db.execute("insert or replace into failure (key, spec, reason) values (?, ?, ?)", row)

    def failures(self) -> list[tuple[str, dict[str, Any], str]]:
        """(key, description, reason) of the trials that failed and were not done since."""
        find = "select key, spec, reason from failure where key not in (select key from trial) order by rowid"
        return [(k, json.loads(spec), why) for k, spec, why in self._db.execute(find)] if self._has("failure") else []

    def put_plan(self, key: str, outline: Mapping[str, Any]) -> None:
        """File what a comparison consists of, so that its record can be made again from its trials.

        An outline that asks for probes takes the place of one that may not.
        """
        known = "update set outline = excluded.outline" if outline.get("probes") else "nothing"
        text = f"insert into plan values (?, ?) on conflict (key) do {known}"
        self._db.execute(text, (key, canonical(outline)))

    def plans(self) -> dict[str, dict[str, Any]]:
        """Outlines of the comparisons by key, oldest first."""
        found = self._db.execute("select key, outline from plan order by rowid") if self._has("plan") else ()
        return {key: json.loads(text) for key, text in found}

    def arms(self) -> dict[str, dict[str, Any]]:
        """What was filed about each arm, by the digest of its topology."""
        return {key: json.loads(text) for key, text in self._db.execute("select key, facts from arm order by rowid")}

    def _has(self, table: str) -> bool:
        """Whether the file has a table, which one of an early version that is only read may lack."""
        return bool(self._db.execute("select 1 from sqlite_master where name = ?", (table,)).fetchone())

    def record(self, key: str) -> dict[str, Any] | None:
        """The comparison record under a plan's key, or None."""
        row = self._db.execute("select record from comparison where key = ?", (key,)).fetchone()
        return None if row is None else json.loads(row[0])

    def records(self) -> list[dict[str, Any]]:
        """All comparison records, oldest first."""
        return [json.loads(text) for (text,) in self._db.execute("select record from comparison order by id")]


_PRAGMAS = ("application_id", "user_version")


def _other(found: str, where: str, read_only: bool) -> MixcliError:
    """A file of somebody else: not to be read, or not to be written to."""
    if read_only:
        return InputError("a results database", found, "name what `compare -o` wrote", where=where)
    return UsageError("a results database", found, "choose another name; this file is left as it is", where=where)


def _check_name(path: Path) -> None:
    if path.suffix.lower() in TEXT:
        found = f"one ending in {path.suffix}"
        fix = "the record itself is written by --format"
        raise UsageError("a name like results.db", found, fix, where=str(path))
    if not path.parent.is_dir():
        raise UsageError("an existing folder", f"no {path.parent}", "make it first", where=str(path))
    if path.is_dir():
        raise UsageError("a file", "a folder", "give a name like results.db in it", where=str(path))
