"""One typed configuration, loaded from one TOML file; every mistake is named with its place and its cure."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from voicerisk.console.settings import ConsoleSettings
from voicerisk.control.settings import ControlSettings, control_problems
from voicerisk.customer_keys import CustomerSettings, customer_problems
from voicerisk.errands.check import errand_problems
from voicerisk.errands.settings import ErrandSettings
from voicerisk.floor import CallSettings, FloorSettings
from voicerisk.gateways.routes import codec_maker
from voicerisk.media.timeline import TimelineSettings
from voicerisk.notify.check import notify_problems
from voicerisk.notify.settings import NotifySettings
from voicerisk.recordings.settings import RecordingSettings, recording_problems
from voicerisk.review.settings import ReviewSettings
from voicerisk.risk import library
from voicerisk.risk.check import risk_problems
from voicerisk.risk.config import RiskConfig
from voicerisk.scoring.model import Model
from voicerisk.server.audiosocket_settings import AudioSocketSettings
from voicerisk.server.http_settings import HttpSettings
from voicerisk.server.ingest_settings import IngestSettings
from voicerisk.server.rtp_settings import RtpSettings
from voicerisk.server.scorer import ScorerSettings
from voicerisk.settings import Problem, SettingsError, parse
from voicerisk.store.settings import StoreSettings
from voicerisk.tension import TensionSettings, tension_problems, with_suggestion
from voicerisk.toml_places import Places

DEFAULT_FILE: Final = Path("voicerisk.toml")


class LogSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the service writes to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least that is written."""

    format: Literal["json", "text"] = "json"
    """One JSON object a line for machines, or coloured text for people."""


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole configuration; every table may be left out."""

    data_dir: str = "data"
    """Folder for the database and what else is kept; created when it is missing."""

    model: str = "tension"
    """Name of the tone model (a folder in `models/`), or the path of a model folder."""

    drain_s: Annotated[float, msgspec.Meta(ge=0.0)] = 300.0
    """After SIGTERM: how long live calls may go on before they are cut. New ones are refused at once."""

    ingest: IngestSettings = IngestSettings()
    audiosocket: AudioSocketSettings = AudioSocketSettings()
    rtp: RtpSettings = RtpSettings()
    http: HttpSettings = HttpSettings()
    console: ConsoleSettings = ConsoleSettings()
    store: StoreSettings | None = None
    """None keeps an SQLite database in `data_dir`."""

    scoring: ScorerSettings = ScorerSettings()
    call: CallSettings = CallSettings()
    timeline: TimelineSettings = TimelineSettings()
    tension: TensionSettings = TensionSettings()
    risk: RiskConfig = RiskConfig()
    recordings: RecordingSettings = RecordingSettings()
    customers: CustomerSettings = CustomerSettings()
    notify: NotifySettings = NotifySettings()
    control: ControlSettings = ControlSettings()
    errands: ErrandSettings = ErrandSettings()
    review: ReviewSettings = ReviewSettings()
    log: LogSettings = LogSettings()

    def floor_with(self, model: Model) -> FloorSettings:
        """How calls are followed and judged with this model: the part that live and replay share.

        Red begins where the model's folder suggests, unless the configuration has zones of its own.
        """
        red = model.spec.thresholds
        tension = with_suggestion(self.tension, enter=red.enter, leave=red.leave, hold_s=red.hold_s)
        return FloorSettings(call=self.call, timeline=self.timeline, tension=tension, risk=self.risk)

    @property
    def store_settings(self) -> StoreSettings:
        """Where the record is kept."""
        return self.store or StoreSettings(url=f"sqlite:///{Path(self.data_dir) / 'voicerisk.db'}")


def load_config(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Config:
    """The configuration in `path`; without one, that of `voicerisk.toml` here, or the defaults if there is none.

    With `environ`, in which the service is going to run, the secrets that are named in it must be set.

    Raises `SettingsError` with every mistake found, also for a file that cannot be read.
    """
    if path is None:
        if not DEFAULT_FILE.is_file():
            return Config()
        path = DEFAULT_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
        raise SettingsError([Problem(str(path), f"cannot be read: {reason}", "Name a readable TOML file.")]) from None
    config = parse(text, Config, str(path), under={"risk": library.tables()})
    if problems := config_problems(config, str(path), text, environ):
        raise SettingsError(problems)
    return config


def config_problems(
    config: Config, source: str, text: str = "", environ: Mapping[str, str] | None = None
) -> list[Problem]:
    """What types alone cannot tell: unknown protocols, needles without rules, zones that are upside down.

    `source` is the file's name for the messages, `text` what it says.
    """
    problems = []
    for number, gateway in enumerate(config.ingest.gateways):
        try:
            codec_maker(gateway.protocol, gateway.options)
        except ValueError as error:
            mend = "Name one of the protocols and options listed."
            problems.append(Problem(f"ingest.gateways[{number}]", str(error), mend))
    names = {gateway.name for gateway in config.ingest.gateways} | {"audiosocket", "rtp"}
    tables = {
        "tension": tension_problems(config.tension),
        "risk": risk_problems(config.risk),
        "notify": notify_problems(config.notify, config.risk, environ),
        "control": control_problems(config.control, names),
        "errands": errand_problems(config.errands, config.risk, environ),
        "recordings": recording_problems(config.recordings, environ),
        "customers": customer_problems(config.customers, environ),
    }
    problems += [Problem(f"{table}.{p.where}", p.wrong, p.mend) for table, found in tables.items() for p in found]
    places = Places(text, source)
    return [Problem(places.of_dotted(p.where), p.wrong, p.mend) for p in problems]
