"""The system's time zone changes while pastcam runs.

Needs: own mounts.
/etc is a copy in them."""

import os
import re
import shutil
import subprocess
import tempfile
import time
import unittest

import harness
from faults import enter_own_mounts
from harness import Daemon, paths_of, wait_until


def zone_file(offset_s):
    """A zone that is always so far from UTC, as tzfile(5) has it (version 1)."""
    numbers = [0, 0, 0, 0, 1, 4]  # one kind of local time, four letters
    header = b"TZif" + bytes(16) + b"".join(number.to_bytes(4, "big") for number in numbers)
    return header + offset_s.to_bytes(4, "big", signed=True) + bytes(2) + b"XYZ\0"


class Zone(unittest.TestCase):
    def setUp(self):
        self.etc = tempfile.mkdtemp(prefix="pastcam-test-etc-")
        self.addCleanup(shutil.rmtree, self.etc, ignore_errors=True)
        subprocess.run(["cp", "-a", "/etc/.", self.etc], check=False, stderr=subprocess.DEVNULL)
        self.set_zone(0)
        subprocess.run(["mount", "--bind", self.etc, "/etc"], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", "/etc"], check=False)

    def set_zone(self, offset_s):
        """As timedatectl set-timezone does: another file takes the name."""
        new = os.path.join(self.etc, "localtime.new")
        with open(new, "wb") as file:
            file.write(zone_file(offset_s))
        os.rename(new, os.path.join(self.etc, "localtime"))

    def test_a_new_time_zone_is_followed(self):
        with Daemon(wrapper=["env", "-u", "TZ"]) as daemon:
            daemon.wait_frames(1)
            self.assertTrue(daemon.status()["clock"]["now"].endswith("+0000"))
            for hours in (5, -7):
                self.set_zone(hours * 3600)
                sign = "-" if hours < 0 else "+"
                wait_until(lambda text=f"{sign}{abs(hours):02d}00": daemon.status()["clock"]["now"].endswith(text),
                           "the new zone")
                (path,) = paths_of(daemon.ask("save"))
                expected = [time.strftime("%Y%m%d_%H", time.gmtime(time.time() + hours * 3600 - late)) for late in (0, 60)]
                self.assertIn(re.match(r"\d{8}_\d\d", os.path.basename(path))[0], expected)


if __name__ == "__main__":
    enter_own_mounts()
    harness.main()
