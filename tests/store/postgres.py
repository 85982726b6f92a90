"""A PostgreSQL of the tests' own: a fresh cluster in a temporary folder, listening on a socket there, nowhere else."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
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


@contextmanager
def running_postgres() -> Iterator[str]:
    """The address of a running server's first database; everything is gone afterwards."""
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
        pg_ctl = _program("pg_ctl")
        run(pg_ctl, "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql+psycopg://{_USER}@/postgres?host={quote(str(folder), safe='')}"
        finally:
            run(pg_ctl, "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
