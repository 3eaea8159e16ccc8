"""Memory, where a sanitizer would be in the way: it needs terabytes of address space and brings its own allocator. The
Makefile leaves this file out then."""

import os
import shutil
import struct
import tempfile
import unittest

import harness
from faults import preload
from harness import Daemon, wait_until


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


if __name__ == "__main__":
    harness.main()
