"""The last seconds of a call's sound, small enough to keep for every live call."""

import zlib
from collections import deque
from collections.abc import Iterable
from math import ceil
from typing import Final

import msgspec

from voicerisk.events import Role
from voicerisk.media import g711
from voicerisk.media.block import Block, BlockAudio
from voicerisk.scoring.contract import CHUNK_S

_WINDOW_BITS: Final = -12  # raw deflate with a small window: nothing is searched for, so none is needed
_MEMORY_LEVEL: Final = 8


class _Part(msgspec.Struct, frozen=True, gc=False):
    role: Role
    n_missing: int
    n_valid: int
    seam: bool


class _Packed(msgspec.Struct, frozen=True, gc=False):
    index: int
    parts: tuple[_Part, ...]
    codes: tuple[bytes, ...]


class Ring:
    """The last `seconds` of a call's blocks, both parties.

    Samples are kept as mu-law, which is what the telephone sent in the first place (wideband audio loses a little
    there), and packed by how often each code occurs in the party's part of the block.
    """

    __slots__ = ("_blocks",)

    def __init__(self, seconds: float = 30.0) -> None:
        self._blocks: deque[_Packed] = deque(maxlen=max(1, round(seconds / CHUNK_S)))

    @property
    def seconds(self) -> float:
        """Seconds of the call that are kept now."""
        return round(len(self._blocks) * CHUNK_S, 2)

    @property
    def n_bytes(self) -> int:
        """Bytes of packed sound that are kept now."""
        return sum(len(codes) for packed in self._blocks for codes in packed.codes)

    def append(self, block: Block) -> None:
        """Keep a block; the oldest goes when the ring is full."""
        parts = tuple(_Part(role, a.n_missing, a.n_valid, a.seam) for role, a in block.roles.items())
        if self._blocks and self._blocks[-1].parts == parts:
            parts = self._blocks[-1].parts  # nearly always the same: one copy serves all
        codes = tuple(_pack(g711.encode_ulaw(audio.samples).tobytes()) for audio in block.roles.values())
        self._blocks.append(_Packed(block.index, parts, codes))

    def cut(self, seconds: float, end_s: float | None = None) -> "Ring":
        """What is kept of the `seconds` before media second `end_s` (None: the newest), as a ring that stays as it is.

        The packed sound is shared with this ring, not copied, and lives as long as either of the two.
        """
        newest = self._blocks[-1].index if self._blocks else -1
        last = newest if end_s is None else min(newest, ceil(round(end_s / CHUNK_S, 3)) - 1)
        first = last - max(0, round(seconds / CHUNK_S)) + 1
        piece = Ring(seconds)
        piece._blocks.extend(packed for packed in self._blocks if first <= packed.index <= last)
        return piece

    def blocks(self) -> list[Block]:
        """All blocks that are kept, oldest first."""
        return _unpacked(self._blocks)

    def since(self, index: int) -> list[Block]:
        """The blocks with number `index` and later that are still kept, oldest first."""
        return _unpacked(packed for packed in self._blocks if packed.index >= index)

    def last(self, seconds: float) -> list[Block]:
        """The blocks of the last `seconds`, oldest first."""
        return self.cut(seconds).blocks()


def _pack(codes: bytes) -> bytes:
    # Speech repeats nothing exactly, so Huffman coding alone is as small as a search and costs a fraction of it.
    packer = zlib.compressobj(1, zlib.DEFLATED, _WINDOW_BITS, _MEMORY_LEVEL, zlib.Z_HUFFMAN_ONLY)
    return packer.compress(codes) + packer.flush()


def _unpacked(blocks: Iterable[_Packed]) -> list[Block]:
    return [_unpack(packed) for packed in blocks]


def _unpack(packed: _Packed) -> Block:
    audio = {
        part.role: BlockAudio(
            g711.decode_ulaw(zlib.decompress(codes, _WINDOW_BITS)),
            n_missing=part.n_missing,
            n_valid=part.n_valid,
            seam=part.seam,
        )
        for part, codes in zip(packed.parts, packed.codes, strict=True)
    }
    return Block(packed.index, audio)
