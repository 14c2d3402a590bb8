"""The bus: a slow listener loses log lines, which are counted where they are missing."""

from __future__ import annotations

from sextet.model.live import LogBatch
from sextet.runtime.bus import LOGS_KEPT, Bus
from support.disks import RUN_ID


def test_lines_that_a_slow_listener_lost_are_counted_elsewhere_than_where_they_are_missing():
    bus = Bus()
    heard = bus.subscribe()
    for number in range(LOGS_KEPT):
        for worker in ("analyst-1", "analyst-2"):
            lines = ("one", "two")
            bus.publish(
                LogBatch(run_id=RUN_ID, worker_id=worker, first_seq=2 * number + 1, lines=lines, dropped=0)
            )
    expected = {"analyst-1": 1, "analyst-2": 1}
    while batch := heard.take():
        assert batch.first_seq == expected[batch.worker_id] + batch.dropped
        expected[batch.worker_id] = batch.first_seq + len(batch.lines)
    assert set(expected.values()) == {2 * LOGS_KEPT + 1}
