"""What a backup says of itself: `manifest.json` beside the files, written last."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sigmasight.core.backups.places import ALIASES
from sigmasight.core.errors import DomainError

FORMAT = 1
NAME = "manifest.json"
CHUNK = 1 << 20


@dataclass(frozen=True)
class Copied:
    """One database in a backup.

    Attributes
    ----------
    bytes, sha256 : of its file. database_bytes : what it took on the server, indexes included.
    server, client : versions of PostgreSQL and of pg_dump. extensions : versions by name.
    migrations : names applied, by app. rows : counts by table, those of a table cut by month for each month.
    """

    database: str
    bytes: int
    sha256: str
    database_bytes: int
    server: str
    client: str
    extensions: dict[str, str]
    migrations: dict[str, list[str]]
    rows: dict[str, int]


@dataclass(frozen=True)
class Manifest:
    """A whole backup. Instants are UTC in ISO form; `databases` by label."""

    project_version: str
    started_at: str
    finished_at: str
    databases: dict[str, Copied]

    @property
    def bytes(self) -> int:
        return sum(one.bytes for one in self.databases.values())


def file_of(folder: Path, label: str) -> Path:
    """Names come from here, never from a manifest: a manifest may have been tampered with."""
    return folder / f"{label}.dump"


def write(folder: Path, manifest: Manifest) -> None:
    content: dict[str, Any] = {"format": FORMAT, **asdict(manifest)}
    content["digest"] = _digest(content)
    path = folder / NAME
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())


def read(folder: Path) -> Manifest:
    """The manifest of a backup, whole and of a form that is known here.

    Raises
    ------
    DomainError.
    """
    if not folder.is_dir():
        raise DomainError("no_backup", f"There is no folder {folder}.")
    try:
        content = json.loads((folder / NAME).read_text())
        told = content.pop("digest")
        if content.get("format") != FORMAT:
            raise DomainError(
                "unknown_format", f"{folder} has the form {content.get('format')}; this version reads {FORMAT}."
            )
        if told != _digest(content):
            raise DomainError("damaged", f"{folder / NAME} was changed after it was written.")
        databases = {label: Copied(**content["databases"][label]) for label in ALIASES}
        return Manifest(content["project_version"], content["started_at"], content["finished_at"], databases)
    except FileNotFoundError as error:
        raise DomainError("no_backup", f"{folder} has no {NAME}: it is no backup, or one that was cut off.") from error
    except (ValueError, KeyError, TypeError, AttributeError, UnicodeError) as error:
        raise DomainError("damaged", f"{folder / NAME} cannot be read.") from error


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def sha256_of(path: Path, advance: Callable[[int], object] = lambda count: None) -> str:
    """Of a file's bytes, hexadecimal; `advance` is told how many were read."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(CHUNK):
            digest.update(block)
            advance(len(block))
    return digest.hexdigest()


def check_files(folder: Path, manifest: Manifest, advance: Callable[[int], object] = lambda count: None) -> None:
    """Compare every file with the manifest.

    Raises
    ------
    DomainError for one that is missing, shorter, longer or different.
    """
    for label, copied in manifest.databases.items():
        path = file_of(folder, label)
        if not path.is_file():
            raise DomainError("damaged", f"{path} is missing.")
        if (size := path.stat().st_size) != copied.bytes:
            raise DomainError("damaged", f"{path} has {size:,} bytes, not {copied.bytes:,}.")
        if sha256_of(path, advance) != copied.sha256:
            raise DomainError("damaged", f"{path} is damaged: its SHA-256 differs from the manifest's.")
