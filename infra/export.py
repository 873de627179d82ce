"""A table as DynamoDB exports it to S3: a summary, a list of files, and gzipped lines of DynamoDB JSON.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html, read 2026-11-23.
"""

import base64
import gzip
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import urlsplit

from chalicelib.aws.rows import Row

SUMMARY = "manifest-summary.json"


class Broken(Exception):
    """The export is none that could be restored; the message says why."""


class Place(Protocol):
    """Where an export lies."""

    def open(self, name: str) -> IO[bytes]:
        """One of its files, by its name in the export or its whole key."""


@dataclass(frozen=True)
class Folder:
    """A copy of an export on this machine: the folder with the summary in it."""

    path: Path

    def open(self, name: str) -> IO[bytes]:
        """A key of the bucket is the same file under `data/`, wherever the copy lies."""
        file = self.path / name
        return (file if file.exists() else self.path / "data" / Path(name).name).open("rb")


@dataclass(frozen=True)
class Bucket:
    """An export where DynamoDB left it."""

    s3: Any
    bucket: str
    prefix: str

    def open(self, name: str) -> IO[bytes]:
        """The file, fetched to this machine first: a connection that breaks off in the middle would lose rows."""
        file = tempfile.TemporaryFile()  # noqa: SIM115, the reader closes it
        key = name if "AWSDynamoDB/" in name else f"{self.prefix}/{name}"
        self.s3.download_fileobj(self.bucket, key, file)
        file.seek(0)
        return file


@dataclass(frozen=True)
class Export:
    """A full export of a table, as it was at an instant."""

    place: Place
    exported_at: datetime
    count: int
    files: dict[str, int]
    """How many rows each holds."""

    def rows(self) -> Iterator[Row]:
        """Every row, once; Broken where a file holds more or fewer than its manifest says."""
        for name, wanted in self.files.items():
            found = 0
            with self.place.open(name) as file, gzip.open(file) as lines:
                for line in lines:
                    found += 1
                    yield _row(json.loads(line)["Item"])
            if found != wanted:
                raise Broken(f"{name} holds {found} rows, and its manifest says {wanted}")


def opened(place: Place) -> Export:
    """The export that lies there; Broken where it is not finished, not whole or not in DynamoDB JSON."""
    with place.open(SUMMARY) as file:
        summary = json.load(file)
    if summary.get("outputFormat") != "DYNAMODB_JSON":
        raise Broken(f"the export is in {summary.get('outputFormat')}: export it as DYNAMODB_JSON")
    if summary.get("exportType", "FULL_EXPORT") != "FULL_EXPORT":
        raise Broken("the export is an incremental one, and tells only what changed: make a full one")
    with place.open(summary["manifestFilesS3Key"].rpartition("/")[2]) as file:
        listed = [json.loads(line) for line in file if line.strip()]
    files = {one["dataFileS3Key"]: int(one["itemCount"]) for one in listed}
    if sum(files.values()) != summary["itemCount"]:
        raise Broken(f"the files hold {sum(files.values())} rows, and the summary says {summary['itemCount']}")
    return Export(place, datetime.fromisoformat(summary["exportTime"]), summary["itemCount"], files)


def place_of(where: str, s3: Any) -> Place:
    """The folder or the `s3://bucket/prefix/AWSDynamoDB/id` that somebody named."""
    parts = urlsplit(where)
    if parts.scheme == "s3":
        return Bucket(s3, parts.netloc, parts.path.strip("/"))
    return Folder(Path(where))


def _row(item: Row) -> Row:
    """Bytes come in base 64."""
    return {name: {"B": base64.b64decode(at["B"])} if "B" in at else at for name, at in item.items()}
