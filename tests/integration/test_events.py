"""Events as the camera, the night and exports publish them, read by `events` from a running daemon."""

import json
import os
import re
import unittest

import harness
from harness import ROOT, Daemon, EventReader, connect


def read_lines(client, is_last):
    lines = []
    with client.makefile("rb") as file:
        for line in file:
            lines.append(line)
            if is_last(line):
                return lines
    return lines


class Published(unittest.TestCase):
    def test_a_camera_that_stalls_goes_down_and_up_again(self):
        with Daemon({"camera.synthetic.faults": "stall@3+4", "camera.capture_timeout_s": 1.5}) as daemon, EventReader(daemon) as events:
            down = events.next("camera.down")
            self.assertRegex(down["reason"], "no frame")
            self.assertEqual(events.next("camera.up")["model"], "synthetic")
            self.assertEqual(events.names("boot", "camera.up", "camera.down"), ["boot", "camera.up", "camera.down", "camera.up"])

    def test_the_night_comes_with_the_frame_that_decided(self):
        options = {"night.enable": "true", "camera.synthetic.lux": 0.01, "night.min_dark_frames": 3, "night.min_dwell_s": 0,
                   "night.exposure_us": 50000}
        with Daemon(options) as daemon, EventReader(daemon) as events:
            enter = events.next("night.enter")
            self.assertGreater(enter["frame"], 0)
            self.assertLess(enter["level"], 35)
            harness.wait_until(lambda: daemon.status()["night"]["status"] == "NIGHT", "status to say so, a moment later")

    def test_each_picture_is_an_event_with_its_files(self):
        with Daemon() as daemon, EventReader(daemon) as events:
            daemon.wait_frames(5)
            paths = harness.paths_of(daemon.ask("save jpg png"))
            saved = events.next("picture.saved")
            self.assertEqual((saved["path"], saved["formats"], saved["files"]), (paths[0], ["jpg", "png"], 2))
            self.assertIn(f"_f{saved['frame']:08d}", os.path.basename(paths[0]))
            self.assertRegex(saved["taken"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
            self.assertLessEqual(saved["taken"], saved["time"])
            daemon.ask("past png count=3 at=0")
            self.assertEqual([events.next("picture.saved")["formats"] for _ in range(3)], [["png"]] * 3)

    def test_a_picture_that_fails_says_why(self):
        with Daemon({"export.base_dir": "/proc/pictures"}) as daemon, EventReader(daemon) as events:
            reply = daemon.ask("save")
            self.assertRegex(reply, "^NOT_SAVED")
            self.assertEqual("NOT_SAVED " + events.next("picture.failed")["reason"], reply.strip())


class Page(unittest.TestCase):
    def test_the_log_is_followed_and_goes_on_after_a_line(self):
        with Daemon() as daemon:
            with connect(daemon) as client:
                client.sendall(b"log since=000000000000-0\n")
                lines = [json.loads(line) for line in read_lines(client, lambda line: b"answers on" in line)]
            self.assertEqual((lines[0]["event"], lines[0]["count"]), ("lost", None))
            self.assertEqual({line["event"] for line in lines[1:]}, {"log"})
            self.assertIn(lines[1]["text"], daemon.log())
            with connect(daemon) as client:
                client.sendall(f"log since={lines[1]['id']}\n".encode())
                again = [json.loads(line) for line in read_lines(client, lambda line: b"answers on" in line)]
            self.assertEqual(again, lines[2:])
            for since in ("x", "12", lines[-1]["id"].split("-")[0] + "-99999", lines[-1]["id"] + "x"):
                self.assertTrue(daemon.ask(f"log since={since}").startswith("NOT_SENT since="), since)

    def test_once_tells_what_is_kept_and_ends(self):
        with Daemon({"motion.enable": "false"}) as daemon:
            daemon.wait_frames(1)
            daemon.ask("trigger door")
            lines = [json.loads(line) for line in daemon.ask("events since=000000000000-0 once").splitlines()]
            self.assertEqual((lines[0]["event"], lines[1]["event"]), ("lost", "boot"))
            self.assertIn("door", [line.get("label") for line in lines])
            self.assertEqual(daemon.ask(f"events since={lines[-1]['id']} once"), "")
            self.assertEqual(daemon.ask("events once"), "")
            self.assertIn('"log"', daemon.ask("log since=000000000000-0 once"))

    def test_the_page_has_each_event_and_each_key(self):
        def text(*path):
            with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
                return file.read()
        names = set(re.findall(r"/\* \[([a-z.]+)\]", text("include", "store", "event_log.h")))
        keys = set(re.findall(r'FIELD\("([a-z_]+)"', text("src", "service", "event_json.c")))
        words = set(re.findall(r"`([a-z_.]+)`", text("docs", "events.md")))
        self.assertGreater(len(names), 18)
        self.assertGreater(len(keys), 15)
        self.assertEqual((names | keys) - words, set())


if __name__ == "__main__":
    harness.main()
