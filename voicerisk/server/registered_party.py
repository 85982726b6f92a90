"""The API's words for a party of a call whose audio is to come over a protocol that says nothing about it."""

from pydantic import BaseModel, ConfigDict, Field

from voicerisk.events import Role
from voicerisk.gateways import fields
from voicerisk.gateways.registered_call import RegisteredCall


class Party(BaseModel):
    """One party. Both parties of a call name the same `call_id`."""

    model_config = ConfigDict(extra="forbid")

    call_id: str = Field(max_length=fields.MAX_ID_CHARS)
    role: Role
    queue: str | None = Field(None, max_length=fields.MAX_LABEL_CHARS)
    agent: str | None = Field(None, max_length=fields.MAX_LABEL_CHARS)
    customer_number: str | None = Field(None, max_length=fields.MAX_LABEL_CHARS)
    labels: dict[str, str] = Field({}, max_length=fields.MAX_LABELS)

    def registered(self) -> RegisteredCall:
        """The same for the codec, without what identifies a caller. Raises `CodecError` for a bad call id."""
        named = {"queue": self.queue, "agent": self.agent}
        facts = {name: value for name, value in named.items() if value} | self.labels
        call_id = fields.as_id(self.call_id, "call_id")
        caller = fields.read_caller({**self.labels, "customerNumber": self.customer_number})
        return RegisteredCall(call_id=call_id, role=self.role, labels=fields.read_labels(facts), caller=caller)
