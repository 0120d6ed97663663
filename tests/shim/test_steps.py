"""Streams of step marks, on a clock of the test's own."""

import sys
import unittest
from unittest import mock

from support import SHIM

sys.path.append(str(SHIM))
from _tftop_shim import steps  # noqa: E402


class Sink:
    def __init__(self):
        self.records = []

    def emit(self, event, **fields):
        self.records.append(dict(fields, event=event))


class Streams(unittest.TestCase):
    def setUp(self):
        self.sink = Sink()
        self.now = 1_000_000_000
        patched = mock.patch.object(steps.time, "monotonic_ns", lambda: self.now)
        patched.start()
        self.addCleanup(patched.stop)

    def stream(self):
        return steps.Stream(self.sink, "iterator", "train.py:7")

    def after(self, milliseconds):
        self.now += milliseconds * 1_000_000

    def test_the_first_mark_only_starts_the_clock(self):
        stream = self.stream()
        stream.mark()
        stream.flush()
        self.assertEqual(self.sink.records, [])

    def test_a_stream_that_began_times_its_first_step(self):
        stream = self.stream()
        stream.begin()
        self.after(30)
        stream.mark()
        stream.flush()
        self.assertEqual(self.sink.records[0]["durations_us"], [30_000])

    def test_marks_leave_about_every_half_second(self):
        stream = self.stream()
        for _ in range(101):
            stream.mark()
            self.after(10)
        self.assertEqual([len(record["durations_us"]) for record in self.sink.records], [50, 50])
        self.assertEqual([record["first"] for record in self.sink.records], [0, 50])
        self.assertEqual(self.sink.records[0]["at"], "train.py:7")

    def test_a_record_says_when_its_last_mark_was_made_however_late_it_leaves(self):
        stream = self.stream()
        for _ in range(3):
            self.after(100)
            stream.mark()
        self.after(5000)
        stream.flush()
        self.assertEqual([record["at_ns"] for record in self.sink.records], [1_300_000_000])

    def test_a_record_never_holds_more_than_its_most(self):
        stream = self.stream()
        for _ in range(2000):
            stream.mark()
        stream.flush()
        sizes = [len(record["durations_us"]) for record in self.sink.records]
        self.assertEqual((max(sizes), sum(sizes)), (steps.MOST, 1999))

    def test_steps_are_counted_beside_marks(self):
        stream = self.stream()
        stream.begin()
        stream.mark(5)
        stream.mark(5)
        stream.flush()
        self.assertEqual((sum(r["steps"] for r in self.sink.records), sum(len(r["durations_us"]) for r in self.sink.records)), (10, 2))

    def test_a_function_s_calls_say_how_much_of_a_turn_they_were(self):
        stream = steps.Stream(self.sink, "function", "train.py:7", "train_step")
        for _ in range(3):
            self.after(20)
            began = self.now
            self.after(30)
            stream.mark_call(began)
        stream.flush()
        record, = self.sink.records
        self.assertEqual((record["name"], record["durations_us"], record["inside_us"]), ("train_step", [50_000] * 2, 60_000))

    def test_calls_are_steps_only_where_nothing_else_was_marked_for_a_while(self):
        self.addCleanup(setattr, steps, "_otherwise_ns", steps._otherwise_ns)
        steps._otherwise_ns = 0
        stream = self.stream()
        stream.mark()
        self.assertFalse(steps.marked_otherwise(self.now), "the first element is no step")
        stream.mark()
        self.assertTrue(steps.marked_otherwise(self.now))
        self.after(29_999)
        self.assertTrue(steps.marked_otherwise(self.now))
        self.after(1)
        self.assertFalse(steps.marked_otherwise(self.now))

    def test_a_stream_that_is_dropped_sends_what_it_held(self):
        stream = self.stream()
        stream.mark()
        stream.mark()
        del stream
        self.assertEqual(len(self.sink.records), 1)

    def test_a_fork_s_child_forgets_its_parent_s_marks(self):
        stream = self.stream()
        stream.mark()
        stream.mark()
        steps.forget()
        steps.flush_all()
        self.assertEqual(self.sink.records, [])
