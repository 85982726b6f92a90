"""A PostgreSQL of the tests' own: a fresh cluster in a temporary folder, listening on a socket there, nowhere else."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

_USER = "voicerisk"


def _program(name: str) -> str:
    """The server's own programs are not on Debian's path."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    path = str(found[-1]) if found else shutil.which(name)
    if path is None:
        raise RuntimeError(f"{name} is missing; install it: apt-get install postgresql")
    return path


class Cluster:
    """A server with its data: `url` is the address of its first database."""

    def __init__(self, url: str, run: Callable[..., None], data: str, options: str) -> None:
        self.url = url
        self._run = run
        self._pg_ctl = (_program("pg_ctl"), "-D", data, "-w")
        self._options = ("-l", f"{data}.log", "-o", options)
        self._is_on = False

    def start(self) -> None:
        """Returns once it takes connections."""
        self._run(*self._pg_ctl, *self._options, "start")
        self._is_on = True

    def stop(self) -> None:
        """Stops it as a power cut would. Safe to call twice."""
        if self._is_on:
            self._run(*self._pg_ctl, "-m", "immediate", "stop")
            self._is_on = False


@contextmanager
def running_postgres() -> Iterator[Cluster]:
    """A running server; everything is gone afterwards."""
    # The server refuses to run as root.
    user = "postgres" if os.getuid() == 0 else None
    group = pwd.getpwnam(user).pw_gid if user else None

    def run(*command: str) -> None:
        done = subprocess.run(command, user=user, group=group, capture_output=True, text=True, cwd="/", timeout=60)
        if done.returncode:
            raise RuntimeError(f"{Path(command[0]).name}: {done.stderr or done.stdout}")

    # Short: the path of a socket has at most 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    if user:
        shutil.chown(folder, user)
    data = str(folder / "data")
    try:
        run(_program("initdb"), "-D", data, "-U", _USER, "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c max_connections=40"
        cluster = Cluster(
            f"postgresql+psycopg://{_USER}@/postgres?host={quote(str(folder), safe='')}", run, data, options
        )
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
