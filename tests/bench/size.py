"""What goes to AWS Lambda: the size of the package, zipped and unpacked."""

import zipfile

from infra.package import package
from tests.bench.figures import Figure, at_most, shown

MB = 1_000_000
LIMIT_MB = 30


def measure() -> list[Figure]:
    """Megabytes (10^6 bytes) of the deployment package."""
    path = package(lambda _: None).code_path
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    return [
        Figure("zipped", shown(path.stat().st_size / MB, "MB")),
        at_most("unzipped", unpacked / MB, LIMIT_MB, "MB"),
    ]
