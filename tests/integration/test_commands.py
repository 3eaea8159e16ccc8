"""Every command, with the real daemon, as nc and scripts would send them: replies to the letter, pictures opened."""

import json
import os
import re
import socket
import subprocess
import threading
import time
import unittest

import numpy as np
from PIL import Image

import harness
from harness import Daemon, paths_of, wait_until
from pictures import load, patch_colour, read_number

SAVE = (r"^Saved single full-resolution image: (?P<paths>\S+(?:, \S+)*) "
        r"\(timestamp: (?P<at>\d+\.\d{3}), age: (?P<age>-?\d+\.\d\d)s\)\n$")
STACK = (r"^Saved stacked image: (?P<paths>\S+(?:, \S+)*) \| stack of (?P<count>\d+) frames \| "
         r"first frame timestamp: (?P<first>\d+\.\d{3}) \(age: (?P<first_age>-?\d+\.\d\d)s\) \| "
         r"last frame timestamp: (?P<last>\d+\.\d{3}) \(age: (?P<last_age>-?\d+\.\d\d)s\)"
         r"\(export\.save_before_s: (?P<before>\d+\.\d{3}) s\)(?P<gap> \| spans a gap of \d+\.\d s)?\n$")
SERIES = (r"^Saved (?P<count>\d+) separate images from ring buffer, starting at timestamp: (?P<first>\d+\.\d{3}) "
          r"\(age: (?P<age>-?\d+\.\d\d)s\)(?P<before>\(export\.save_before_s: \d+\.\d{3} s\))? \| (?P<paths>\S+(?:, \S+)*)\n$")
NAME = r"^\d{8}_\d{6}_f\d+\.(jpg|png|npy)$"


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon({"export.save_before_s": 1})
        cls.daemon.wait_ready()
        cls.daemon.wait_frames(40)

    @classmethod
    def tearDownClass(cls):
        cls.daemon.__exit__()

    def lost(self):
        return self.daemon.status()["camera"]["lost"]

    def assert_row(self, numbers, lost):
        """One after the other, less what the camera itself has lost."""
        self.assertEqual(numbers, sorted(set(numbers)))
        self.assertLessEqual(numbers[-1] - numbers[0] + 1 - len(numbers), lost)

    def matched(self, pattern, reply):
        match = re.match(pattern, reply)
        self.assertTrue(match, reply)
        if match.groupdict().get("gap"):
            self.assertGreater(self.lost(), 0, reply)
        return match

    def test_save_gives_the_next_frame(self):
        before, asked = self.daemon.status()["ring"]["newest_id"], time.time()
        match = self.matched(SAVE, self.daemon.ask("save"))
        (path,) = match["paths"].split(", ")
        self.assertRegex(os.path.basename(path), NAME.replace("(jpg|png|npy)", "jpg"))
        self.assertEqual(load(path).shape, (240, 320, 3))
        frame_id = int(re.search(r"_f(\d+)\.", path)[1])
        self.assertGreater(frame_id, before)
        self.assertTrue(asked - 0.1 < float(match["at"]) < time.time(), match["at"])  # its exposure may have begun before

    def test_save_in_several_formats_shows_one_frame(self):
        match = self.matched(SAVE, self.daemon.ask("save jpg png npy"))
        paths = match["paths"].split(", ")
        self.assertEqual([p[-3:] for p in paths], ["jpg", "png", "npy"])
        jpg, png, npy = (load(path) for path in paths)
        self.assertTrue(np.array_equal(png, npy))
        self.assertEqual(npy.dtype, np.uint8)
        self.assertEqual({read_number(jpg), read_number(png), read_number(npy)}, {read_number(npy)})
        for colour, channel in (("red", 0), ("green", 1), ("blue", 2)):
            for pixels in (jpg, png, npy):
                self.assertEqual(int(patch_colour(pixels, colour).argmax()), channel)

    def test_past_returns_the_frames_of_that_time(self):
        match = self.matched(SERIES, self.daemon.ask("past png at=-1.5 count=5"))
        self.assertIsNone(match["before"])
        paths = match["paths"].split(", ")
        self.assertEqual(len(paths), 5)
        self.assertEqual(int(match["count"]), 5)
        numbers, lost = [read_number(load(path)) for path in paths], self.lost()
        self.assert_row(numbers, lost)
        self.assertLess(abs(float(match["age"]) - 1.5), 0.3 + lost / 20)  # five frames at 20 fps span 0.2 s

    def test_past_without_arguments_is_one_frame_from_save_before_s_ago(self):
        match = self.matched(SERIES, self.daemon.ask("past"))
        self.assertEqual(int(match["count"]), 1)
        self.assertLess(abs(float(match["age"]) - 1), 0.2 + self.lost() / 20)

    def test_the_burnt_in_number_tells_the_same_time_as_the_reply(self):
        newest = self.matched(SERIES, self.daemon.ask("past png at=0"))
        older = self.matched(SERIES, self.daemon.ask("past png at=-1"))
        frames = read_number(load(newest["paths"])) - read_number(load(older["paths"]))
        seconds = float(newest["first"]) - float(older["first"])
        self.assertLess(abs(frames / 20 - seconds), 0.051)

    def test_stack(self):
        match = self.matched(STACK, self.daemon.ask("pastStack"))
        self.assertEqual(int(match["count"]), 4)
        self.assertEqual(match["before"], "1.000")
        self.assertGreater(float(match["first_age"]), float(match["last_age"]))
        self.assertLess(abs((float(match["first_age"]) + float(match["last_age"])) / 2 - 1), 0.2 + self.lost() / 20)
        self.assertEqual(load(match["paths"]).shape, (240, 320, 3))

    def test_newest_metadata_with_newest_pixels(self):
        newest = self.daemon.status()["ring"]["newest_id"]
        path = self.matched(SERIES, self.daemon.ask("past png at=0"))["paths"]
        frame = int(re.search(r"_f(\d+)", path)[1])
        with Image.open(path) as image:
            self.assertEqual(int(image.text["Frame"]), frame)
        self.assertGreaterEqual(frame, newest)
        wait_until(lambda: self.daemon.status()["ring"]["newest_id"] >= frame, "status to tell it too")

    def test_questions(self):
        self.assertRegex(self.daemon.ask("night_level"), r"^LEVEL=\d+\.\d THRESH=35 STATUS=DAY\n$")
        self.assertRegex(self.daemon.ask("health"), r"^RSS=\d+\.\dMiB SWAP=\d+\.\d%\n$")
        self.assertRegex(self.daemon.ask("version"), r"^pastcam \d+\.\d+\.\d+\n$")
        names = [line.split()[0].rstrip(":") for line in self.daemon.ask("help").splitlines()]
        self.assertEqual(len(names), len(set(names)))
        for name in ("save", "past", "pastStack", "get", "live", "events", "timeline", "pin", "trigger", "status", "help"):
            self.assertIn(name, names)
        self.assertEqual(self.daemon.ask("status").count("\n"), 1)

    def test_unknown_commands(self):
        for line in ("", "  ", "nonsense", "save\x01", "past\x00", "é", "Sichern", "x" * 200):
            self.assertEqual(self.daemon.ask(line), "UNKNOWN_COMMAND\n", repr(line))

    def test_what_is_nearly_a_command_is_told_which(self):
        for line, name in (("SAVE", "save"), ("saver", "save"), ("sav jpg", "save"), ("Past at=-5", "past"), ("paststack", "pastStack"),
                           ("past_stack count=3", "pastStack"), ("stauts", "status"), ("Help", "help"), ("hepl", "help"),
                           ("nightlevel", "night_level"), ("night-level", "night_level"), ("Version", "version")):
            self.assertEqual(self.daemon.ask(line), f"UNKNOWN_COMMAND did you mean {name}? help lists all\n", repr(line))

    def test_wrong_arguments_say_what_is_right(self):
        for line in ("save gif", "save at=-1", "past at=5", "past at=nan", "past at=-1e99", "past count=0", "past count=x",
                     "past count=99999999999", "past mode=mean", "pastStack mode=best", "pastStack count=2 count=3"):
            reply = self.daemon.ask(line)
            self.assertRegex(reply, r"^NOT_SAVED .{10,}\n$", line)

    def test_more_than_there_is(self):
        self.assertRegex(self.daemon.ask("past at=-100000 count=2"), r"^NO_FRAMES: the past reaches back \d+\.\d s\n$")
        match = self.matched(STACK, self.daemon.ask("pastStack count=4000"))
        self.assertLessEqual(int(match["count"]), self.daemon.status()["ring"]["pin_limit"])

    def test_with_and_without_newline_and_by_script(self):
        self.assertEqual(self.daemon.ask("version\r"), self.daemon.ask("version"))
        self.assertEqual(self.daemon.ask("version", newline=False), self.daemon.ask("version"))
        for text, options in (("health\n", ["-N"]), ("health", ["-N"]), ("health", []), ("health\n", [])):
            done = subprocess.run(["nc", *options, "127.0.0.1", str(self.daemon.port)], input=text.encode(),
                                  stdout=subprocess.PIPE, timeout=harness.PATIENCE_S, check=True)
            self.assertRegex(done.stdout.decode(), r"^RSS=", (text, options))

    def test_two_at_once_both_get_their_past(self):
        replies = {}

        def ask(name, line):
            replies[name] = self.daemon.ask(line)
        threads = [threading.Thread(target=ask, args=(i, line)) for i, line in enumerate(
            ["pastStack png at=-1 count=20", "past png at=-1 count=20", "save png", "pastStack npy at=-1.5 count=8"])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.matched(STACK, replies[0])
        self.assertEqual(int(self.matched(SERIES, replies[1])["count"]), 20)
        self.matched(SAVE, replies[2])
        self.matched(STACK, replies[3])
        for reply in replies.values():
            for path in paths_of(reply):
                load(path)

    def test_nothing_is_ever_overwritten(self):
        # The same frame again and again: the newest of a ring that moves on every 50 ms, asked for ten times at once.
        replies = []
        threads = [threading.Thread(target=lambda: replies.append(self.daemon.ask("past png at=0"))) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        paths = [path for reply in replies for path in paths_of(reply)]
        self.assertEqual(len(paths), 10)
        self.assertEqual(len(set(paths)), 10)
        for path in paths:
            self.assertEqual(load(path).shape, (240, 320, 3))

    def test_status_is_complete_and_consistent(self):
        status = self.daemon.status()
        for part in ("camera", "ring", "night", "exports", "storage", "memory", "network", "clock", "last_errors"):
            self.assertIn(part, status)
        self.assertEqual(status["camera"]["state"], "running")
        self.assertEqual(status["ring"]["slots"], 100)
        self.assertEqual(status["ring"]["dropped"], 0)
        self.assertEqual(status["camera"]["model"], "synthetic")
        memory = status["memory"]
        parts = sum(memory[name] for name in ("program_mib", "camera_mib", "ring_mib", "heap_mib", "stacks_mib"))
        self.assertLess(abs(parts - memory["rss_mib"]), 1)

    def test_a_client_that_leaves_early_costs_nothing(self):
        kept = self.daemon.status()["exports"]["kept"]
        with socket.create_connection(("127.0.0.1", self.daemon.port)) as client:
            client.sendall(b"save\n")
        harness.wait_until(lambda: self.daemon.status()["exports"]["kept"] > kept, "the picture")
        self.assertRegex(self.daemon.ask("health"), "^RSS=")

    def test_zz_capture_lost_no_frame_to_all_that(self):
        camera = self.daemon.status()["camera"]
        self.assertEqual(camera["dropped"], 0)
        self.assertEqual(camera["rejected"], 0)


class FrozenRing(unittest.TestCase):
    """A camera that stalls, so that the same past can be asked for again and again."""

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon({"camera.synthetic.faults": "stall@5+3600", "camera.capture_timeout_s": 600})
        cls.daemon.wait_ready()
        cls.daemon.wait_frames(20)  # the past that is asked for; the stall begins after it, but for a start of four seconds
        harness.wait_until(lambda: (cls.daemon.status()["camera"]["last_frame_age_s"] or 0) > 0.5, "the stall")

        cls.newest = json.loads(cls.daemon.ask("timeline"))["tiers"][0]["to"]

    @classmethod
    def tearDownClass(cls):
        cls.daemon.__exit__()

    def test_a_name_is_not_given_again_when_its_file_was_fetched_and_deleted(self):
        seen = []
        for _ in range(2):
            paths = paths_of(self.daemon.ask(f"past jpg at={self.newest:.3f} count=10"))
            seen.append([os.path.basename(path) for path in paths])
            for path in paths:
                os.unlink(path)
        frames = [[re.search(r"_f(\d+)", name)[1] for name in names] for names in seen]
        self.assertEqual(frames[0], frames[1])
        self.assertEqual((len(frames[0]), set(seen[0]) & set(seen[1])), (10, set()))

    def test_stacks_are_what_their_mode_says(self):
        for count in (1, 2, 3, 4, 5, 16):
            paths = paths_of(self.daemon.ask(f"past npy at={self.newest:.3f} count={count}"))
            frames = np.sort(np.array([load(path) for path in paths]).astype(np.uint32), axis=0)
            expected = {"mean": (frames.sum(axis=0) + count // 2) // count, "max": frames[-1],
                        "median": (frames[(count - 1) // 2] + frames[count // 2] + 1) // 2}
            for mode, pixels in expected.items():
                (path,) = paths_of(self.daemon.ask(f"pastStack npy at={self.newest:.3f} count={count} mode={mode}"))
                self.assertTrue(np.array_equal(load(path), pixels), (count, mode))

    def test_the_nearest_frames_are_found_by_time(self):
        lost = self.daemon.status()["camera"]["lost"]
        numbers = {}
        for count in (1, 4):
            reply = self.daemon.ask(f"past png at={self.newest:.3f} count={count}")
            numbers[count] = [read_number(load(path)) for path in paths_of(reply)]
        self.assertEqual(numbers[4], sorted(set(numbers[4])))
        self.assertEqual(numbers[4][-1:], numbers[1])
        self.assertIn(numbers[4][-1] - numbers[4][0] - 3, range(lost + 1))
        first = re.search(r"timestamp: (\S+) \(age: (\S+)s", self.daemon.ask(f"past png at={self.newest:.3f}"))
        for back in (0.25, 0.6):  # five and twelve frames at 20 fps
            asked = time.time()
            age = asked - float(first[1]) + back
            (path,) = paths_of(self.daemon.ask(f"past png at=-{age:.3f}"))
            later = (time.time() - asked) * 20  # frames, at most, by which the moment was a later one when it was asked for
            frames = numbers[1][0] - read_number(load(path))
            self.assertTrue(back * 20 - 1 - lost - later <= frames <= back * 20 + 1 + lost, (frames, back, later))

    def test_save_without_a_camera_says_so_in_time(self):
        with Daemon({"camera.synthetic.faults": "stall@4+3600", "camera.capture_timeout_s": 0.5}) as daemon:
            daemon.wait_frames(1)
            harness.wait_until(lambda: daemon.status()["camera"]["state"] != "running", "the stall")
            self.assertRegex(daemon.ask("save"), r"^NOT_SAVED no (frame came within|camera)")
            self.assertRegex(daemon.ask("past at=0"), r"^NO_FRAMES: the newest frame is \d+\.\d s old: the camera is silent\n$")
            newest = json.loads(daemon.ask("timeline"))["tiers"][0]["to"]
            self.assertRegex(daemon.ask(f"past at={newest:.3f}"), r"^Saved 1 separate")


if __name__ == "__main__":
    harness.main()
