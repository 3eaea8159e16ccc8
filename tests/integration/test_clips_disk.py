"""Clips whose disk is full, read-only, gone, slow, or hangs while pastcam stops.

Needs: own mounts.
"""

import os
import re
import time

import harness
from faults import Folder, enter_own_mounts, preload, put
from harness import Daemon, EventReader, names_in, wait_until
from power_cut import read
from videos import clip_of, count_frames, fragments_of

FPS = 5  # a machine that stands still for half a second loses no frame
OPTIONS = {"camera.framerate": FPS, "clip.before_s": 1, "clip.after_s": 1, "clip.poster": "false", "encoder.kind": "mjpeg"}


class Disk(Folder):
    def daemon(self, options=None, **environment):
        daemon = Daemon(dict(OPTIONS, **(options or {})), folder=self.folder, environment=environment)
        self.addCleanup(daemon.__exit__)
        daemon.__enter__()
        daemon.wait_frames(FPS + 3)
        return daemon

    def test_on_a_full_disk_what_is_there_becomes_the_clip(self):
        self.disk("captures", 4)
        filler = self.path("captures", "others")
        with open(filler, "wb") as file:
            file.write(bytes(3 << 20))
        daemon = self.daemon({"camera.width": 640, "camera.height": 480})
        with EventReader(daemon) as events:
            self.assertRegex(daemon.ask("clip after=600"), "^CLIP 1 ")
            failed = events.next("clip.failed")
        self.assertIn("No space left", failed["reason"])
        self.assertGreater(count_frames(failed["path"]), FPS // 2)
        self.assertEqual(daemon.status()["clips"]["failed"], 1)
        self.assertIn("No space left", daemon.status()["clips"]["last_error"])
        os.unlink(filler)
        self.assertRegex(daemon.ask("clip wait"), "^SAVED_CLIP 2 ")
        self.assert_lost_nothing(daemon)

    def test_a_read_only_disk_says_so_and_recovers(self):
        disk = self.disk("captures", 16)
        daemon = self.daemon()
        self.assertTrue(disk.read_only(True))
        self.assertRegex(daemon.ask("clip wait"), "^NOT_SAVED .*[Rr]ead-only")
        self.assertTrue(disk.read_only(False))
        self.assertRegex(daemon.ask("clip wait"), "^SAVED_CLIP 2 ")
        self.assert_lost_nothing(daemon)

    def test_a_disk_that_went_away_is_not_promised(self):
        drive = self.disk("drive", 32)
        daemon = self.daemon({"export.base_dir": self.path("drive", "captures")})
        self.assertRegex(daemon.ask("clip wait"), "^SAVED_CLIP 1 ")
        thread, replies = self.ask_in_background(daemon, "clip after=60 wait")
        wait_until(lambda: any(name.startswith(".clip-") for name in names_in(self.path("drive", "captures"))), "a file")
        drive.vanish()
        self.assertRegex(daemon.ask("clip stop"), "^CLIP 2 ends now")
        thread.join()
        self.assertRegex(replies[0], "^NOT_SAVED ")
        self.assertRegex(daemon.ask("clip wait"), "^NOT_SAVED the disk of .* went away")
        self.assertEqual(os.listdir(drive.path), [])
        drive.mount()
        wait_until(lambda: daemon.ask("clip after=0 wait").startswith("SAVED_CLIP"), "the return")
        self.assert_lost_nothing(daemon)

    def test_a_slow_disk_costs_no_frame(self):
        delay = self.path("delay")
        put(delay, 700)  # nearly as long as the fragment that is synced
        daemon = self.daemon(**preload("slow_disk", SHIM_FSYNC_MS=delay))
        reply = daemon.ask("clip after=4 wait")
        seconds = re.match(r"SAVED_CLIP 1 (\d+\.\d) s, ", reply)
        self.assertTrue(seconds and 4.9 <= float(seconds[1]) <= 5 + 1.5 / FPS, reply)  # until the last frame's time is over
        self.assertAlmostEqual(count_frames(clip_of(reply)), 5 * FPS, delta=2)
        self.assertEqual(daemon.status()["clips"]["missing_frames"], 0)
        self.assert_lost_nothing(daemon)

    def stop_soon(self, daemon):
        begun = time.monotonic()
        self.assertEqual(daemon.stop(), 0)
        self.assertLess(time.monotonic() - begun, 10)  # a second by design

    def test_a_hanging_disk_does_not_keep_it_from_stopping(self):
        delay = self.path("delay")
        put(delay, 0)
        log = self.path("synced")
        daemon = self.daemon(**preload("slow_disk", SHIM_FSYNC_MS=delay, SHIM_DISK_LOG=log))
        thread, replies = self.ask_in_background(daemon, "clip after=60 wait")

        def fragments():
            for name in daemon.files():
                with open(os.path.join(daemon.captures, name), "rb") as file:
                    return fragments_of(file.read())
            return []
        wait_until(fragments, "a fragment")
        put(delay, 60000)
        wait_until(lambda: b"wait " in read(log), "the next fragment, which hangs")
        self.stop_soon(daemon)
        thread.join()
        self.assertEqual(replies, ["NOT_SAVED pastcam is stopping, and the disk holds the clip up: the next start finishes it\n"])
        self.assertIn("A clip did not finish in time", daemon.log())

        again = self.daemon(**preload("slow_disk", SHIM_FSYNC_MS=delay))  # hangs over what it finds
        self.stop_soon(again)
        last = self.daemon()
        (name,) = wait_until(lambda: [name for name in last.files() if name.endswith("-recovered.mp4")], "the clip")
        self.assertGreater(count_frames(os.path.join(last.captures, name)), FPS // 2)


if __name__ == "__main__":
    enter_own_mounts()
    harness.main()
