"""WordPress itself on MariaDB, from Debian's packages, on this machine."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from infra.emulator import HOST, free_port
from tests.real.debian_packages import Programs, programs
from tests.real.kept import POLL_SECONDS, START_SECONDS, DidNotStart, await_answer, kept, scratch

Json = dict[str, Any]

OURS = Path(__file__).parent / "wordpress"
EXTENSIONS = ["mysqlnd", "mysqli", "mbstring", "gd", "fileinfo", "ctype", "exif", "iconv", "tokenizer"]
API = "wp-json/wp/v2"
CALL_SECONDS = 60


@dataclass(frozen=True)
class User:
    """A user of the site, with an application password."""

    id: int
    name: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class WordPressSite:
    """A running site, and what tests ask of it behind the product's back."""

    url: str
    place: str
    version: str
    php: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]

    def create_user(self, name: str, role: str) -> User:
        """`editor`, `author`, `contributor` …: https://wordpress.org/documentation/article/roles-and-capabilities."""
        return User(**_run(self.php, self.folder / "carillon-user.php", self.environment, name, role))

    def read(self, path: str, user: User, **params: str) -> Any:
        """What the API says to a user who may edit."""
        asked = {"context": "edit", **params}
        return _checked(self._call("GET", path, user, params=asked)).json()

    def posts(self, user: User) -> list[Json]:
        """Everything that the user has published or drafted, newest first."""
        return list(self.read("posts", user, author=str(user.id), status="publish,private,draft", per_page="100"))

    def make(self, path: str, user: User, body: Json) -> Json:
        """Something new, as the user."""
        return dict(_checked(self._call("POST", path, user, json=body)).json())

    def revoke(self, user: User) -> None:
        """Take back all of the user's application passwords."""
        _checked(self._call("DELETE", "users/me/application-passwords", user))

    def _call(self, method: str, path: str, user: User, **sent: Any) -> httpx.Response:
        auth = (user.name, user.password)
        return httpx.request(
            method, f"{self.url}/{API}/{path}", auth=auth, timeout=CALL_SECONDS, trust_env=False, **sent
        )


@contextmanager
def running_site() -> Iterator[WordPressSite]:
    """A fresh site that lives as long as the block."""
    debian = programs("wordpress")
    place = f"{HOST}:{free_port()}"
    with scratch("mariadb") as database, _database(debian, database) as socket, scratch("wordpress") as folder:
        site = folder / "site"
        php = _php(debian)
        environment = {"SITE_SOCKET": str(socket), "SITE_DATABASE": "wordpress", "SITE_URL": f"http://{place}"}
        _copy(debian, site)
        installed = _run(php, site / "carillon-install.php", environment)
        serving = ["env", *(f"{name}={value}" for name, value in environment.items())]
        with kept([*serving, *php, "-d", "display_errors=0", "-S", place, "-t", str(site)], folder) as log:
            await_answer(f"http://{place}/wp-json/", log)
            yield WordPressSite(f"http://{place}", place, installed["version"], php, site, environment)


@contextmanager
def _database(debian: Programs, directory: Path) -> Iterator[Path]:
    """An empty MariaDB that only this machine's users reach, and its socket."""
    data, socket = directory / "data", directory / "socket"
    data.mkdir()
    options = [f"--datadir={data}", f"--socket={socket}", "--skip-networking", "--skip-grant-tables"]
    small = ["--innodb-buffer-pool-size=32M", "--innodb-log-file-size=8M", "--innodb-use-native-aio=0"]
    as_root = ["--user=root"] if os.geteuid() == 0 else []
    command = debian.command("usr/sbin/mariadbd", "--no-defaults", *options, *small, *as_root)
    with kept(command, directory) as log:
        _await_socket(socket, log)
        yield socket


def _await_socket(socket: Path, log: Path) -> None:
    give_up = time.monotonic() + START_SECONDS
    while not socket.exists():
        if time.monotonic() > give_up:
            raise DidNotStart(f"MariaDB does not listen:\n{log.read_text()[-4000:]}")
        time.sleep(POLL_SECONDS)


def _php(debian: Programs) -> tuple[str, ...]:
    [folder] = (debian.root / "usr/lib/php").glob("2*")
    settings = [f"extension_dir={folder}", *(f"extension={name}" for name in EXTENSIONS), "zend_extension=opcache"]
    return tuple(debian.command("usr/bin/php8.4", "-n", *(word for one in settings for word in ("-d", one))))


def _copy(debian: Programs, site: Path) -> None:
    """A copy per site: uploads go into it. Debian keeps some JavaScript in packages that a server has no use for."""
    shutil.copytree(debian.root / "usr/share/wordpress", site, ignore_dangling_symlinks=True)
    for ours in OURS.glob("*.php"):
        shutil.copy(ours, site)


def _run(php: tuple[str, ...], script: Path, environment: Mapping[str, str], *arguments: str) -> Json:
    """What a script prints as JSON."""
    command = [*php, "-d", "display_errors=stderr", str(script), *arguments]
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=CALL_SECONDS, check=False
    )
    if done.returncode != 0:
        raise DidNotStart(f"{script.name} failed:\n{done.stdout}{done.stderr}")
    return dict(json.loads(done.stdout))


def _checked(reply: httpx.Response) -> httpx.Response:
    assert reply.is_success, f"{reply.request.method} {reply.url} answered {reply.status_code}: {reply.text}"
    return reply
