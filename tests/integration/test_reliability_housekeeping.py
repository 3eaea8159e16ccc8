"""Exports and the deletion of old pictures, where deleting takes long: pictures do not wait for housekeeping.

Needs: own mounts.
"""

import os
import time

import harness
from faults import Folder, enter_own_mounts, preload
from harness import Daemon, paths_of, wait_until

PICTURE_BYTES = 100 * 1024
SLOW = {"SHIM_UNLINK_MS": 1000}  # a minute for all that there are


class Housekeeping(Folder):
    def fill(self, leave_kib, pictures):
        """A disk with so many old pictures and so much room; the rest is somebody else's."""
        disk = self.disk("captures", 160)
        for i in range(pictures):
            path = self.path("captures", f"20250101_0000{i:02}_f{i:08}.jpg")
            with open(path, "wb") as file:
                file.write(bytes(PICTURE_BYTES))
            os.utime(path, (1.7e9 + i, 1.7e9 + i))
        room = os.statvfs(disk.path)
        with open(self.path("captures", "others"), "wb") as file:
            os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize - leave_kib * 1024)

    def save(self, daemon):
        begun = time.monotonic()
        reply = daemon.ask("save")
        self.assertRegex(reply, "^Saved", daemon.log())
        self.assert_whole(paths_of(reply))
        return time.monotonic() - begun

    def test_above_the_floor_nobody_waits(self):
        self.fill(20 * 1024, pictures=60)  # the floor is 16 MiB
        with Daemon({"storage.min_free_mb": 64}, folder=self.folder, environment=preload("slow_disk", **SLOW)) as daemon:
            daemon.wait_frames(2)
            wait_until(lambda: daemon.status()["storage"]["deleted"] > 0, "housekeeping")
            worst = max(self.save(daemon) for _ in range(14))
            self.assertLess(daemon.status()["storage"]["deleted"], 60)  # it was still at it
            self.assertLess(worst, 5)

    def test_below_the_floor_a_picture_waits_for_room_and_no_longer(self):
        self.fill(16 * 1024 - 150, pictures=60)
        with Daemon({"storage.min_free_mb": 64}, folder=self.folder, environment=preload("slow_disk", **SLOW)) as daemon:
            daemon.wait_frames(2)
            self.save(daemon)
            self.assertIn(daemon.status()["storage"]["deleted"], range(2, 30))

    def test_a_later_clip_and_another_camera_s_pictures_make_room_too(self):
        names = ["front_20250101_000000_f00000001.jpg", "20250101_000001_f00000002.mp4", "yard-2_20250101_000002_f00000003-2.mp4"]
        os.makedirs(self.path("captures"))
        for i, name in enumerate(names + ["holiday_20250101.jpg"]):
            with open(self.path("captures", name), "wb") as file:
                file.write(bytes(1 << 20))
            os.utime(self.path("captures", name), (1.7e9 + i, 1.7e9 + i))
        with Daemon({"storage.max_total_mb": 2}, folder=self.folder) as daemon:
            wait_until(lambda: daemon.status()["storage"]["deleted"] == 1, "the total to be kept")
            wait_until(lambda: daemon.status()["storage"]["pictures"] == 2, "the end of the pass")
            self.assertEqual(daemon.files(), sorted(names[1:] + ["holiday_20250101.jpg"]))


if __name__ == "__main__":
    enter_own_mounts()
    harness.main()
