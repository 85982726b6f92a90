"""The gauge, the rule and the procedure that ship for the tension of a call."""

import msgspec

from voicerisk.risk import library

BARGE_IN = library.procedures()["barge_in"]
CALL_TENSION = library.gauges()["call_tension"]
TENSE_CALL = msgspec.structs.replace(library.rules()["tense_call"], escalate=())
"""Without its chain: what these tests tell of is not the escalation."""
