"""A cgroup of the kernel's, which would kill us if we took too much; sanitizers take memory that pastcam does not count.
test_reliability_disk.py tests the same with files of its own.

Needs: a cgroup, no sanitizer.
"""

import os
import shutil
import tempfile
import unittest

import harness
from faults import Clients, promised
from harness import Daemon, wait_until

FRAME_MIB = 320 * 240 * 3 / 2 ** 20
OLD_ROOT = "/sys/fs/cgroup/memory"  # of version 1


class RealCgroup(unittest.TestCase):
    LIMIT_MIB = 100

    def setUp(self):
        # Never in a tmpfs, whose files are memory of the group that the kernel cannot take back.
        self.folder = tempfile.mkdtemp(prefix="pastcam-test-", dir="/var/tmp")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def enter(self, command):
        """Runs command by a shell in a new group; returns a wrapper that does the same for a daemon."""
        old = os.path.exists(OLD_ROOT)
        group = os.path.join(OLD_ROOT if old else "/sys/fs/cgroup", f"pastcam-test-{os.getpid()}")
        os.mkdir(group)
        self.addCleanup(os.rmdir, group)
        limit = "memory.limit_in_bytes" if old else "memory.max"
        with open(os.path.join(group, limit), "w", encoding="ascii") as file:
            file.write(str(self.LIMIT_MIB << 20))
        return ["sh", "-c", f'echo $$ > "{group}/cgroup.procs" && {command} exec "$@"', "sh"]

    def test_what_was_copied_before_does_not_count(self):
        """The kernel keeps a file of twice the limit in memory as far as it may."""
        large = os.path.join(self.folder, "large")
        wrapper = self.enter(f'dd if=/dev/zero of="{large}" bs=1M count={2 * self.LIMIT_MIB} status=none && sync "{large}" &&')
        with Daemon({"ring.size": 4000, "memory.max_rss_mb": 1000}, folder=self.folder, wrapper=wrapper) as daemon:
            ring = daemon.wait_frames(20) and daemon.status()["ring"]
            self.assertGreater(ring["bytes"], (self.LIMIT_MIB << 20) * 0.4)
            self.assertEqual(daemon.stop(), 0)

    def test_it_starts_smaller_instead_of_being_killed(self):
        wrapper = self.enter("")
        with Daemon({"ring.size": 4000, "memory.max_rss_mb": 1000}, folder=self.folder, wrapper=wrapper) as daemon:
            self.assertIn("limited by the cgroup's memory limit", daemon.log())
            slots = daemon.status()["ring"]["slots"]
            self.assertLess(slots * FRAME_MIB, self.LIMIT_MIB)
            clients = Clients(daemon)
            wait_until(lambda: len(promised(list(clients.replies))) > 30, "pictures")
            clients.stop()
            self.assertEqual(daemon.stop(), 0)


if __name__ == "__main__":
    harness.main()
