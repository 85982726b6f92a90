"""Every table there is: importing this module makes all of them known to `METADATA`."""

from typing import Final

from sqlalchemy import MetaData

from voicerisk.store import outbox, people, recordings, schema

MODULES: Final = (schema, outbox, people, recordings)

METADATA: Final[MetaData] = schema.Base.metadata
