"""Every adapter in front of its fake, each by name."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Literal, Protocol

from tests.control.fakes import asterisk, connect, freeswitch, genesys, telnyx, twilio, vonage
from tests.control.fakes import jambonz as jambonz_
from tests.control.fakes import webhook as webhook_
from tests.control.fakes.line import listening
from tests.control.fakes.manager import FakeManager
from tests.control.fakes.rig import PHONE, SECRET, Fake, Rig
from tests.control.fakes.running import following
from tests.control.fakes.web import WebFake, serving
from voicerisk.control.ami import AmiControl
from voicerisk.control.ari import AriControl
from voicerisk.control.connect import ConnectControl
from voicerisk.control.esl import EslControl
from voicerisk.control.genesys import GenesysControl
from voicerisk.control.jambonz import JambonzControl
from voicerisk.control.place import Legs
from voicerisk.control.settings import SwitchControl
from voicerisk.control.switches import switch_for
from voicerisk.control.telnyx import TelnyxControl
from voicerisk.control.twilio import TwilioControl
from voicerisk.control.vonage import VonageControl
from voicerisk.control.webhook import WebhookControl

ENVIRONMENT: Final[Mapping[str, str]] = {
    "A_SECRET": SECRET,
    "HOOK_SECRET": webhook_.SECRET,
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": SECRET,
}

NAMES: Final = (
    "ari-chanspy", "ari-snoop", "ami", "esl", "twilio", "genesys", "connect", "telnyx", "vonage", "jambonz", "webhook",
)  # fmt: skip


@asynccontextmanager
async def rig(name: str, folder: Path) -> AsyncIterator[Rig]:
    """The adapter of that name, connected to its fake."""
    if name == "ami":
        manager = FakeManager()
        async with listening(manager.serve) as port:
            settings = AmiControl(host="127.0.0.1", port=port, user="voicerisk", password_env="A_SECRET")
            legs = Legs(call="c", agent=asterisk.AGENT, customer=asterisk.CUSTOMER)
            async with _running(name, settings, manager, legs, "PJSIP/3001") as made:
                yield made
        return
    if name == "esl":
        switch = freeswitch.FakeFreeswitch()
        async with listening(switch.serve) as port:
            esl = EslControl(host="127.0.0.1", port=port, password_env="A_SECRET")
            legs = Legs(call=freeswitch.CUSTOMER, agent=freeswitch.AGENT, customer=freeswitch.CUSTOMER)
            async with _running(name, esl, switch, legs, "user/3001") as made:
                yield made
        return
    if name.startswith("ari"):
        ari = asterisk.FakeAri()
        async with serving(ari.web, ari.route) as web:
            way: Literal["snoop", "chanspy"] = "snoop" if name == "ari-snoop" else "chanspy"
            settings_ = AriControl(url=f"{web.url}/ari", user="voicerisk", password_env="A_SECRET", way=way)
            legs = Legs(call="c", agent=asterisk.AGENT, customer=asterisk.CUSTOMER)
            async with _running(name, settings_, ari, legs, "PJSIP/3001") as made:
                yield made
        return
    fake = _web_fake(name, folder)
    async with serving(fake.web) as web:
        chosen, legs, endpoint = _cloud(name, web, folder)
        async with _running(name, chosen, fake, legs, endpoint) as made:
            yield made


class WebBacked(Fake, Protocol):
    """A fake with an HTTP API."""

    web: WebFake


def _web_fake(name: str, folder: Path) -> WebBacked:
    makers: Mapping[str, Callable[[], WebBacked]] = {
        "twilio": twilio.FakeTwilio,
        "genesys": genesys.FakeGenesys,
        "connect": connect.FakeConnect,
        "telnyx": telnyx.FakeTelnyx,
        "jambonz": jambonz_.FakeJambonz,
        "webhook": webhook_.FakeProgram,
    }
    return vonage.FakeVonage(folder) if name == "vonage" else makers[name]()


def _cloud(name: str, web: WebFake, folder: Path) -> tuple[SwitchControl, Legs, str]:
    url = web.url
    match name:
        case "twilio":
            settings: SwitchControl = TwilioControl(
                account=twilio.ACCOUNT, token_env="A_SECRET", caller_id="+15550100", api_url=url
            )
            return settings, Legs(call="call-7", agent=twilio.AGENT), PHONE
        case "genesys":
            (folder / "token").write_text(SECRET)
            return GenesysControl(api_url=url), Legs(call=genesys.CONVERSATION), str(folder / "token")
        case "connect":
            settings = ConnectControl(instance="instance-1", region="eu-central-1", endpoint_url=url)
            return settings, Legs(call="contact-1"), "user-7"
        case "telnyx":
            settings = TelnyxControl(
                connection_id="1", api_key_env="A_SECRET", caller_id="+15550100", api_url=f"{url}/v2"
            )
            return settings, Legs(call=telnyx.CUSTOMER, agent=telnyx.AGENT, customer=telnyx.CUSTOMER), PHONE
        case "vonage":
            settings = VonageControl(
                application=vonage.APPLICATION, private_key_file=str(folder / "private.key"), caller_id="15550100",
                api_url=url,
            )  # fmt: skip
            return settings, Legs(call="call-7", agent=vonage.AGENT), PHONE
        case "jambonz":
            settings = JambonzControl(
                api_url=f"{url}/api/v1", account=jambonz_.ACCOUNT, application="app-1", api_key_env="A_SECRET"
            )
            return settings, Legs(call="call-7", agent=jambonz_.AGENT), "dana"
        case _:
            return WebhookControl(url=f"{url}/hook", secret_env="HOOK_SECRET"), Legs(call="c"), PHONE


@asynccontextmanager
async def _running(name: str, settings: SwitchControl, fake: Fake, legs: Legs, endpoint: str) -> AsyncIterator[Rig]:
    switch = switch_for("pbx", settings)
    async with following(switch):
        yield Rig(name, switch, fake, legs, endpoint)
