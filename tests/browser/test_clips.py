"""Clips in a real browser (Debian's Chromium): they load, last as long as they should, and at each place that is sought the right
frame shows. mp4box.js, which players on the web use, reads them too.

make check-browser runs it. MP4BOX names mp4box.all.js (npm)."""

import bisect
import json
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))

import numpy as np

from harness import main, wait_until
from pictures import read_number
from test_page import browser
from videos import clip_of, frames_of, probe
from web import Site

FPS = 10
CAMERA = {"camera.width": 320, "camera.height": 240, "camera.framerate": FPS, "ring.size": FPS * 8, "encoder.kind": "openh264",
          "clip.poster": "false"}
OPEN = """
document.body.innerHTML = "<video id=v muted preload=auto></video>";
v.src = arguments[0];
"""
PIXELS = """
const c = document.createElement("canvas");
c.width = v.videoWidth; c.height = v.videoHeight;
const pen = c.getContext("2d");
pen.drawImage(v, 0, 0);
return [c.width, c.height, Array.from(pen.getImageData(0, 0, c.width, 40).data)];
"""
READ = """
const MP4Box = require(process.argv[1]), fs = require("fs");
const wrong = [], file = MP4Box.createFile();
MP4Box.Log.setLogLevel(MP4Box.Log.warning);
for (const level of ["warn", "error"]) MP4Box.Log[level] = (module, text) => wrong.push(`${module}: ${text}`);
file.onError = (text) => wrong.push(text);
file.onReady = (info) => { file.setExtractionOptions(info.tracks[0].id, null, { nbSamples: 1e6 }); file.start(); found.info = info; };
const found = { samples: [] };
file.onSamples = (id, user, samples) => found.samples.push(...samples.map((one) => ({ sync: one.is_sync, cts: one.cts, size: one.size })));
const bytes = fs.readFileSync(process.argv[2]);
const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
buffer.fileStart = 0;
file.appendBuffer(buffer);
file.flush();
console.log(JSON.stringify({ wrong, codec: found.info?.tracks[0].codec, fragmented: found.info?.isFragmented, samples: found.samples }));
"""


class Clips(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = Site(options=CAMERA)
        cls.addClassCleanup(cls.site.__exit__)
        cls.site.__enter__()
        cls.driver = browser()
        cls.addClassCleanup(cls.driver.quit)
        cls.site.wait_frames(FPS * 6)
        cls.path = clip_of(cls.site.daemon.ask("clip before=5 after=5 wait label=door"))

    def video(self, what):
        return self.driver.execute_script(f"return v.{what}")

    def number_shown(self):
        width, height, data = self.driver.execute_script(PIXELS)
        rows = np.array(data, np.uint8).reshape(-1, width, 4)[..., :3]
        return read_number(np.vstack([rows, np.zeros((height - len(rows), width, 3), np.uint8)]))

    def test_each_place_that_is_sought_shows_its_frame(self):
        numbers, times = frames_of(self.path)
        self.driver.get(f"http://localhost:{self.site.web.port}/about")  # a page of the same origin, whatever it says
        self.driver.execute_script(OPEN, "/captures/" + os.path.basename(self.path))
        wait_until(lambda: self.video("readyState") >= 2 or self.video("error"), "the clip to load")
        self.assertIsNone(self.video("error"))
        self.assertAlmostEqual(self.video("duration"), 10, delta=1.5 / FPS)
        for at in (9.55, 0.05, 5.05, 2.35, 7.75, 7.85, 3.15, 0.95, 8.65, 4.45):
            self.driver.execute_script("v.currentTime = arguments[0]", at)
            wait_until(lambda: not self.video("seeking") and self.video("readyState") >= 2, f"{at} s")
            place = bisect.bisect_right(times, at + 1e-3) - 1
            wait_until(lambda: self.number_shown() == numbers[place], f"frame {numbers[place]} at {at} s")  # pylint: disable=cell-var-from-loop
        self.driver.execute_script("v.currentTime = 0; v.play()")
        wait_until(lambda: self.video("currentTime") > 1, "it to play")

    def test_mp4box_reads_every_sample(self):
        done = subprocess.run(["node", "-e", READ, os.environ["MP4BOX"], self.path], capture_output=True, text=True, check=True)
        found = json.loads(done.stdout.splitlines()[-1])
        self.assertEqual([text for text in found["wrong"] if "'ilst'" not in text], [])  # title and comment, which it does not read
        self.assertRegex(found["codec"], r"^avc1\.")
        self.assertFalse(found["fragmented"])  # it has its index
        samples = found["samples"]
        self.assertEqual(len(samples), int(probe(self.path)["streams"][0]["nb_frames"]))
        self.assertTrue(samples[0]["sync"])
        self.assertLess(sum(sample["sync"] for sample in samples), len(samples) / 5)
        self.assertEqual([sample["cts"] for sample in samples], sorted(sample["cts"] for sample in samples))


if __name__ == "__main__":
    main()
