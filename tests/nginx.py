"""Debian's nginx with the configuration that the documentation recommends, behind a socket in a folder of its own."""

import os
import pwd
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
from websockets.asyncio.client import connect, unix_connect

from tests.certificates import Authority

CONFIGURATION: Final = Path(__file__).parents[1] / "docs/nginx.conf"
GATEWAYS: Final = "voicerisk.example.com"
DESK: Final = "desk.example.com"
IDLE_S: Final = 1.0
"""How long a connection may be silent here, in the place of a minute."""

_MAIN: Final = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/voicerisk.conf;
}}
"""


class Nginx:
    """The running proxy."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes], trusting: ssl.SSLContext) -> None:
        self._process = process
        self._trusting = trusting
        self._log = folder / "error.log"
        self._socket = str(folder / "nginx.sock")

    @property
    def is_ready(self) -> bool:
        """Whether it listens. Raises `RuntimeError` if it has ended instead."""
        if self._process.poll() is not None:
            raise RuntimeError(f"nginx ended: {self._log.read_text()}")
        return os.path.exists(self._socket)

    @property
    def log(self) -> str:
        """What it has written down."""
        return self._log.read_text()

    def connect(self, url: str, headers: Mapping[str, str] | None = None, **options: Any) -> connect:
        """A websocket through it, which sends no pings of its own."""
        return unix_connect(
            self._socket, url, ssl=self._trusting, additional_headers=headers, ping_interval=None, **options
        )

    def http(self) -> httpx.AsyncClient:
        """A client of the desk through it."""
        transport = httpx.AsyncHTTPTransport(uds=self._socket, verify=self._trusting)
        return httpx.AsyncClient(base_url=f"https://{DESK}", transport=transport, timeout=20.0)


@contextmanager
def running_nginx(ingest_port: int, http_port: int) -> Iterator[Nginx]:
    """The proxy before these ports of this machine; ended, with all it left behind, afterwards."""
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    if not os.path.exists(program):
        raise RuntimeError("nginx is missing; install it: apt-get install nginx-light")
    # Short: the path of a socket has at most 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="nx"))
    try:
        authority = Authority(folder / "tls", "authority")
        certificate, key = authority.issue("proxy", GATEWAYS, DESK)
        changes = {
            "listen 443 ssl;": f"listen unix:{folder}/nginx.sock ssl;",
            "/etc/ssl/voicerisk/fullchain.pem": str(certificate),
            "/etc/ssl/voicerisk/key.pem": str(key),
            "127.0.0.1:8765": f"127.0.0.1:{ingest_port}",
            "127.0.0.1:8080": f"127.0.0.1:{http_port}",
            "proxy_read_timeout 60s;": f"proxy_read_timeout {IDLE_S:g}s;",
            "proxy_send_timeout 60s;": f"proxy_send_timeout {IDLE_S:g}s;",
        }
        text = CONFIGURATION.read_text(encoding="utf-8")
        for usual, here in changes.items():
            assert usual in text, usual
            text = text.replace(usual, here)
        (folder / "voicerisk.conf").write_text(text, encoding="utf-8")
        (folder / "main.conf").write_text(_MAIN.format(folder=folder), encoding="utf-8")
        user = "nobody" if os.getuid() == 0 else None
        if user is not None:
            owner = pwd.getpwnam(user)
            for path in (folder, *folder.rglob("*")):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        process = subprocess.Popen(
            [program, "-p", str(folder), "-c", str(folder / "main.conf"), "-e", str(folder / "error.log")],
            user=user,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield Nginx(folder, process, authority.trusted())
        finally:
            process.terminate()
            process.wait(20.0)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
