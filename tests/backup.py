"""An export of a table as DynamoDB would write it, kept in memory.

The format: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html, read 2026-11-23.
"""

import base64
import gzip
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from chalicelib.aws.rows import Row
from chalicelib.core.timing import stamp

HOME = "carillon/AWSDynamoDB/01795341234567-a1b2c3d4"
PER_FILE = 7


@dataclass
class Backup:
    """The files of an export, by their names in it."""

    files: dict[str, bytes] = field(default_factory=dict)

    def open(self, name: str) -> IO[bytes]:
        return io.BytesIO(self.files[name.removeprefix(f"{HOME}/")])

    def write(self, folder: Path) -> None:
        """Lay a copy of it on this machine."""
        for name, content in self.files.items():
            (folder / name).parent.mkdir(exist_ok=True, parents=True)
            (folder / name).write_bytes(content)


def made(rows: Sequence[Row], at: datetime, **summary: Any) -> Backup:
    """The export of these rows as of then."""
    backup, listed = Backup(), list[dict[str, Any]]()
    for number, some in enumerate(_pages(rows)):
        name = f"data/{number:026}.json.gz"
        lines = "".join(json.dumps({"Item": _shown(row)}, ensure_ascii=False) + "\n" for row in some)
        backup.files[name] = gzip.compress(lines.encode(), mtime=0)
        listed += [{"itemCount": len(some), "md5Checksum": "-", "etag": "-", "dataFileS3Key": f"{HOME}/{name}"}]
    backup.files["manifest-files.json"] = "".join(json.dumps(one) + "\n" for one in listed).encode()
    about = {
        "version": "2020-06-30",
        "exportTime": stamp(at),
        "s3Bucket": "backups",
        "s3Prefix": "carillon",
        "manifestFilesS3Key": f"{HOME}/manifest-files.json",
        "itemCount": len(rows),
        "outputFormat": "DYNAMODB_JSON",
    }
    backup.files["manifest-summary.json"] = json.dumps({**about, **summary}).encode()
    return backup


def _pages(rows: Sequence[Row]) -> list[Sequence[Row]]:
    """One file for each partition of DynamoDB's own; some are empty."""
    return [rows[start : start + PER_FILE] for start in range(0, len(rows), PER_FILE)] + [()]


def _shown(row: Row) -> dict[str, Any]:
    return {name: {"B": base64.b64encode(at["B"]).decode()} if "B" in at else at for name, at in row.items()}
