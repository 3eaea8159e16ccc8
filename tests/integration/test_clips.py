"""Clips: what happened from before a trigger until after it, with no frame missing, whatever happens meanwhile."""

import json
import os
import re
import signal
import time
import unittest

import numpy as np
from PIL import Image

from harness import Daemon, EventReader, SANITIZED, connect, main, read_all, paths_of, wait_until
from pictures import decode, load, read_number
from videos import assert_row, clip_of, fragments_of, frames_of, probe

FPS = 10 if SANITIZED else 30
BEFORE_S, AFTER_S = 1, 0.5
PAST = round(FPS * 1.5)  # frames, enough for a clip


class Clips(unittest.TestCase):
    def daemon(self, options=None, **arguments):
        defaults = {"camera.framerate": FPS, "ring.size": FPS * 8, "clip.before_s": BEFORE_S, "clip.after_s": AFTER_S}
        daemon = Daemon(dict(defaults, **(options or {})), **arguments)
        self.addCleanup(daemon.__exit__)
        daemon.__enter__()
        return daemon

    def wait_for_video(self, daemon, seconds):
        """So much more of the past, and all of it as video: while encoding is behind, as it is at first, some may be left out."""
        def settled():
            begin = daemon.status()["video"]
            if not begin["packets"] or begin["behind_s"] > 1:
                return False
            daemon.wait_newer_frames(round(seconds * FPS))
            end = daemon.status()["video"]
            return end["skipped"] == begin["skipped"] and end["behind_s"] < 1
        daemon.wait_frames(1)
        wait_until(settled, "a past of video")

    def expect_row(self, daemon, numbers):
        assert_row(self, numbers, daemon.status()["camera"]["lost"])

    def expect_whole(self, daemon, path, seconds, after_s):
        """No frame is missing, each lasts until the next, and the clip has its length."""
        numbers, times = frames_of(path)
        lost = daemon.status()["camera"]["lost"]
        assert_row(self, numbers, lost)
        self.assertLessEqual(max(np.diff(times)), (1.2 + lost) / FPS)
        self.assertAlmostEqual(len(numbers), seconds * FPS, delta=2 + lost)
        poster = path.replace(".mp4", ".jpg")  # the newest frame at the trigger; a busy machine is late with it
        wait_until(lambda: os.path.exists(poster), "the poster")
        before = times[numbers.index(read_number(load(poster)))]
        self.assertTrue(seconds - after_s - 1 < before < seconds - after_s + 1.5 / FPS, before)

    def expect_both_ways(self, **options):
        daemons = [(when, self.daemon(dict({"encoder.when": when}, **options))) for when in ("trigger", "always")]
        for when, daemon in daemons:
            with self.subTest(when=when):
                daemon.wait_frames(PAST)
                if when == "always":
                    self.wait_for_video(daemon, BEFORE_S)
                for _ in range(2):
                    reply = daemon.ask("clip wait label=door")
                    self.assertIn("SAVED_CLIP", reply)
                    self.expect_whole(daemon, clip_of(reply), BEFORE_S + AFTER_S, AFTER_S)
                self.assertEqual(len([name for name in daemon.files() if name.endswith(".jpg")]), 2)
                tags = probe(clip_of(reply))["format"]["tags"]
                self.assertEqual(tags["title"], "door")
                self.assertIn("trigger: ", tags["comment"])

    def test_no_frame_is_missing_around_a_trigger(self):
        self.expect_both_ways()

    def test_the_same_as_mjpeg(self):
        self.expect_both_ways(**{"encoder.kind": "mjpeg"})

    def test_a_trigger_moves_the_end_and_stop_ends_it(self):
        daemon = self.daemon()
        daemon.wait_frames(PAST)
        self.assertRegex(daemon.ask("clip after=60"), r"^CLIP 1 from 1.0 s ago to 60.0 s from now")
        for _ in range(20):
            self.assertRegex(daemon.ask("clip after=30"), r"^CLIP 1 goes on")
        self.assertEqual(daemon.ask("clip stop").strip(), "CLIP 1 ends now")
        wait_until(lambda: any(name.endswith(".mp4") for name in daemon.files()), "the clip")
        self.assertEqual(len([name for name in daemon.files() if name.endswith(".mp4")]), 1)
        self.assertTrue(daemon.ask("clip stop").startswith("NO_CLIP "))

    def test_a_long_clip_goes_on_in_another_file(self):
        daemon = self.daemon({"clip.max_s": 5, "encoder.when": "always"})
        self.wait_for_video(daemon, 2.5)
        reply = daemon.ask("clip wait before=2.2 after=5")
        paths = re.findall(r"/\S+?\.mp4", reply)
        self.assertEqual(len(paths), 2)
        numbers = [number for path in paths for number in frames_of(path)[0]]
        self.expect_row(daemon, numbers)
        self.assertAlmostEqual(len(numbers), 7.2 * FPS, delta=2 + daemon.status()["camera"]["lost"])

    def test_what_there_is_of_the_past_is_told(self):
        daemon = self.daemon()
        daemon.wait_frames(FPS)
        self.assertRegex(daemon.ask("clip before=3600 after=0"), r"from \d+\.\d s ago \(all that there is\)")

    def test_bad_requests_are_told(self):
        daemon = self.daemon()
        daemon.wait_frames(1)
        for line in ("clip after=1e9", "clip before=-1", "clip after=nan", "clip now", "clip stop please",
                     "stream now", "get mp4 at=5", "get mp4 for=x", "get mp4 until=x", "get mp4 until=+x", "get mp4 until=+1e9",
                     "get mp4 at=-1 until=-2", "get mp4 at=0 until=now"):
            self.assertRegex(daemon.ask(line), r"^(NOT_SAVED|UNKNOWN_COMMAND|NOT_SENT) ", line)
        self.assertEqual(daemon.files(), [])

    def test_a_trigger_makes_a_clip_where_it_is_asked_to(self):
        daemon = self.daemon({"clip.on_trigger": "true"})
        daemon.wait_frames(PAST)
        self.assertTrue(daemon.ask("trigger door").startswith("TRIGGERED "))
        path = wait_until(lambda: [name for name in daemon.files() if name.endswith(".mp4")], "the clip")[0]
        self.assertEqual(probe(os.path.join(daemon.captures, path))["format"]["tags"]["title"], "door")

    def test_motion_makes_a_clip_that_goes_on_after_it_ends(self):
        after_s = 3  # by which the word of the end may come late; until it does, the clip goes on
        daemon = self.daemon({"clip.on_motion": "true", "camera.synthetic.effects": "still,noise,walker=2@3+3/40",
                              "motion.hold_s": 0.5, "encoder.kind": "mjpeg", "clip.after_s": after_s})
        with EventReader(daemon) as events:
            start = events.next("clip.start")
            self.assertEqual((start["label"], start["reason"]), ("all", "motion"))
            events.next("motion.end")
            clip = events.next("clip.end")
        begin, end = ([event["monotonic"] for event in events.seen if event["event"] == name] for name in ("motion.start", "motion.end"))
        self.assertEqual(events.names("clip.start", "clip.failed"), ["clip.start"])
        seconds = end[-1] - begin[0] + BEFORE_S + after_s
        self.assertAlmostEqual(len(frames_of(clip["path"])[1]), seconds * FPS, delta=3 + daemon.status()["camera"]["lost"])
        self.assertAlmostEqual(clip["duration_s"], seconds, delta=0.2)
        self.assertEqual(daemon.status()["clips"]["missing_frames"], 0)
        self.assertEqual(probe(clip["path"])["format"]["tags"]["title"], "all")

    def test_stop_ends_a_clip_of_motion_and_its_end_begins_none(self):
        daemon = self.daemon({"clip.on_motion": "true", "camera.synthetic.effects": "still,noise,walker=2@3+3/40",
                              "motion.hold_s": 5, "encoder.kind": "mjpeg"})
        with EventReader(daemon) as events:
            events.next("clip.start")
            self.assertEqual(daemon.ask("clip stop").strip(), "CLIP 1 ends now")
            events.next("clip.end")
            self.assertEqual(events.names("motion.end"), [])
            events.next("motion.end")
        wait_until(lambda: daemon.status()["clips"]["under_way"] == 0, "rest")
        self.assertEqual(daemon.status()["clips"]["started"], 1)

    def test_without_an_encoder_pictures_go_on(self):
        daemon = self.daemon({"encoder.kind": "none"})
        daemon.wait_frames(1)
        self.assertTrue(daemon.ask("clip").startswith("NOT_SAVED no video"))
        self.assertIn("/", daemon.ask("save"))

    def test_a_killed_process_leaves_a_clip_that_the_next_one_finishes(self):
        daemon = self.daemon()
        daemon.wait_frames(PAST)
        daemon.ask("clip after=60")
        begin = daemon.status()["ring"]["newest_id"]

        def piece():
            """What there is of the clip on the disk."""
            for name in daemon.files():
                if name.startswith(".clip-"):
                    with open(os.path.join(daemon.captures, name), "rb") as file:
                        return fragments_of(file.read())
            return []

        def on_disk():
            """More than its past, and all but a second of what has been taken; a busy machine is later than that at times."""
            after = daemon.status()["ring"]["newest_id"] - begin
            return after >= PAST and BEFORE_S * FPS + after - sum(piece()) <= FPS + 3
        wait_until(on_disk, "the clip to be on the disk")
        lost = daemon.status()["camera"]["lost"]
        daemon.process.send_signal(signal.SIGKILL)
        daemon.process.wait()
        fragments = piece()
        self.assertLessEqual(max(fragments), FPS + 1, "a second at most is lost")
        self.assertEqual([name for name in daemon.files() if name.endswith(".mp4")], [])
        again = Daemon({"camera.framerate": FPS, "export.base_dir": daemon.captures}, folder=daemon.folder)
        self.addCleanup(again.__exit__)
        again.__enter__()
        wait_until(lambda: any(name.endswith("-recovered.mp4") for name in daemon.files()), "the recovered clip")
        path = next(name for name in daemon.files() if name.endswith("-recovered.mp4"))
        numbers, _ = frames_of(os.path.join(daemon.captures, path), ("-ignore_editlist", "1"))
        self.assertEqual(len(numbers), sum(fragments), "all that was there")
        assert_row(self, numbers, lost)
        self.assertEqual([name for name in daemon.files() if name.startswith(".clip-")], [])

    def test_stopping_ends_the_clip_under_way_well(self):
        daemon = self.daemon()
        daemon.wait_frames(PAST)
        daemon.ask("clip after=60")
        daemon.wait_newer_frames(FPS)
        least = round((BEFORE_S + 0.5) * FPS)  # of the second after the trigger, what was encoded
        lost = wait_until(lambda: (status := daemon.status())["video"]["encoded"] > least and status, "it to be encoded")["camera"]["lost"]
        self.assertEqual(daemon.stop(), 0)
        path = next(name for name in daemon.files() if name.endswith(".mp4"))
        numbers, _ = frames_of(os.path.join(daemon.captures, path))
        assert_row(self, numbers, lost)
        self.assertGreaterEqual(len(numbers), least)

    def bytes_of(self, daemon, line, frames=None):
        """All that is sent, or so many frames of it; in a file."""
        data = b""
        with connect(daemon) as client:
            client.sendall(line.encode() + b"\n")
            if frames is None:
                data = read_all(client)
            while frames and sum(fragments_of(data)) < frames:
                more = client.recv(65536)
                self.assertTrue(more, "the stream has ended")
                data += more
        path = os.path.join(daemon.folder, "received.mp4")
        with open(path, "wb") as file:
            file.write(data)
        return path

    def test_a_piece_of_the_past_as_bytes(self):
        daemon = self.daemon({"encoder.when": "always"})
        self.wait_for_video(daemon, 2.5)
        numbers, _ = frames_of(self.bytes_of(daemon, "get mp4 at=-2 for=1.5"))
        self.expect_row(daemon, numbers)
        self.assertGreaterEqual(numbers[-1] - numbers[0] + 1, round(1.5 * FPS) - 1)
        self.assertEqual(daemon.files(), [])
        self.assertRegex(daemon.ask("get mp4 at=-600 for=5"), r"^NO_FRAMES: nothing of that piece is kept; the past reaches back \d+\.\d s$")

    def test_a_piece_between_two_moments_waits_for_its_end(self):
        daemon = self.daemon({"encoder.when": "always"})
        self.wait_for_video(daemon, 1.5)
        begin = time.time() - 1
        numbers, _ = frames_of(self.bytes_of(daemon, f"get mp4 at={begin:.3f} until=+1"))
        self.expect_row(daemon, numbers)
        self.assertGreaterEqual(numbers[-1] - numbers[0] + 1, 2 * FPS - 1)

    def test_the_timeline_shows_both_tiers(self):
        daemon = self.daemon({"encoder.when": "always", "camera.framerate": 5, "ring.size": 300})  # a minute: nothing leaves it
        daemon.wait_frames(5)
        wait_until(lambda: daemon.status()["video"]["packets"], "video")
        tiers = json.loads(daemon.ask("timeline"))["tiers"]
        self.assertEqual([tier["tier"] for tier in tiers], ["frames", "video"])
        self.assertLess(abs(tiers[1]["from"] - tiers[0]["from"]), 1)
        self.assertEqual(tiers[1]["keys"], sorted(tiers[1]["keys"]))

    def get(self, daemon, line):
        """(what meta says, the picture)"""
        with connect(daemon) as client:
            client.sendall(line.encode() + b"\n")
            head, _, data = read_all(client).partition(b"\n")
        self.assertTrue(head.startswith(b"{"), head)
        return json.loads(head), decode(data)

    def expect_moments_from_video(self, **options):
        daemon = self.daemon(dict({"encoder.when": "always", "ring.size": FPS * 2}, **options))
        wait_until(lambda: daemon.status()["video"]["seconds"] > 2, "a past of video")

        def look_back():
            """Five moments, a while ago by now, of which encoding has left out none."""
            begin, seen = daemon.status()["video"], []
            for _ in range(5):
                meta, picture = self.get(daemon, "get at=-0.5 meta width=256")
                self.assertEqual(meta["tier"], "frames")
                seen.append((meta["epoch"], meta["id"], read_number(picture, 320)))
                daemon.wait_newer_frames(FPS // 2)
            wait_until(lambda: json.loads(daemon.ask("timeline"))["tiers"][0]["from"] > seen[-1][0] + 0.5, "them to leave the ring")
            wait_until(lambda: daemon.status()["video"]["behind_s"] < 1, "encoding to have taken them")
            return seen if daemon.status()["video"]["skipped"] == begin["skipped"] else None
        seen = wait_until(look_back, "moments to look for")
        for epoch, frame, number in seen:
            meta, picture = self.get(daemon, f"get at={epoch} meta width=256")
            self.assertEqual((meta["tier"], meta["id"], read_number(picture, 320)), ("video", frame, number))
        reply = daemon.ask(f"past at={seen[0][0]} jpg png")
        self.assertIn("from video", reply)
        one, other = (load(path) for path in paths_of(reply))
        self.assertEqual((read_number(one), read_number(other)), (seen[0][2],) * 2)
        with Image.open(paths_of(reply)[0]) as image:
            self.assertIn("; from video", image.getexif()[270])  # ImageDescription
        return daemon

    def test_a_moment_that_has_left_the_frame_ring_comes_from_video(self):
        daemon = self.expect_moments_from_video(**{"encoder.kind": "openh264"})
        for line in ("past at=-3.5 count=3", "pastStack at=-3.5", "get at=-3.5 count=4"):
            self.assertRegex(daemon.ask(line), r"^NO_FRAMES: of that moment there is video, which gives single pictures")
        reply = daemon.ask("get at=-300")
        reach = re.match(r"NO_FRAMES: the past reaches back (\d+\.\d) s as frames, (\d+\.\d) s as video", reply)
        self.assertTrue(reach, reply)
        self.assertTrue(1 <= float(reach[1]) < float(reach[2]), reply)

    def test_the_same_from_mjpeg(self):
        self.expect_moments_from_video(**{"encoder.kind": "mjpeg", "clip.past_mb": 32})

    def test_where_nothing_is_encoded_the_frames_are_all_there_is(self):
        daemon = self.daemon({"ring.size": FPS * 2, "encoder.kind": "mjpeg"})
        daemon.wait_frames(FPS * 2 - 1)
        self.assertIn("SAVED_CLIP", daemon.ask("clip before=1 after=0 wait"))
        saved = time.time()
        wait_until(lambda: json.loads(daemon.ask("timeline"))["tiers"][0]["from"] > saved, "the clip's frames to leave the ring")
        self.assertRegex(daemon.ask(f"get at={saved - 0.5:.3f}"), r"^NO_FRAMES: the past reaches back \d+\.\d s\n")
        self.assertEqual(len(json.loads(daemon.ask("timeline"))["tiers"]), 1)

    def test_a_live_stream(self):
        daemon = self.daemon()
        daemon.wait_frames(FPS)
        numbers, _ = frames_of(self.bytes_of(daemon, "stream", 2 * FPS))
        self.expect_row(daemon, numbers)
        self.assertGreaterEqual(len(numbers), FPS)


if __name__ == "__main__":
    main()
