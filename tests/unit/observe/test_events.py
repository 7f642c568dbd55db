"""What the core says comes into the log under its module's name, in its order, and a loss is told."""

import asyncio
import logging

from edgeplane.observe.events import follow, relay


class Said:
    def __init__(self, *events, lost=0):
        self.events, self.lost = list(events), lost

    def take(self):
        taken, self.events = (self.events, self.lost), []
        self.lost = 0
        return taken


def test_levels_names_and_order_are_kept(caplog):
    with caplog.at_level(logging.INFO):
        relay(
            Said(("ERROR", "edgeplane_dns::service", "100 % %s wrong"), ("WARN", "a", "b"), ("INFO", "c", "d"), lost=3)
        )
    assert [(r.levelname, r.name, r.getMessage()) for r in caplog.records] == [
        ("ERROR", "edgeplane_dns.service", "100 % %s wrong"),
        ("WARNING", "a", "b"),
        ("INFO", "c", "d"),
        ("WARNING", "edgeplane.observe.events", "3 events of the core were lost"),
    ]


def test_the_last_words_are_heard(caplog):
    async def life():
        said = Said()
        task = asyncio.ensure_future(follow(said))
        await asyncio.sleep(0)
        said.events.append(("ERROR", "a", "the end"))
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(life())
    assert [r.getMessage() for r in caplog.records] == ["the end"]
