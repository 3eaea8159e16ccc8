"""motion.idle_framerate: little becomes video while nothing moves, and what was there when it is wanted is all there."""

import json
import unittest

import numpy as np

from harness import Daemon, connect, main, read_all, wait_until
from test_clips import clip_of, frames_of

FPS = 10
RING_S = 4
# The strip that a walker's chest crosses, and neither cars nor the balloon nor the number.
STRIP = {"motion": {"zones": [{"name": "strip", "polygon": [[0, 0.57], [1, 0.57], [1, 0.7], [0, 0.7]]}]}}


class IdleRate(unittest.TestCase):
    def daemon(self, options=None):
        defaults = {"camera.framerate": FPS, "ring.size": FPS * RING_S, "encoder.when": "always", "clip.after_s": 0.5,
                    "motion.idle_framerate": 1, "motion.hold_s": 0.5, "motion.min_area": 1}
        daemon = Daemon(dict(defaults, **(options or {})), STRIP)
        self.addCleanup(daemon.__exit__)
        daemon.__enter__()
        return daemon

    def wait_taken(self, daemon, count):
        """Until so many frames more have been taken."""
        begin = daemon.status()["ring"]["committed"]
        wait_until(lambda: daemon.status()["ring"]["committed"] >= begin + count, "frames")

    def video(self, daemon):
        return daemon.status()["video"]

    def expect_none_skipped(self, daemon, before):
        """At rest a frame is encoded when it has come to the last eighth of the ring; it is gone from there when nobody gets a
        processor for so long."""
        if daemon.threads()["video"] < RING_S / 8:
            self.assertEqual(self.video(daemon)["skipped"], before)

    def expect_sparse_then_whole(self, daemon, path, whole_s):
        """At first about a frame a second, then all of them for so long."""
        numbers, _ = frames_of(path)
        steps = np.diff(numbers)
        gaps = np.flatnonzero(steps > 1)
        self.assertGreaterEqual(min(steps), 1)
        begin = gaps[-1] + 1 if len(gaps) else 0
        self.assertTrue(all(FPS / 2 <= step <= 2 * FPS + self.video(daemon)["skipped"] for step in steps[1:max(begin - 1, 1)]), numbers)
        self.assertGreaterEqual(len(numbers) - begin, whole_s * FPS, numbers)
        return begin

    def test_a_clip_is_sparse_before_the_ring_and_whole_within(self):
        daemon = self.daemon()
        begin = wait_until(lambda: (status := daemon.status())["video"]["idle"] and status, "rest")
        self.wait_taken(daemon, FPS * (RING_S + 5))
        status = daemon.status()
        video, skipped = status["video"], begin["video"]["skipped"]
        seconds = (status["ring"]["committed"] - begin["ring"]["committed"] + status["camera"]["lost"]) / FPS
        self.assertLess(video["encoded"] - begin["video"]["encoded"], seconds + 3)
        self.assertEqual(video["behind_s"], 0)
        self.expect_none_skipped(daemon, skipped)
        reply = daemon.ask("clip before=60 wait")
        self.assertGreater(self.expect_sparse_then_whole(daemon, clip_of(reply), RING_S * 0.75), 2)
        wait_until(lambda: self.video(daemon)["idle"], "rest after the clip")
        self.assertEqual(daemon.status()["clips"]["missing_frames"], 0)
        self.expect_none_skipped(daemon, skipped)
        with connect(daemon) as stream:  # which is live, though what is at rest is late
            stream.sendall(b"stream\n")
            self.assertGreater(len(stream.recv(1 << 16)), 0)
            wait_until(lambda: not self.video(daemon)["idle"] and self.video(daemon)["behind_s"] < 1, "now")
        wait_until(lambda: self.video(daemon)["idle"], "rest when nobody looks")

    def test_any_moment_at_rest_has_its_frame_in_the_video(self):
        daemon = self.daemon()
        wait_until(lambda: self.video(daemon)["idle"], "rest")
        self.wait_taken(daemon, FPS * (RING_S + 5))
        for back_s in (RING_S + 1.2, RING_S + 1.6, RING_S + 2.0):
            with connect(daemon) as client:
                client.sendall(f"get at=-{back_s} meta\n".encode())
                meta = json.loads(read_all(client).partition(b"\n")[0])
            self.assertEqual(meta["tier"], "video")
            self.assertLess(abs(meta["age_s"] - back_s), 1.1)

    def test_motion_brings_its_past_at_full_rate(self):
        daemon = self.daemon({"camera.synthetic.effects": "walker=3@6+3/20", "clip.on_motion": "true",
                              "clip.before_s": 2})
        wait_until(lambda: self.video(daemon)["idle"], "rest")
        wait_until(lambda: not self.video(daemon)["idle"], "a walker")
        wait_until(lambda: daemon.status()["clips"]["finished"], "the clip of it")
        path = daemon.status()["clips"]["last_path"]
        self.assertEqual(self.expect_sparse_then_whole(daemon, path, 3), 0)
        wait_until(lambda: self.video(daemon)["idle"], "rest again")

    def test_without_motion_detection_there_is_no_rest(self):
        daemon = self.daemon({"motion.enable": "false"})
        self.wait_taken(daemon, FPS * 2)
        wait_until(lambda: self.video(daemon)["encoded"] >= FPS, "all frames")
        self.assertFalse(self.video(daemon)["idle"])


if __name__ == "__main__":
    main()
