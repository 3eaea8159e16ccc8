"""Stacks across a gap and across the switches of a night, with the real daemon: what goes in, and what is told."""

import datetime
import io
import os
import re
import shutil
import tempfile
import unittest

import numpy
from PIL import Image

import harness
import moments
import pictures
from test_bytes import Stream

FPS = 10
RING_S = 120  # nothing leaves it while the tests run
DAY_MOST_US, NIGHT_US = 1000000 // FPS, 400000  # by day at most a frame's interval
DARK_FROM_S, DARK_TO_S = 3, 7
GAP_S = 1.2


class Frame:
    """A frame as its PNG tells of it."""

    def __init__(self, path):
        with Image.open(path) as image:
            text = image.text
        self.time = datetime.datetime.fromisoformat(text["Creation Time"])
        self.exposure_us = float(text["Exposure"].split()[0])
        self.night = "night exposure" in text["Description"]

    def at(self, after_s):
        return (self.time + datetime.timedelta(seconds=after_s)).isoformat(timespec="milliseconds")


class Stacks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(os.path.join(cls.make_folder(), "trace.csv"), "w", encoding="ascii") as file:
            file.write(f"t_s,lux\n0,400\n{DARK_FROM_S},400\n{DARK_FROM_S}.05,0.02\n"
                       f"{DARK_TO_S},0.02\n{DARK_TO_S}.05,400\n1000,400\n")
        cls.daemon = harness.Daemon({
            "camera.width": 160, "camera.height": 120, "camera.framerate": FPS, "camera.capture_timeout_s": 600,
            "ring.size": FPS * RING_S, "export.save_before_s": 300,
            "memory.max_rss_mb": 4000,  # sanitizers take several bytes for each of the ring's
            "camera.synthetic.trace": file.name, "camera.synthetic.faults": f"stall@1+{GAP_S}",
            "night.enable": "true", "night.metric": "mean", "night.min_dwell_s": 0.5,
            "night.min_dark_frames": 3, "night.min_bright_frames": 2, "night.exposure_us": NIGHT_US})
        cls.addClassCleanup(cls.daemon.__exit__)
        cls.daemon.wait_ready()

        def night_is_over():
            night = cls.daemon.status()["night"]
            return night["switches"] >= 2 and night["status"] == "DAY" and night["exposure_us"] <= DAY_MOST_US
        harness.wait_until(night_is_over, "a night and its end")
        paths = harness.paths_of(cls.daemon.ask(f"past png at={moments.ago(cls.daemon, 0)} count=250"))
        cls.frames = [Frame(path) for path in paths]
        nights = [i for i, frame in enumerate(cls.frames) if frame.exposure_us > DAY_MOST_US * 1.01]
        cls.first, cls.last = nights[0], nights[-1]

    @classmethod
    def make_folder(cls):
        folder = tempfile.mkdtemp(prefix="pastcam-test-")
        cls.addClassCleanup(shutil.rmtree, folder)
        return folder

    def stack(self, words):
        reply = self.daemon.ask("pastStack " + words)
        match = re.match(r"^Saved stacked image: (\S+) \| stack of (\d+) frames \| .*?s\)"
                         r"\(export\.save_before_s: 300\.000 s\)(?: \| spans (.*))?\n$", reply)
        self.assertTrue(match, reply)
        return match[1], int(match[2]), match[3]

    def test_every_frame_is_labelled_by_its_own_exposure(self):
        self.assertGreater(self.first, 0)
        self.assertLess(self.last, len(self.frames) - 1)
        for i, frame in enumerate(self.frames):
            self.assertEqual(frame.night, frame.exposure_us == NIGHT_US, f"frame {i} of {self.first} to {self.last}")

    def test_a_stack_at_a_switch_has_one_exposure(self):
        at = self.frames[self.first].at(0.2)
        path, count, spans = self.stack(f"png count=6 at={at}")
        self.assertIsNone(spans)
        self.assertEqual(count, min(6, self.last + 1 - self.first), "as many as asked, however near the switch")
        with Image.open(path) as image:
            self.assertEqual(image.text["Exposure"], f"{NIGHT_US} us")
            self.assertRegex(image.text["Description"], "; night exposure(;|$)")
        before = self.frames[self.first - 1]
        path, count, spans = self.stack(f"png count=6 at={before.at(0.01)}")
        self.assertRegex(spans or "", r"^(a gap of [\d.]+ s)?$")  # those of that exposure may have the night between them
        with Image.open(path) as image:
            self.assertEqual(image.text["Exposure"], f"{before.exposure_us:.0f} us")
            self.assertNotIn("night", image.text["Description"])

    def test_a_mixed_stack_says_what_it_spans(self):
        for edge, switch in ((self.first, "the switch to night"), (self.last, "the switch to day")):
            at = self.frames[edge].at(0.2)
            path, count, spans = self.stack(f"png count=6 mixed at={at}")
            self.assertEqual(count, 6)
            gap = r"(a gap of [\d.]+ s, )?" if self.daemon.status()["camera"]["lost"] else ""
            self.assertRegex(spans, rf"^{gap}{switch}, exposures from \d+ to {NIGHT_US} us")
            low = re.search(r"from (\d+)", spans)[1]
            pixels = pictures.load(path)
            with Image.open(path) as image:
                self.assertEqual(image.text["Exposure"], f"{low} to {NIGHT_US} us")
                self.assertIn("; night and day exposures", image.text["Description"])
                mean = float(re.search(r"mean brightness ([\d.]+)", image.text["Description"])[1])
            self.assertAlmostEqual(mean, pixels.mean(), delta=0.051)
            (jpg, _, _) = self.stack(f"jpg count=6 mixed at={at}")
            with Image.open(jpg) as image:
                self.assertNotIn(0x829a, image.getexif().get_ifd(0x8769), "no one exposure time")
                self.assertIn(f"exposure {low} to {NIGHT_US} us", image.getexif()[0x010e])

    def test_a_gap_in_a_stack_is_told(self):
        day = self.frames[:self.first]
        spacings = [(b.time - a.time).total_seconds() for a, b in zip(day, day[1:])]
        gap = spacings.index(max(spacings))
        self.assertGreater(spacings[gap], GAP_S - 0.5)  # the first ones after it may have waited in the camera
        _, count, spans = self.stack(f"png count=4 at={self.frames[gap].at(spacings[gap] / 2)}")
        self.assertEqual(count, 4)
        self.assertAlmostEqual(float(re.match(r"^a gap of ([\d.]+) s$", spans)[1]), spacings[gap], delta=0.101)

    def get(self, line):
        with Stream(self.daemon, line) as stream:
            meta, picture = stream.picture()
        return meta, numpy.load(io.BytesIO(picture))

    def test_bytes_carry_the_same_facts(self):
        at = self.frames[self.first].at(0.2)
        meta, pixels = self.get(f"get npy meta count=6 mixed at={at}")
        self.assertEqual((meta["count"], meta["night"], meta["exposure_us"]), (6, None, None))
        self.assertEqual(meta["exposure_range_us"][1], NIGHT_US)
        self.assertRegex(meta["spans"], "the switch to night, exposures from ")
        self.assertAlmostEqual(meta["mean"], pixels.mean(), delta=0.006)
        meta, pixels = self.get(f"get npy meta count=6 at={at}")
        self.assertNotIn("spans", meta)
        self.assertEqual((meta["night"], meta["exposure_us"]), (True, NIGHT_US))
        self.assertAlmostEqual(meta["mean"], pixels.mean(), delta=0.006)
        self.assertNotIn("spans", self.get(f"get npy meta at={at}")[0])

    def test_a_past_that_the_ring_cannot_hold_is_a_warning(self):
        self.assertRegex(self.daemon.log(), r"WARNING export\.save_before_s is 300 s, and the ring holds 120\.0 s "
                                            r"\(1200 frames, 10 a second\)")
        with harness.Daemon({"export.save_before_s": 5}) as daemon:
            self.assertNotIn("save_before_s", daemon.log())


if __name__ == "__main__":
    harness.main()
