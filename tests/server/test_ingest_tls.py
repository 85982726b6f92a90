"""wss: the same ingest behind TLS, with client certificates, and with new files while calls go on."""

import shutil
import ssl
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from structlog.testing import capture_logs
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidMessage, InvalidStatus

from tests.certificates import Authority
from tests.server.ingest_client import (
    Running,
    closed_with,
    decoded,
    media_bytes,
    media_messages,
    metric,
    running,
    settings,
    start_message,
    until,
)
from voicerisk.server.gateway_auth import GatewayAuth
from voicerisk.server.ingest_settings import GatewaySettings, IngestSettings
from voicerisk.server.tls import TlsSettings


@pytest.fixture
def site(tmp_path: Path) -> Authority:
    """The authority that the site's clients trust."""
    return Authority(tmp_path / "site", "site")


@pytest.fixture
def tls(site: Authority) -> IngestSettings:
    """Settings with a certificate of the site."""
    certificate, key = site.issue("server")
    return msgspec.structs.replace(
        settings(turn_bytes=4096), tls=TlsSettings(certificate=str(certificate), key=str(key))
    )


def client(server: Running, context: ssl.SSLContext, path: str = "/twilio", **options: Any) -> connect:
    """A client over wss, not yet connected."""
    return connect(f"wss://127.0.0.1:{server.server.port}{path}", ssl=context, compression=None, **options)


async def test_a_call_over_tls_arrives_whole(tls: IngestSettings, site: Authority) -> None:
    """A burst over wss comes out sample for sample, and its end is clean."""
    audio = media_bytes(500)
    async with running(tls) as server:
        async with client(server, site.trusted()) as websocket:
            await websocket.send(start_message("c-1"))
            for message in media_messages(audio):
                await websocket.send(message)
        await until(lambda: bool(server.stream("c-1").ended))
        assert server.stream("c-1").ended[0].clean
    assert np.array_equal(server.stream("c-1").samples(), decoded(audio))


@pytest.mark.parametrize(("message", "code"), [("nonsense", 1007), ("x" * 70_000, 1009)])
async def test_a_bad_message_over_tls_is_closed_with_its_code(
    tls: IngestSettings, site: Authority, message: str, code: int
) -> None:
    """The close code reaches the peer through TLS, where writing cannot be ended separately."""
    async with running(tls) as server, client(server, site.trusted()) as websocket:
        await websocket.send(message)
        assert (await closed_with(websocket))[0] == code


async def test_plain_ws_on_a_tls_port_costs_nothing(tls: IngestSettings, site: Authority) -> None:
    """A peer that does not speak TLS is dropped and logged, and the next one is served."""
    with capture_logs() as logs:
        async with running(tls) as server:
            with pytest.raises((OSError, InvalidMessage)):
                async with connect(f"ws://127.0.0.1:{server.server.port}/twilio", open_timeout=2.0):
                    pass
            async with client(server, site.trusted()) as websocket:
                await websocket.send(start_message("c-2"))
                await until(lambda: len(server.sink.streams) == 1)
    assert [log["why"] for log in logs if log["event"] == "TLS handshake failed"] == ["HTTP_REQUEST"]


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_old_tls_is_refused(tls: IngestSettings, site: Authority) -> None:
    """TLS 1.2 gets in, TLS 1.1 does not."""
    with capture_logs() as logs:
        async with running(tls) as server:
            newer = site.trusted()
            newer.maximum_version = ssl.TLSVersion.TLSv1_2
            async with client(server, newer) as websocket:
                assert websocket.transport.get_extra_info("ssl_object").version() == "TLSv1.2"
            older = site.trusted()
            older.set_ciphers("ALL:@SECLEVEL=0")
            older.minimum_version = older.maximum_version = ssl.TLSVersion.TLSv1_1
            with pytest.raises(OSError):  # noqa: PT011 - which one depends on who closes first
                await client(server, older)
    assert [log["why"] for log in logs if log["event"] == "TLS handshake failed"] == ["UNSUPPORTED_PROTOCOL"]


async def test_new_files_while_a_call_goes_on(tls: IngestSettings, site: Authority, tmp_path: Path) -> None:
    """After a reload new connections get the new certificate, and the live call loses no sample."""
    audio = media_bytes(20)
    messages = list(media_messages(audio))
    other = Authority(tmp_path / "other", "other")
    assert tls.tls is not None
    async with running(tls) as server, client(server, site.trusted()) as live:
        await live.send(start_message("live"))
        for message in messages[:10]:
            await live.send(message)
        certificate, key = other.issue("server")
        shutil.copy(certificate, tls.tls.certificate)
        shutil.copy(key, tls.tls.key)
        async with client(server, site.trusted()):
            pass  # files that nobody has asked to read change nothing
        server.server.reload()
        async with client(server, other.trusted()):
            pass
        with pytest.raises(ssl.SSLCertVerificationError):
            await client(server, site.trusted())
        for message in messages[10:]:
            await live.send(message)
        await until(lambda: server.stream("live").n_samples == [3200])
        assert np.array_equal(server.stream("live").samples(), decoded(audio))


def spoil(files: TlsSettings, what: str, folder: Path) -> None:
    """Makes one of the files useless."""
    certificate, key = Path(files.certificate), Path(files.key)
    if what == "certificate":
        certificate.write_text("no certificate")
    elif what == "key":
        key.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    elif what == "other key":
        shutil.copy(Authority(folder / "other", "other").issue("server")[1], key)
    else:
        key.unlink()


@pytest.mark.parametrize("broken", ["certificate", "key", "other key", "missing"])
async def test_bad_files_leave_the_old_ones(tls: IngestSettings, site: Authority, tmp_path: Path, broken: str) -> None:
    """A reload of files that do not hold a certificate and its key says which, and the port goes on as it was."""
    assert tls.tls is not None
    async with running(tls) as server:
        spoil(tls.tls, broken, tmp_path)
        with pytest.raises(OSError, match=r"server\.(crt|key)"):
            server.server.reload()
        async with client(server, site.trusted()):
            pass


async def test_a_missing_certificate_is_said_at_the_start() -> None:
    """A certificate file that is not there stops the start, not the first call."""
    missing = msgspec.structs.replace(settings(), tls=TlsSettings(certificate="/nowhere.pem", key="/nowhere.pem"))
    with pytest.raises(FileNotFoundError, match=r"/nowhere\.pem"):
        async with running(missing):
            pass


class Mutual:
    """A port with two gateways that want certificates of different authorities, and one that wants none."""

    def __init__(self, site: Authority, folder: Path, tls: IngestSettings) -> None:
        self.site = site
        self.pbx = Authority(folder / "pbx", "pbx-authority")
        self.cloud = Authority(folder / "cloud", "cloud-authority")
        self.settings = msgspec.structs.replace(
            tls,
            gateways=(
                gateway("/pbx", {"client_certificate": {"authority": str(self.pbx.path), "names": ["a.pbx", "cn"]}}),
                gateway("/cloud", {"client_certificate": {"authority": str(self.cloud.path)}}),
                gateway("/open", {}),
            ),
        )

    async def status(self, server: Running, path: str, certificate: tuple[Path, Path] | None) -> int:
        """101 for who gets in, else the refusal's status."""
        try:
            async with client(server, self.site.trusted(certificate), path):
                return 101
        except InvalidStatus as refusal:
            return refusal.response.status_code


def gateway(path: str, auth: dict[str, Any]) -> GatewaySettings:
    """A gateway that asks for `auth`."""
    return GatewaySettings(path=path, protocol="twilio", auth=msgspec.convert(auth, GatewayAuth))


@pytest.fixture
def mutual(site: Authority, tmp_path: Path, tls: IngestSettings) -> Mutual:
    """Such a port's settings and its authorities."""
    return Mutual(site, tmp_path, tls)


async def test_client_certificates(mutual: Mutual) -> None:
    """Each gateway takes its own authority's certificates with its own names, and the log says why of the others."""
    right = mutual.pbx.issue("x", "a.pbx", file="1")
    by_common_name = mutual.pbx.issue("cn", file="2")
    wrong_name = mutual.pbx.issue("b", "b.pbx", file="3")
    of_cloud = mutual.cloud.issue("anything", "a.pbx")
    before = metric("refused_total", gateway="pbx", cause="certificate")
    with capture_logs() as logs:
        async with running(mutual.settings) as server:
            assert await mutual.status(server, "/pbx", right) == 101
            assert await mutual.status(server, "/pbx", by_common_name) == 101
            assert await mutual.status(server, "/cloud", of_cloud) == 101
            assert await mutual.status(server, "/open", None) == 101
            assert await mutual.status(server, "/open", right) == 101
            assert await mutual.status(server, "/pbx", None) == 403
            assert await mutual.status(server, "/pbx", wrong_name) == 403
            assert await mutual.status(server, "/pbx", of_cloud) == 403
            assert await mutual.status(server, "/cloud", right) == 403
    assert [log["reason"] for log in logs if log.get("cause") == "certificate"] == [
        "no client certificate was shown",
        "the client certificate ('b', 'b.pbx') has none of the names that are wanted",
        "the client certificate ('a.pbx', 'anything') is of another authority than this gateway's",
        "the client certificate ('a.pbx', 'x') is of another authority than this gateway's",
    ]
    assert metric("refused_total", gateway="pbx", cause="certificate") - before == 3


@pytest.mark.parametrize(("days", "own", "why"), [(30, False, "signature failure"), (-1, True, "has expired")])
async def test_a_certificate_that_nobody_vouches_for(
    mutual: Mutual, tmp_path: Path, days: int, own: bool, why: str
) -> None:
    """One of an unknown authority, or past its time, does not get through the handshake; the log says why."""
    authority = mutual.pbx if own else Authority(tmp_path / "forged", "pbx-authority")
    forged = authority.issue("x", "a.pbx", days=days)
    with capture_logs() as logs:
        async with running(mutual.settings) as server:
            with pytest.raises((OSError, InvalidMessage)):
                await client(server, mutual.site.trusted(forged), "/pbx")
            await until(lambda: any(log["event"] == "TLS handshake failed" for log in logs))
    assert [why in log["why"] for log in logs if log["event"] == "TLS handshake failed"] == [True]


async def test_a_new_authority_is_loaded_too(mutual: Mutual, tmp_path: Path) -> None:
    """After a reload certificates of the authority that was taken out are refused, and those of the new one get in."""
    old, new = mutual.pbx.issue("x", "a.pbx"), Authority(tmp_path / "new", "new")
    async with running(mutual.settings) as server:
        assert await mutual.status(server, "/pbx", old) == 101
        shutil.copy(new.path, mutual.pbx.path)
        server.server.reload()
        assert await mutual.status(server, "/pbx", new.issue("y", "a.pbx")) == 101
        with pytest.raises((OSError, InvalidMessage)):
            await client(server, mutual.site.trusted(old), "/pbx")


def test_client_certificates_need_tls(mutual: Mutual) -> None:
    """Without a certificate of its own the port could never ask for one, so such settings are refused."""
    with pytest.raises(ValueError, match=r"'/pbx' asks for a client certificate, which needs \[ingest\.tls\]"):
        IngestSettings(gateways=mutual.settings.gateways)
