"""Every table there is: importing this module makes all of them known to `METADATA`."""

from typing import Final

from sqlalchemy import MetaData

from voicerisk.store import outbox, recordings, schema

MODULES: Final = (schema, outbox, recordings)

METADATA: Final[MetaData] = schema.Base.metadata
