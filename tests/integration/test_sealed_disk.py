"""Sealed recordings on a disk that fills up, and what the raw device has on it.

Needs: own mounts, a block device.
"""

import os
import re
import signal
import subprocess

import harness
from faults import enter_own_mounts
from harness import EventReader, wait_until
from moments import ago
from sealed import FPS, VIDEO, Sealed, count_frames_of_piece


class Disk(Sealed):
    def test_on_a_full_disk_what_is_there_becomes_a_clip_that_opens(self):
        self.disk("captures", 4)
        filler = self.path("captures", "others")
        with open(filler, "wb") as file:
            file.write(bytes((4 << 20) - 400000))
        # Five frames a second: a machine that stands still for less than 0.8 s loses none of them.
        daemon = self.daemon(dict(VIDEO, **{"clip.poster": "false", "camera.framerate": 5}))
        with EventReader(daemon) as events:
            self.assertRegex(daemon.ask("clip after=600"), "^CLIP 1 ")
            failed = events.next("clip.failed")
        self.assertIn("No space left", failed["reason"])
        self.assertRegex(failed["path"], r"/[^/.]+\.mp4\.age$")
        self.assertGreater(count_frames_of_piece(self.open(failed["path"])), FPS // 2)
        self.assertRegex(daemon.ask("save npy"), "^NOT_SAVED .*No space left")
        os.unlink(filler)
        self.assertRegex(daemon.ask("clip wait"), "^SAVED_CLIP 2 ")
        self.assert_lost_nothing(daemon)

    # What is in each of pastcam's files, and in what has a temporary name.
    MARKS = (rb"JFIF\0\x01", rb"Exif\0\0", rb"\x89PNG\r\n\x1a\n", rb"\x93NUMPY\x01", rb"ftypisom", rb"moov....mvhd", rb"moof....mfhd",
             rb"mdat\xff\xd8\xff")

    def marks_on_the_device(self, options):
        """Those that the raw bytes of a filesystem have in them after pictures, clips, and a kill -9 in the midst of one."""
        image, mount = self.path("image"), self.path("captures")
        with open(image, "wb") as file:
            file.truncate(64 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", image], check=True)
        os.makedirs(mount, exist_ok=True)
        subprocess.run(["mount", "-o", "loop", image, mount], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", mount], stderr=subprocess.DEVNULL, check=False)
        daemon = self.daemon(dict(VIDEO, **options))
        for line in ("save jpg png npy", f"pastStack jpg count=4 at={ago(daemon, 0.3)}"):
            self.assertIn(mount, daemon.ask(line))
        self.assertRegex(daemon.ask("clip wait"), "^SAVED_CLIP 1 ")
        self.assertRegex(daemon.ask("clip after=600"), "^CLIP 2 ")
        wait_until(lambda: [name for name in daemon.files() if name.startswith(".clip-") and
                            os.path.getsize(os.path.join(mount, name)) > 200000], "a clip under way")
        jpg = r"^[^.].*\.jpg" + ("" if options else r"\.age") + "$"
        wait_until(lambda: len([name for name in daemon.files() if re.search(jpg, name)]) == 4, "the clips' pictures")
        daemon.process.send_signal(signal.SIGKILL)
        daemon.process.wait()
        subprocess.run(["umount", mount], check=True)
        with open(image, "rb") as file:
            data = file.read()
        return {mark for mark in self.MARKS if re.search(mark, data, re.DOTALL)}, data.count(b"age-encryption.org/v1\n-> X25519 ")

    def test_nothing_unsealed_ever_touches_the_disk(self):
        found, sealed = self.marks_on_the_device({})  # four pictures, two clips and their pictures
        self.assertEqual((found, sealed), (set(), 8))
        found, sealed = self.marks_on_the_device({"seal.recipients": "[]"})
        self.assertEqual((found, sealed), (set(self.MARKS), 0))


if __name__ == "__main__":
    enter_own_mounts()
    harness.main()
