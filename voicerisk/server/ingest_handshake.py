"""The upgrade request, from the websocket library's form into the one that codecs know."""

import contextlib
from urllib.parse import parse_qsl

from websockets.exceptions import InvalidHeader
from websockets.headers import parse_subprotocol
from websockets.http11 import Request

from voicerisk.gateways.codec import Handshake


def handshake_of(request: Request) -> Handshake:
    """What the peer said in its upgrade request.

    The values of a header sent twice are joined with a comma; of a query key sent twice the last one counts.
    A list of sub-protocols that cannot be read counts as none: the codec then has nothing to choose from.
    """
    path, _, query = request.path.partition("?")
    headers: dict[str, str] = {}
    for name, value in request.headers.raw_items():
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    offered: list[str] = []
    if "sec-websocket-protocol" in headers:
        with contextlib.suppress(InvalidHeader):
            offered.extend(parse_subprotocol(headers["sec-websocket-protocol"]))
    return Handshake(path=path, query=dict(parse_qsl(query)), headers=headers, subprotocols=tuple(offered))
