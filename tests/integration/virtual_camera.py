"""pastcam on libcamera's virtual camera, which serves a folder of pictures {n}.jpg: real libcamera, no hardware.

Writes libcamera's system-wide configuration, so it runs only in a root that will be thrown away: tools/ci-trixie makes
one and calls this.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import numpy as np
from PIL import Image, ImageFilter

from harness import ROOT, Daemon, paths_of, wait_until
from moments import ago
from pictures import load, psnr

CONFIGURATION = "/usr/share/libcamera/pipeline/virtual/virtual.yaml"
REPEAT = 4  # frames for which libcamera shows each picture
PSNR_MIN_DB = 35  # JPEG's chroma is at half resolution, and is enlarged in two ways

TEXT = """%YAML 1.1
---
"{name}":
  supported_formats:
{sizes}  frames:
    path: "{folder}/"
  location: "CameraLocationFront"
  model: "Virtual pictures"
"""


SIZE = """  - width: {width}
    height: {height}
    frame_rates:
    - {slowest}
    - {fastest}
"""


def make_pictures(folder, count=6, width=320, height=240):
    """Where there are no photographs: gradients around patches of plain colours, as soft as a lens makes them."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    for n in range(count):
        pixels = np.stack([255 * x / width, 255 * y / height, 127 + 120 * np.sin(x / 40 + n)], axis=2)
        for i, colour in enumerate([(220, 20, 20), (20, 200, 20), (20, 20, 220), (230, 230, 20), (128, 128, 128)]):
            left = 16 + 60 * i
            pixels[40 + 20 * n:80 + 20 * n, left:left + 40] = colour
        picture = Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(2))
        picture.save(os.path.join(folder, f"{n}.jpg"), quality=95)


def serve(folder, width, height, slowest=1, fastest=1000, name="Virtual0", smaller=()):
    """smaller: width and height of another size that it can show."""
    sizes = [(width, height)] + ([smaller] if smaller else [])
    text = "".join(SIZE.format(width=w, height=h, slowest=slowest, fastest=fastest) for w, h in sizes)
    os.makedirs(os.path.dirname(CONFIGURATION), exist_ok=True)
    with open(CONFIGURATION, "w", encoding="utf-8") as file:
        file.write(TEXT.format(name=name, folder=folder, sizes=text))


def withdraw():
    if os.path.exists(CONFIGURATION):
        os.remove(CONFIGURATION)


def as_declared(path):
    """What a picture should look like. The virtual pipeline hands out a JPEG's own samples (BT.601, full range). Up to
    libcamera 0.4 it leaves the colour space as asked for, which is the same; libcamera 0.7 declares BT.709, limited
    range, which the samples are not: then pastcam must show the picture as wrong as it was declared."""
    version = subprocess.check_output(["pkg-config", "--modversion", "libcamera"], text=True)
    if tuple(map(int, version.split("."))) < (0, 5):
        return load(path)
    y, cb, cr = np.moveaxis(np.asarray(Image.open(path).convert("YCbCr")).astype(float), 2, 0)
    y, cb, cr = (y - 16) * 255 / 219, (cb - 128) * 255 / 224, (cr - 128) * 255 / 224
    pixels = np.stack([y + 1.5748 * cr, y - 0.1873 * cb - 0.4681 * cr, y + 1.8556 * cb], axis=2)
    return pixels.round().clip(0, 255).astype(np.uint8)


class Pictures(unittest.TestCase):
    """With a virtual camera that shows pictures."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="pastcam-pictures-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        given = os.environ.get("PASTCAM_PICTURES", "")
        if given:
            for name in os.listdir(given):
                shutil.copy(os.path.join(given, name), cls.folder)
        else:
            make_pictures(cls.folder)
        cls.sources = []
        while os.path.exists(os.path.join(cls.folder, f"{len(cls.sources)}.jpg")):
            cls.sources.append(as_declared(os.path.join(cls.folder, f"{len(cls.sources)}.jpg")))
        cls.height, cls.width, _ = cls.sources[0].shape
        print(f"{len(cls.sources)} pictures of {cls.width}x{cls.height} from {given or 'the test itself'}", flush=True)

    def setUp(self):
        serve(self.folder, self.width, self.height)
        self.addCleanup(withdraw)

    def daemon(self, environment=None, **options):
        return Daemon({"camera.backend": "libcamera", "camera.width": self.width, "camera.height": self.height,
                       **{key.replace("__", "."): value for key, value in options.items()}}, environment=environment)

    def best_match(self, pixels):
        """Which picture it is, and how alike."""
        return max(((psnr(pixels, source), n) for n, source in enumerate(self.sources)))

    def assert_like(self, path):
        pixels = load(path)
        likeness, n = self.best_match(pixels)
        self.assertGreater(likeness, PSNR_MIN_DB, path)
        difference = pixels.reshape(-1, 3).mean(axis=0) - self.sources[n].reshape(-1, 3).mean(axis=0)
        self.assertLess(np.abs(difference).max(), 1.5, f"{path}: mean R,G,B differs by {difference}")
        return likeness, n

    def small_size(self):
        """What motion needs: a cell for each 4x4 pixels, and even."""
        return tuple(size // 4 if size // 4 % 2 == 0 else size // 2 for size in (self.width, self.height))


class VirtualCamera(Pictures):
    def test_the_past_is_the_source_pictures_in_order(self):
        with self.daemon() as pastcam:
            pastcam.wait_frames(60)
            camera = pastcam.status()["camera"]
            self.assertEqual((camera["state"], camera["model"], camera["format"]),
                             ("running", "Virtual pictures", "NV12"))
            paths = paths_of(pastcam.ask(f"past png at={ago(pastcam, 1.5)} count=16"))
            self.assertEqual(len(paths), 16)
            matches = [self.assert_like(path) for path in paths]
            order = [n for _, n in matches]
            print(f"PSNR of {len(matches)} frames against their pictures: "
                  f"{min(matches)[0]:.1f} to {max(matches)[0]:.1f} dB; pictures {order}", flush=True)
            for before, after in zip(order, order[1:]):
                self.assertIn((after - before) % len(self.sources), (0, 1), order)
            for start in range(len(order) - REPEAT):
                self.assertNotEqual(order[start], order[start + REPEAT], order)

    def test_all_formats_show_the_same_colours(self):
        with self.daemon() as pastcam:
            pastcam.wait_frames(5)
            paths = paths_of(pastcam.ask("save jpg png npy"))
            self.assertEqual([os.path.splitext(path)[1] for path in paths], [".jpg", ".png", ".npy"])
            self.assertEqual(len({self.assert_like(path)[1] for path in paths}), 1)
            self.assertTrue((load(paths[1]) == load(paths[2])).all())

    def assert_past_is_shown(self, pastcam):
        paths = paths_of(pastcam.ask(f"past png at={ago(pastcam, 0.5)} count=5"))
        self.assertEqual(len(paths), 5)
        for path in paths:
            self.assert_like(path)
        camera = pastcam.status()["camera"]
        self.assertEqual((camera["lost"], camera["rejected"], camera["restarts"]), (0, 0, 0))

    def test_a_second_stream_is_what_motion_looks_at(self):
        width, height = self.small_size()
        serve(self.folder, self.width, self.height, smaller=(width, height))
        with self.daemon(camera__second__enable="true", camera__second__width=width,
                         camera__second__height=height) as pastcam:
            pastcam.wait_frames(20)
            status = pastcam.status()
            self.assertEqual((status["camera"]["second"], status["camera"]["second_refused"]),
                             (f"{width}x{height} NV12", ""), pastcam.log())
            wait_until(lambda: pastcam.status()["motion"]["frames"] > 20, "motion to look at them")
            self.assertEqual(pastcam.status()["motion"]["source"], "second")
            self.assert_past_is_shown(pastcam)
            self.assertEqual(pastcam.stop(), 0, pastcam.log())

    def test_without_a_second_stream_motion_looks_at_the_frames(self):
        with self.daemon(camera__second__enable="true") as pastcam:
            pastcam.wait_frames(20)
            status = pastcam.status()
            self.assertEqual(status["camera"]["second"], "")
            self.assertIn(f"offers {self.width}x{self.height}", status["camera"]["second_refused"])
            self.assertEqual(status["motion"]["source"], "frame")
            self.assert_past_is_shown(pastcam)
            self.assertEqual(pastcam.log().count("no second picture"), 1, pastcam.log())

    @staticmethod
    def wait_more_frames(pastcam, count):
        first = pastcam.status()["camera"]["frames"]
        wait_until(lambda: pastcam.status()["camera"]["frames"] >= first + count, f"{count} frames")
        return pastcam.status()["camera"]

    def test_it_goes_slower_while_nothing_stirs_and_a_trigger_wakes_it(self):
        folder = tempfile.mkdtemp(prefix="pastcam-pictures-")
        self.addCleanup(shutil.rmtree, folder)
        shutil.copy(os.path.join(self.folder, "0.jpg"), folder)  # one alone, so that nothing moves
        serve(folder, self.width, self.height)
        with self.daemon(camera__idle_framerate=2, camera__idle_after_s=4) as pastcam:
            wait_until(lambda: pastcam.status()["capture"]["idle"], "nothing to stir")
            self.wait_more_frames(pastcam, 6)  # those that were under way
            start = time.monotonic()
            camera = self.wait_more_frames(pastcam, 6)
            took = time.monotonic() - start
            print(f"camera.idle_framerate 2: 6 frames in {took:.1f} s", flush=True)
            self.assertGreater(took, 2)
            pastcam.ask("trigger")
            wait_until(lambda: not pastcam.status()["capture"]["idle"], "the capture thread to hear of it")
            self.wait_more_frames(pastcam, 8)
            self.assert_past_is_shown(pastcam)
            self.assertEqual(camera["stalls"], 0)

    def measure(self, rate, slowest, fastest, seconds=4):
        serve(self.folder, self.width, self.height, slowest, fastest)
        with self.daemon(camera__framerate=rate) as pastcam:
            pastcam.wait_frames(20)
            first, start = pastcam.status()["camera"]["frames"], time.monotonic()
            time.sleep(seconds)
            camera = pastcam.status()["camera"]
            got = (camera["frames"] - first) / (time.monotonic() - start)
            print(f"camera.framerate {rate}, the camera says {slowest} to {fastest}: {got:.2f} frames a second",
                  flush=True)
            self.assertEqual(camera["lost"], 0)
            self.assertLess(got, rate * 1.05)
            self.assertGreater(got, rate * 0.7)

    def test_a_camera_that_says_it_can_keep_the_rate_and_does_not_is_paced(self):
        self.measure(rate=30, slowest=1, fastest=1000)

    def test_a_camera_that_cannot_be_so_slow_is_paced(self):
        self.measure(rate=10, slowest=60, fastest=90)

    def test_switching_restarting_and_reopening_leave_nothing_behind(self):
        done = subprocess.run([os.path.join(ROOT, "build/tests/unit/virtual_switches"), str(self.width),
                               str(self.height)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        print(done.stdout.decode(), flush=True)
        self.assertEqual(done.returncode, 0)

    def test_without_any_camera_it_runs_and_says_so(self):
        withdraw()
        with self.daemon() as pastcam:
            camera = pastcam.status()["camera"]
            self.assertEqual(camera["state"], "absent")
            self.assertIn("finds no camera", camera["trouble"])
            self.assertEqual(pastcam.ask("past jpg").strip(), "NO_FRAMES")
            wait_until(lambda: pastcam.status()["camera"]["reopens"] >= 2, "two attempts")
            self.assertEqual(pastcam.log().count("finds no camera"), 1, pastcam.log())
            self.assertEqual(pastcam.stop(), 0)

    def test_a_camera_that_appears_is_found(self):
        serve(self.folder, self.width, self.height, name="Other0")
        with self.daemon(camera__id="Virtual0") as pastcam:
            self.assertIn("there is Other0", pastcam.status()["camera"]["trouble"])
            serve(self.folder, self.width, self.height)
            pastcam.wait_frames(5)
            self.assertEqual(pastcam.status()["camera"]["id"], "Virtual0")
            self.assert_like(paths_of(pastcam.ask("save png"))[0])
            self.assertEqual(pastcam.log().count("there is Other0"), 1, pastcam.log())
            self.assertEqual(pastcam.log().count("frames come again"), 1, pastcam.log())

    def test_it_stops_cleanly_with_the_stream_running(self):
        with self.daemon() as pastcam:
            pastcam.wait_frames(5)
            self.assertEqual(pastcam.stop(), 0, pastcam.log())


def main():
    if os.environ.get("PASTCAM_VIRTUAL_CAMERA") != "1":
        sys.exit(f"This overwrites {CONFIGURATION}: let tools/ci-trixie run it in a root of its own.")
    unittest.main(verbosity=2)


if __name__ == "__main__":
    main()
