"""Encoders: a Pi's hardware, played by a shim, with what drivers do wrong; and one that is too slow."""

import re
import time
import unittest

import numpy as np

from faults import preload
from harness import SANITIZED, Daemon, main, wait_until
from videos import assert_row, frames_of

FPS = 10  # so that a machine that stands still for a third of a second loses no frame


class Encoders(unittest.TestCase):
    fps = FPS

    def daemon(self, quirks, options=None):
        """quirks: of the hardware (shims/v4l2_encoder.c); None: there is none."""
        defaults = {"camera.framerate": self.fps, "ring.size": self.fps * 20, "clip.before_s": 1, "clip.after_s": 1}
        environment = {} if quirks is None else preload("v4l2_encoder", SHIM_V4L2=quirks)
        daemon = Daemon(dict(defaults, **(options or {})), environment=environment)
        self.addCleanup(daemon.__exit__)
        daemon.__enter__()
        return daemon

    def clip(self, daemon, line="clip wait"):
        """The numbers and times of its frames, through all of its files."""
        daemon.wait_frames(self.fps * 2)
        reply = daemon.ask(line)
        self.assertIn("SAVED_CLIP", reply)
        files = [frames_of(path) for path in re.findall(r"/\S+?\.mp4", reply)]
        return [number for numbers, _ in files for number in numbers], [times for _, times in files]

    def expect_whole(self, daemon, line="clip wait", seconds=2):
        numbers, _ = self.clip(daemon, line)
        lost = daemon.status()["camera"]["lost"]
        assert_row(self, numbers, lost)
        self.assertAlmostEqual(len(numbers), seconds * FPS, delta=2 + lost)
        self.expect_capture_well(daemon)

    def expect_capture_well(self, daemon):
        status = daemon.status()
        self.assertEqual((status["ring"]["dropped"], status["camera"]["stalls"]), (0, 0))
        if not SANITIZED:  # which are too slow for every frame to be in time
            self.assertEqual(status["camera"]["lost"], 0)

    def expect_encoder(self, daemon, encoder, reason):
        video = wait_until(lambda: (video := daemon.status()["video"])["encoder"] == encoder and video, encoder)
        self.assertRegex(video["reason"], reason)
        return video

    def test_hardware_is_taken_where_it_is(self):
        daemon = self.daemon("", {"encoder.when": "always"})
        self.expect_whole(daemon)
        self.expect_encoder(daemon, "v4l2", r"^hardware: v4l2 takes .* ms a frame")
        self.assertIn("Video: bcm2835-codec-encode (/dev/video11)", daemon.log())

    def test_the_clip_is_whole_whatever_the_driver_is_like(self):
        daemon = self.daemon("align shuffle eagain eintr apart", {"encoder.kind": "v4l2", "camera.height": 246})
        self.expect_whole(daemon)
        self.assertEqual(self.expect_encoder(daemon, "v4l2", "as configured")["restarts"], 0)

    def test_hardware_that_ends_its_video_is_opened_anew(self):
        daemon = self.daemon(f"end={FPS * 4}", {"encoder.kind": "v4l2"})
        self.expect_whole(daemon, "clip wait after=4", 5)
        video = self.expect_encoder(daemon, "v4l2", "v4l2 failed: .* has ended its video")
        self.assertIn(video["restarts"], range(1, 1 + video["encoded"] // (FPS * 4)))  # one; more where the clip was closed late

    def test_hardware_that_hangs_makes_way(self):
        daemon = self.daemon(f"hang={FPS}", {"encoder.kind": "v4l2", "encoder.when": "always"})
        self.expect_whole(daemon, "clip wait after=4", 5)
        self.assertEqual(self.expect_encoder(daemon, "openh264", "v4l2 failed: .* has given nothing")["restarts"], 2)
        self.assertRegex(daemon.log(), r"(?s)given nothing for [\d.]+ s; opened anew.*given nothing.*the next kind takes over")

    def test_hardware_that_hangs_while_it_is_measured_is_not_taken(self):
        daemon = self.daemon("hang=0")
        self.expect_whole(daemon)
        self.expect_encoder(daemon, "openh264", r"has given nothing for [\d.]+ s.* openh264 takes")

    def test_what_cannot_be_started_makes_way(self):
        for quirks, reason in ((None, "v4l2: cannot open /dev/no-video: No such file"), ("refuse", "v4l2: .* does not start")):
            with self.subTest(quirks=quirks):
                daemon = self.daemon(quirks, {"encoder.kind": "v4l2", "encoder.device": "/dev/video11" if quirks else "/dev/no-video"})
                self.expect_whole(daemon)
                self.expect_encoder(daemon, "openh264", reason)

    def test_an_encoder_that_is_too_slow_skips_frames_and_capture_goes_on(self):
        self.fps = fps = 10 if SANITIZED else 30
        daemon = self.daemon(f"burn={round(1200 / fps)}", {"encoder.kind": "v4l2", "encoder.when": "always"})
        begun = time.monotonic()

        def skips():
            """And stays two seconds behind, with what is in the encoder: up to eight frames, at what one takes on this machine."""
            video = daemon.status()["video"]
            frame_s = (time.monotonic() - begun) / max(video["encoded"], 1)
            return video["skipped"] > 0 and video["behind_s"] < 4.7 + 8 * frame_s
        wait_until(skips, "frames to be skipped", 120)
        numbers, (times,) = self.clip(daemon, "clip wait before=2")
        self.assertGreaterEqual(times[-1], 3 - 1.5 / fps - max(np.diff(times)), "the last one before the end, or skipped")
        self.assertTrue(all(np.diff(numbers) > 0))
        np.testing.assert_allclose(np.subtract(times, times[0]), np.subtract(numbers, numbers[0]) / fps, atol=0.2 / fps)
        self.expect_capture_well(daemon)


if __name__ == "__main__":
    main()
