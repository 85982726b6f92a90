"""A program of its own: writes events in a forked child, kills it at a random moment, checks what is left; many times.

Every round goes on with the same database, so a round's crash is the next one's past.
"""

import asyncio
import os
import random
import signal
import sys
import time
from functools import partial
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.server.day_of_events import some_events
from voicerisk.risk.actions import AlertAction, EventRefused
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.engine import Engine
from voicerisk.server.ledger import Ledger, rules_name
from voicerisk.store import journal
from voicerisk.store.settings import StoreSettings
from voicerisk.store.store import Store

CONFIG = RiskConfig()
RULES = rules_name(CONFIG)
BATCH = 5


async def _write(folder: str, seed: int, acknowledged: int) -> None:
    store = Store.open(StoreSettings(url=f"sqlite:///{folder}/x.db", answer_within_s=30.0))
    engine = Engine(CONFIG)
    ledger = Ledger(store, engine, RULES, 1e9)
    await ledger.rebuild(0.0)
    events = list(some_events(seed, 400))
    for first in range(0, len(events), BATCH):
        group = events[first : first + BATCH]
        now = max(event.at for event in group) + 0.5
        taken, saves = [], []
        for event in group:
            actions = engine.handle(event, now)
            if not any(isinstance(action, EventRefused) for action in actions):
                taken.append(event)
            saves += [store.save_alert(action.alert) for action in actions if isinstance(action, AlertAction)]
        assert await ledger.heard(taken, now)
        os.write(acknowledged, "".join(f"{event.id}\n" for event in taken).encode())
        await asyncio.gather(*saves)
        if first % (10 * BATCH) == 0:
            await ledger.snapshot(now)


async def _check(folder: str, acknowledged: set[str]) -> None:
    store = Store.open(StoreSettings(url=f"sqlite:///{folder}/x.db"))
    inputs, after = [], 0
    while page := await store.read(partial(journal.read_inputs, after_seq=after, limit=5000)):
        inputs += page
        after = page[-1].seq
    lost = acknowledged - {one.id for one in inputs}
    assert not lost, f"acknowledged and lost: {lost}"
    rebuilt, replayed = Engine(CONFIG), Engine(CONFIG)
    await Ledger(store, rebuilt, RULES, 1e9).rebuild(0.0)
    await Ledger(store, replayed, "no snapshot has this name", 1e9).rebuild(0.0)
    same = msgspec.msgpack.encode(rebuilt.snapshot()) == msgspec.msgpack.encode(replayed.snapshot())
    assert same, "from the snapshot and from the beginning are two engines"
    await store.close()


def main() -> None:
    """Kills as often as asked, and says how many events were acknowledged on the way."""
    folder, n_kills = sys.argv[1], int(sys.argv[2])
    chance = random.Random(7)
    acknowledged: set[str] = set()
    for n in range(n_kills):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            asyncio.run(_write(folder, n, writer))
            os._exit(0)
        os.close(writer)
        time.sleep(chance.uniform(0.02, 0.25))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with os.fdopen(reader) as told:
            # A line that was cut short was not told.
            acknowledged |= {line.strip() for line in told if line.endswith("\n")}
        if n % 5 == 4:
            asyncio.run(_check(folder, acknowledged))
    sys.stdout.write(f"{n_kills} kills, {len(acknowledged)} events acknowledged\n")


if __name__ == "__main__":
    main()
