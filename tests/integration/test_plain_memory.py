"""Memory, where a sanitizer would be in the way: it needs terabytes of address space and brings its own allocator.

Needs: no sanitizer.
"""

import os
import re
import resource
import shutil
import struct
import tempfile
import unittest

import harness
from faults import UNHURRIED, Clients, leftovers, preload, promised, put, torn
from harness import Daemon, EventReader, wait_until


class Memory(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="pastcam-test-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def test_too_little_memory_for_the_start_is_a_clear_error(self):
        ends = []
        for mib in range(64, 513, 32):
            daemon = Daemon({"ring.size": 600}, wrapper=["prlimit", f"--as={mib << 20}"])
            try:
                wait_until(lambda d=daemon: d.process.poll() is not None or "answers on" in d.log(), "an end or a start")
                code = daemon.process.poll()
                ends.append("refused" if code is not None else "started")
                if code is None:
                    self.assertEqual(daemon.stop(), 0)
                else:
                    self.assertEqual(code, 42, (mib, daemon.log()))
                    self.assertRegex(daemon.log(), "Cannot start: (no memory|cannot)")
            finally:
                daemon.__exit__()
        self.assertEqual(ends, sorted(ends))
        self.assertEqual(set(ends), {"refused", "started"})

    def test_memory_refused_later_costs_pictures_and_nothing_else(self):
        with Daemon(UNHURRIED, folder=self.folder) as daemon:
            daemon.wait_frames(4)
            with open(f"/proc/{daemon.process.pid}/status", encoding="ascii") as file:
                data = int(re.search(r"VmData:\s+(\d+)", file.read())[1]) << 10
            before = resource.prlimit(daemon.process.pid, resource.RLIMIT_DATA)
            resource.prlimit(daemon.process.pid, resource.RLIMIT_DATA, (data + 200000, before[1]))
            clients = Clients(daemon, count=6)
            wait_until(lambda: sum("memory" in reply for reply in list(clients.replies)) > 20, "refusals")
            replies = clients.stop()
            for reply in replies:
                self.assertRegex(reply, "^(Saved|BUSY|NO_FRAMES|NOT_SAVED .*memory)", reply)
            self.assertEqual(torn(promised(replies)), [])
            resource.prlimit(daemon.process.pid, resource.RLIMIT_DATA, before)
            self.assertRegex(daemon.ask("save jpg png npy"), "^Saved")
            status = daemon.status()
            self.assertEqual((status["camera"]["lost"], status["ring"]["dropped"]), (0, 0))
            self.assertEqual(leftovers(daemon.captures), [])
            self.assertEqual(daemon.stop(), 0)

    def test_an_event_that_there_was_no_memory_for_is_sent_later(self):
        flag = os.path.join(self.folder, "no-memory")
        with Daemon(environment=preload("no_memory", SHIM_NO_MEMORY=flag)) as daemon, EventReader(daemon) as events:
            events.next("camera.up")
            put(flag, 1)
            first = daemon.ask("trigger first").split()
            self.assertEqual(first[0], "TRIGGERED")
            os.unlink(flag)
            daemon.ask("trigger second")
            trigger = events.next("trigger")
            self.assertEqual((trigger["id"], trigger["label"]), (first[1], "first"))

    def test_the_capture_path_allocates_nothing(self):
        counter = os.path.join(self.folder, "count")
        with open(counter, "wb") as file:
            file.write(bytes(8))

        def count():
            with open(counter, "rb") as file:
                return struct.unpack("Q", file.read())[0]
        with Daemon({"camera.framerate": 60}, environment=preload("count_malloc", SHIM_MALLOC_COUNT=counter)) as daemon:
            daemon.wait_frames(20)
            self.assertRegex(daemon.ask("save"), "^Saved")
            before, frames = count(), daemon.status()["camera"]["frames"]
            self.assertGreater(before, 10)  # it does count
            for _ in range(5):
                self.assertRegex(daemon.ask("save"), "^Saved")
                self.assertRegex(daemon.ask("pastStack"), "^Saved")
            wait_until(lambda: daemon.status()["camera"]["frames"] > frames + 120, "frames")
            self.assertEqual(count() - before, 0)


class LargeCamera(unittest.TestCase):
    """A camera that is too large for the memory is told what would do, and that does."""

    SIZE = {"camera.width": 2048, "camera.height": 1536, "memory.max_rss_mb": 90}

    def advice(self, **options):
        daemon = Daemon({**self.SIZE, **{key.replace("__", "."): value for key, value in options.items()}})
        self.addCleanup(daemon.__exit__)
        self.assertEqual(daemon.wait_exit(), 42, daemon.log())
        self.assertIn("2048x1536", daemon.log())
        return daemon.log()

    def assert_starts(self, **options):
        with Daemon({**self.SIZE, **{key.replace("__", "."): value for key, value in options.items()}}) as pastcam:
            pastcam.wait_frames(3)
            self.assertGreaterEqual(pastcam.status()["ring"]["slots"], 4)

    def test_what_the_message_says_works(self):
        log = self.advice()
        limit = re.search(r"memory\.max_rss_mb (\d+)", log)
        size = re.search(r"camera\.width and height of (\d+)x(\d+)", log)
        self.assertTrue(limit and size, log)
        self.assert_starts(memory__max_rss_mb=limit.group(1))
        self.assert_starts(camera__width=size.group(1), camera__height=size.group(2))


if __name__ == "__main__":
    harness.main()
