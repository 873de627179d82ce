"""What goes to AWS is, byte for byte, what requirements.lock names."""

import zipfile
from pathlib import Path

from infra.lock import LOCK, SHIPPED, fetched, lines, strangers
from infra.sbom import pins


def wheel(folder: Path, text: str = "print(1)\n") -> Path:
    path = folder / "bell-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("bell/__init__.py", text)
        packed.writestr("bell-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: bell\nVersion: 1.0\n")
        packed.writestr("bell-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        packed.writestr("bell-1.0.dist-info/RECORD", "")
    return path


def test_the_lock_holds_every_pin_and_nothing_else() -> None:
    locked = [line.split(" --hash=sha256:") for line in LOCK.read_text().splitlines() if not line.startswith("#")]
    assert dict(pin.split("==") for pin, _ in locked) == pins(*SHIPPED), "run `make lock`, and review what it changed"
    assert all(len(digest) == 64 for _, digest in locked)


def test_a_file_that_was_changed_behind_its_pin_is_not_fetched(tmp_path: Path) -> None:
    index, got, lock = tmp_path / "index", tmp_path / "got", tmp_path / "some.lock"
    index.mkdir()
    path = wheel(index)
    lock.write_text(f"--no-index\n--find-links {index}\n{lines(index)[0]}\n")
    assert fetched(got, lock)
    wheel(index, "print(2)\n")
    assert path.exists()
    assert not fetched(tmp_path / "again", lock)


def test_what_is_in_no_wheel_is_a_stranger_in_the_package(tmp_path: Path) -> None:
    wheel(tmp_path)
    code = tmp_path / "code.zip"
    with zipfile.ZipFile(code, "w") as packed:
        packed.writestr("app.py", "ours")
        packed.writestr("chalicelib/__init__.py", "ours")
        packed.writestr("bell/__init__.py", "print(1)\n")
    assert strangers(code, tmp_path) == []
    with zipfile.ZipFile(code, "a") as packed:
        packed.writestr("bell/more.py", "print(1)\n")
        packed.writestr("tower/__init__.py", "print(1)\n")
    assert strangers(code, tmp_path) == ["bell/more.py", "tower/__init__.py"]
