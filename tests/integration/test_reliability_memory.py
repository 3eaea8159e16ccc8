"""Memory of the machine, as /proc tells it: hidden, short, and swap that is full while memory is not.

Needs: own mounts.
"""

import os
import shutil
import tempfile
import threading
import unittest

import harness
from faults import enter_own_mounts
from harness import Daemon, wait_until
from moments import ago

MEMINFO = "MemTotal: {total} kB\nMemFree: 1000 kB\nMemAvailable: {available} kB\nSwapTotal: 100000 kB\nSwapFree: 0 kB\n"
SWAPPED = "pswpin {0}\npswpout {0}\n"


class Machine(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="pastcam-test-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def tell(self, available_mib, swapped_pages=0):
        """A machine of 4 GiB with full swap, of which so much is available; what is mounted must be written in place."""
        for name, text in (("meminfo", MEMINFO.format(total=4 << 20, available=available_mib << 10)),
                           ("vmstat", SWAPPED.format(swapped_pages))):
            with open(self.path(name), "r+" if os.path.exists(self.path(name)) else "w", encoding="utf-8") as file:
                file.write(text.ljust(200))
                file.truncate()

    def swap_until(self, over):
        """More and more: a pause ends when nothing has been swapped for a while."""
        pages = 0
        while not over.wait(0.2):
            pages += 200000
            self.tell(100, pages)

    def faked(self):
        """As if the kernel said so."""
        script = "".join(f'mount --bind "{self.path(name)}" /proc/{name} && ' for name in ("meminfo", "vmstat"))
        return ["unshare", "--mount", "sh", "-c", script + 'exec "$@"', "sh"]

    def test_full_swap_with_memory_to_spare_changes_nothing(self):
        self.tell(3000)
        with Daemon(folder=self.folder, wrapper=self.faked()) as daemon:
            daemon.wait_frames(100)  # five seconds: memory was looked at by then
            status = daemon.status()
            self.assertEqual(status["capture"]["state"], "running")
            self.assertEqual(status["camera"]["skipped"], 0)

    def test_a_pause_is_a_state_that_everybody_is_told_of(self):
        self.tell(3000)
        with Daemon(folder=self.folder, wrapper=self.faked()) as daemon:
            daemon.wait_frames(80)  # four seconds: what was swapped before is known by then
            over = threading.Event()
            swapping = threading.Thread(target=self.swap_until, args=(over,))
            swapping.start()
            self.addCleanup(swapping.join)
            self.addCleanup(over.set)
            wait_until(lambda: daemon.status()["capture"]["state"] == "paused", "the pause")
            status = daemon.status()
            self.assertEqual(status["camera"]["state"], "paused")
            self.assertIn("100 of 4096 MiB are available", status["capture"]["reason"])
            self.assertIsNotNone(status["capture"]["paused_for_s"])
            self.assertRegex(daemon.ask("save"), "^NOT_SAVED capture is paused: memory is short: 100 of 4096 MiB")
            wait_until(lambda: daemon.status()["ring"]["newest_age_s"] > 2, "the newest frame to grow old")
            self.assertRegex(daemon.ask("past at=-0.1"), r"^NO_FRAMES: the newest frame is .* old: capture is paused: memory")
            self.assertRegex(daemon.ask(f"past at={ago(daemon, 1)}"), "^Saved")  # what is in the past stays
            self.assertIn("Capture pauses until it is better: memory is short", daemon.log())
            over.set()
            swapping.join()
            self.tell(3000)
            wait_until(lambda: daemon.status()["capture"]["state"] == "running", "the end of it", 90)
            self.assertRegex(daemon.ask("save"), "^Saved")
            self.assertEqual(daemon.status()["capture"]["reason"], "")

    def test_hidden_memory_is_unknown_and_not_zero(self):
        """systemd's ProcSubset=pid."""
        script = 'mount -t proc -o subset=pid proc /proc && test ! -e /proc/meminfo && exec "$@"'
        wrapper = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script, "sh"]
        with Daemon(folder=self.folder, wrapper=wrapper) as daemon:
            status = daemon.status()
            self.assertEqual(status["ring"]["slots"], 100)
            self.assertIsNone(status["memory"]["available_at_start_mib"])
            self.assertGreater(status["memory"]["rss_mib"], 5)
            daemon.wait_frames(20)
            self.assertRegex(daemon.ask(f"past png at={ago(daemon, 0.5)} count=3"), "^Saved 3 ")


if __name__ == "__main__":
    enter_own_mounts()
    harness.main()
