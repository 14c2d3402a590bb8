"""The journal: what is acknowledged survives, what is torn is cut, what is damaged is not repaired."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import threading
from contextlib import suppress
from random import Random

import pytest

from sextet.errors import JournalDamagedError, StoreError
from sextet.model.events import Noted
from sextet.model.run import SCHEMA_VERSION
from sextet.store import reading
from sextet.store.frames import frame
from sextet.store.journal import Journal, Writer
from sextet.store.layout import RunFolder
from sextet.system.disk import Disk
from support.disks import FaultyDisk, PowerLossDisk, an_entry, every_fault, lines_of

EVENT = Noted(text="something happened")


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path)


def write(folder, *commits):
    """A journal with these (first, last) commits; returns the end of each as a byte offset."""
    journal = Journal.create(folder)
    ends = []
    for first, last in commits:
        journal.append(lines_of(first, last))
        ends.append(folder.journal.stat().st_size)
    journal.close()
    return ends


def reopen(folder):
    journal = Journal.open(folder)
    journal.close()
    return journal


def seqs(folder, **kwargs):
    return [entry.seq for entry in reading.read(folder, **kwargs)]


class TestReading:
    def test_what_was_appended_is_read_back_as_it_was(self, folder):
        write(folder, (1, 1), (2, 5))
        assert list(reading.read(folder)) == [an_entry(seq) for seq in range(1, 6)]

    def test_a_reader_can_begin_anywhere_and_stop_anywhere(self, folder):
        write(folder, (1, 3), (4, 9))
        assert seqs(folder, after=4) == [5, 6, 7, 8, 9]
        assert seqs(folder, after=4, limit=2) == [5, 6]
        assert seqs(folder, after=9) == []
        assert seqs(folder, after=100) == []

    def test_a_line_is_a_checksum_and_json_that_any_tool_can_read(self, folder):
        write(folder, (1, 2))
        lines = folder.journal.read_text().splitlines()
        assert [json.loads(line[9:])["seq"] for line in lines] == [1, 2]

    def test_a_journal_that_is_being_written_is_read_up_to_the_last_whole_line(self, folder):
        write(folder, (1, 2))
        with folder.journal.open("ab") as file:
            file.write(frame(lines_of(3, 3))[:40])
        assert seqs(folder) == [1, 2]
        assert folder.journal.read_bytes().endswith(frame(lines_of(3, 3))[:40])

    def test_a_missing_journal_is_an_error_in_words(self, folder):
        for use in (reading.read, Journal.open):
            with pytest.raises(StoreError):
                use(folder)

    def test_creating_over_a_journal_is_refused(self, folder):
        write(folder, (1, 2))
        with pytest.raises(StoreError):
            Journal.create(folder)
        assert seqs(folder) == [1, 2]


class TestTornTail:
    def test_a_tail_torn_at_any_byte_is_cut_and_nothing_before_it_is_lost(self, folder):
        kept, whole = write(folder, (1, 2), (3, 4))
        data = folder.journal.read_bytes()
        third = kept + data[kept:].index(b"\n") + 1
        for cut in range(kept, whole):
            folder.journal.write_bytes(data[:cut])
            journal = Journal.open(folder)
            assert journal.seq == (2 if cut < third else 3)
            journal.append(lines_of(journal.seq + 1, journal.seq + 1))
            journal.close()
            assert reopen(folder).seq == journal.seq

    def test_zeros_after_a_power_failure_are_cut(self, folder):
        write(folder, (1, 3))
        data = folder.journal.read_bytes()
        for zeros in (1, 4096):
            folder.journal.write_bytes(data + bytes(zeros))
            assert reopen(folder).seq == 3
            assert folder.journal.read_bytes() == data

    def test_what_was_cut_is_kept_beside_the_journal(self, folder):
        write(folder, (1, 3))
        with folder.journal.open("ab") as file:
            file.write(b"deadbeef half a li")
        reopen(folder)
        assert (folder.path / "events.torn").read_bytes() == b"deadbeef half a li"

    def test_a_hole_in_the_last_commit_is_a_torn_tail(self, folder):
        kept, _ = write(folder, (1, 2), (3, 9))
        data = bytearray(folder.journal.read_bytes())
        data[kept + 20 : kept + 200] = bytes(180)
        folder.journal.write_bytes(data)
        assert reopen(folder).seq == 2

    @pytest.mark.parametrize("seed", range(60))
    def test_power_failure_loses_nothing_that_was_acknowledged(self, folder, seed):
        random = Random(seed)
        disk = PowerLossDisk()
        journal = Journal.create(folder, disk)
        while random.random() < 0.8:
            journal.append(lines_of(journal.seq + 1, journal.seq + random.randint(1, 12)))
        acknowledged = journal.seq
        os.write(journal._file._fd, frame(lines_of(acknowledged + 1, acknowledged + random.randint(1, 12))))
        journal.close()
        disk.cut_power(folder.journal, random)
        found = reopen(folder)
        assert found.seq >= acknowledged
        assert found.entries == [an_entry(seq) for seq in range(1, found.seq + 1)]


def flip(data, at):
    return data[:at] + bytes([data[at] ^ 0x01]) + data[at + 1 :]


class TestDamage:
    def refused(self, folder, *, readable):
        before = folder.journal.read_bytes()
        with pytest.raises(JournalDamagedError):
            Journal.open(folder)
        assert folder.journal.read_bytes() == before
        assert seqs(folder) == list(range(1, readable + 1))
        assert reading.inspect(folder).damage

    def test_a_flipped_bit_anywhere_before_the_last_commit_is_damage(self, folder):
        start, middle, _ = write(folder, (1, 1), (2, 2), (3, 3))
        data = folder.journal.read_bytes()
        for at in range(start, middle):
            if at == start + 8:
                continue  # the separator of the line: see below
            folder.journal.write_bytes(flip(data, at))
            self.refused(folder, readable=1)

    def test_a_separator_that_is_none_is_damage(self, folder):
        start, _, _ = write(folder, (1, 1), (2, 2), (3, 3))
        data = folder.journal.read_bytes()
        folder.journal.write_bytes(data[: start + 8] + b"x" + data[start + 9 :])
        self.refused(folder, readable=1)

    def test_a_duplicated_line_is_damage(self, folder):
        _, second, _ = write(folder, (1, 1), (2, 2), (3, 3))
        data = folder.journal.read_bytes()
        folder.journal.write_bytes(
            data[:second] + data[second - 5 :][:0] + frame(lines_of(2, 2)) + data[second:]
        )
        self.refused(folder, readable=2)

    def test_a_duplicated_line_at_the_end_is_damage_too(self, folder):
        write(folder, (1, 2))
        with folder.journal.open("ab") as file:
            file.write(frame(lines_of(2, 2)))
        self.refused(folder, readable=2)

    def test_a_missing_line_is_damage(self, folder):
        first, second, _ = write(folder, (1, 1), (2, 2), (3, 3))
        data = folder.journal.read_bytes()
        folder.journal.write_bytes(data[:first] + data[second:])
        self.refused(folder, readable=1)

    def test_reordered_lines_are_damage(self, folder):
        first, second, third = write(folder, (1, 1), (2, 2), (3, 3))
        data = folder.journal.read_bytes()
        folder.journal.write_bytes(data[:first] + data[second:third] + data[first:second])
        self.refused(folder, readable=1)

    def test_zeros_in_the_middle_are_damage(self, folder):
        first, second, _ = write(folder, (1, 1), (2, 2), (3, 3))
        data = folder.journal.read_bytes()
        folder.journal.write_bytes(data[:first] + bytes(second - first - 1) + b"\n" + data[second:])
        self.refused(folder, readable=1)

    def test_a_valid_checksum_around_something_else_is_damage(self, folder):
        write(folder, (1, 1))
        for body in (b"{}", b'{"seq":2}', b"null", b"\xff\xfe", b'{"seq":2,"time":NaN}'):
            data = folder.journal.read_bytes()
            folder.journal.write_bytes(data + frame([body]))
            self.refused(folder, readable=1)
            folder.journal.write_bytes(data)

    def test_a_line_of_ten_megabytes_of_garbage_is_damage(self, folder):
        write(folder, (1, 1))
        with folder.journal.open("ab") as file:
            file.write(b"x" * 10_000_000 + b"\n" + frame(lines_of(2, 2)))
        self.refused(folder, readable=1)

    @pytest.mark.parametrize("make", ["symlink", "fifo", "folder", "sparse"])
    def test_what_is_no_plain_file_is_refused(self, folder, make):
        {
            "symlink": lambda: folder.journal.symlink_to("/etc/passwd"),
            "fifo": lambda: os.mkfifo(folder.journal),
            "folder": folder.journal.mkdir,
            "sparse": lambda: os.truncate(os.open(folder.journal, os.O_CREAT | os.O_WRONLY), 2 << 30),
        }[make]()
        with pytest.raises(StoreError):
            reading.read(folder)
        with pytest.raises(StoreError):
            Journal.open(folder)

    def test_a_run_of_a_newer_version_is_read_and_not_continued(self, folder):
        newer = lines_of(1, 1)[0].replace(
            b'"schemaVersion":%d' % SCHEMA_VERSION, b'"schemaVersion":%d,"unheardOf":1' % (SCHEMA_VERSION + 1)
        )
        folder.journal.write_bytes(frame([newer]))
        with pytest.raises(StoreError, match="newer version"):
            Journal.open(folder)
        assert seqs(folder) == []
        assert reading.inspect(folder).newer


class TestDiskFaults:
    def test_no_fault_loses_an_acknowledged_entry_or_leaves_one_that_was_refused(self, folder):
        acknowledged = 0

        def story(disk: Disk) -> None:
            nonlocal acknowledged
            acknowledged = 0
            journal = Journal.create(folder, disk)
            try:
                for first, last in ((1, 1), (2, 4), (5, 5)):
                    journal.append(lines_of(first, last))
                    acknowledged = last
            finally:
                journal.close()

        for disk in every_fault(story):
            folder.journal.unlink(missing_ok=True)
            with pytest.raises(StoreError):
                story(disk)
            if not folder.journal.exists():
                assert acknowledged == 0
                continue
            found = reopen(folder)
            assert found.seq >= acknowledged
            if not disk.forever:
                assert found.seq == acknowledged
            assert found.entries == [an_entry(seq) for seq in range(1, found.seq + 1)]

    def test_no_fault_while_a_torn_tail_is_cut_loses_anything(self, folder):
        write(folder, (1, 3))
        torn = folder.journal.read_bytes() + b"12345678 half"

        def story(disk: Disk) -> None:
            folder.journal.write_bytes(torn)
            Journal.open(folder, disk).close()

        for disk in every_fault(story):
            with suppress(StoreError):
                story(disk)
            assert reopen(folder).seq == 3


class TestWriter:
    async def test_what_was_acknowledged_is_on_the_disk(self, folder):
        writer = Writer(Journal.create(folder))
        for seq in range(1, 6):
            entry, durable = writer.put(EVENT, "sextet", float(seq))
            await durable
            assert list(reading.read(folder, after=seq - 1)) == [entry]
        await writer.close()

    async def test_entries_are_in_the_order_of_their_numbers_whoever_puts_them(self, folder):
        writer = Writer(Journal.create(folder))

        async def worker(name):
            for _ in range(50):
                entry, durable = writer.put(EVENT, name, 1.0)
                await durable
                mine.append(entry.seq)

        mine: list[int] = []
        await asyncio.gather(*(worker(f"w{number}") for number in range(16)))
        await writer.close()
        assert sorted(mine) == list(range(1, 801)) == seqs(folder)

    async def test_many_puts_share_a_sync(self, folder):
        disk = FaultyDisk()
        writer = Writer(Journal.create(folder, disk))
        before = disk.calls
        await asyncio.gather(*(writer.put(EVENT, "sextet", 1.0)[1] for _ in range(1_000)))
        assert disk.calls - before < 200
        await writer.close()

    async def test_closing_writes_all_that_was_put(self, folder):
        writer = Writer(Journal.create(folder))
        futures = [writer.put(EVENT, "sextet", 1.0)[1] for _ in range(100)]
        await writer.close()
        await writer.close()
        assert all(future.done() for future in futures)
        assert len(seqs(folder)) == 100
        with pytest.raises(StoreError):
            writer.put(EVENT, "sextet", 1.0)
        assert "journal" not in {thread.name for thread in threading.enumerate()}

    async def test_a_cancelled_waiter_takes_nothing_back(self, folder):
        writer = Writer(Journal.create(folder))
        _, durable = writer.put(EVENT, "sextet", 1.0)
        durable.cancel()
        await writer.put(EVENT, "sextet", 2.0)[1]
        await writer.close()
        assert seqs(folder) == [1, 2]

    @pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
    async def test_a_failing_disk_fails_everything_pending_and_everything_later(self, folder, code):
        disk = FaultyDisk()
        writer = Writer(Journal.create(folder, disk))
        await writer.put(EVENT, "sextet", 1.0)[1]
        disk.at, disk.code = disk.calls + 1, code
        futures = [writer.put(EVENT, "sextet", 1.0)[1] for _ in range(20)]
        results = await asyncio.gather(*futures, return_exceptions=True)
        assert all(isinstance(result, StoreError) for result in results)
        with pytest.raises(StoreError):
            writer.put(EVENT, "sextet", 1.0)
        await writer.close()
        assert seqs(folder) == [1]

    async def test_a_deleted_run_is_noticed_by_the_next_event(self, folder):
        writer = Writer(Journal.create(folder))
        await writer.put(EVENT, "sextet", 1.0)[1]
        folder.journal.unlink()
        with pytest.raises(StoreError, match="no longer there"):
            await writer.put(EVENT, "sextet", 1.0)[1]
        await writer.close()
        assert not folder.journal.exists()

    async def test_a_journal_never_grows_too_large_to_be_read(self, folder, monkeypatch):
        monkeypatch.setattr("sextet.store.journal.MAX_JOURNAL", 500)
        writer = Writer(Journal.create(folder))
        futures = []
        for _ in range(20):
            with suppress(StoreError):
                futures.append(writer.put(EVENT, "sextet", 1.0)[1])
            await asyncio.wait(futures)
        results = await asyncio.gather(*futures, return_exceptions=True)
        assert "full" in str(results[-1])
        await writer.close()
        assert folder.journal.stat().st_size <= 500
        assert reopen(folder).seq > 0

    async def test_a_writer_goes_on_where_the_journal_ended(self, folder):
        write(folder, (1, 3))
        writer = Writer(Journal.open(folder))
        entry, durable = writer.put(EVENT, "sextet", 1.0)
        await durable
        await writer.close()
        assert entry.seq == 4
        assert reopen(folder).seq == 4
