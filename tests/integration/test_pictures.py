"""What pictures look like: turned, mirrored, zoomed; and which pictures of a folder are shown."""

import os
import unittest

import numpy as np
from PIL import Image

import harness
from faults import Folder
from harness import Daemon, paths_of, wait_until
from moments import ago
from pictures import load, patch_colour, read_number


def upright(pixels, rotation=0, hflip=False, vflip=False):
    """Undoes what camera.rotation, then hflip and vflip have done."""
    if vflip:
        pixels = pixels[::-1]
    if hflip:
        pixels = pixels[:, ::-1]
    return np.rot90(pixels, rotation // 90)  # counterclockwise


class Turning(unittest.TestCase):
    def assert_upright(self, pixels, size):
        height, width, _ = pixels.shape
        self.assertEqual((width, height), size)
        if width == 320:
            self.assertIsNotNone(read_number(pixels))
        red, green, blue = (patch_colour(pixels, name) for name in ("red", "green", "blue"))
        self.assertEqual([red.argmax(), green.argmax(), blue.argmax()], [0, 1, 2])

    def check(self, rotation=0, hflip=False, vflip=False, **options):
        options = {key.replace("__", "."): value for key, value in options.items()}
        with Daemon({"camera.rotation": rotation, "camera.hflip": str(hflip).lower(),
                     "camera.vflip": str(vflip).lower(), **options}) as pastcam:
            pastcam.wait_frames(3)
            shown = load(paths_of(pastcam.ask("save npy"))[0])
            self.assert_upright(upright(shown, rotation, hflip, vflip), (320, 240))
            past = load(paths_of(pastcam.ask(f"past png at={ago(pastcam, 0.05)}"))[0])
            kept = (160, 120) if "ring.downscale.enable" in options else (320, 240)
            self.assert_upright(upright(past, rotation, hflip, vflip), kept)
            self.assertEqual(pastcam.status()["ring"]["width"], past.shape[1])

    def test_every_rotation_and_flip_is_honoured(self):
        for rotation in (0, 90, 180, 270):
            for hflip, vflip in ((False, False), (True, False), (False, True)):
                with self.subTest(rotation=rotation, hflip=hflip, vflip=vflip):
                    self.check(rotation, hflip, vflip)

    def test_a_smaller_ring_is_turned_as_the_pictures_are(self):
        small = {"ring__downscale__enable": "true", "ring__downscale__width": 160, "ring__downscale__height": 120}
        for rotation in (90, 180):
            self.check(rotation, **small, camera__synthetic__format="nv12")

    def test_zoom_shows_the_part_that_was_asked_for(self):
        with Daemon({"camera.roi": "0.66,0.87,0.05,0.08", "camera.synthetic.format": "yuv420"}) as pastcam:
            pastcam.wait_frames(2)
            pixels = load(paths_of(pastcam.ask("save npy"))[0])
            self.assertEqual(pixels.shape, (240, 320, 3))
            middle = pixels[60:180, 80:240].reshape(-1, 3).mean(axis=0)
            self.assertEqual(middle.argmax(), 0, middle)  # the red patch

    def test_settings_of_a_camera_that_cannot_do_them_are_named(self):
        with Daemon({"camera.ev": 1.5, "camera.awb": "cloudy", "camera.autofocus.mode": "manual",
                     "camera.rotation": 180}) as pastcam:
            pastcam.wait_frames(2)
            camera = pastcam.status()["camera"]
            self.assertEqual(camera["settings"], "")
            for setting in ("the synthetic camera cannot do this", "awb cloudy", "ev 1.5", "autofocus.mode manual"):
                self.assertIn(setting, camera["settings_refused"])
            self.assertEqual(pastcam.log().count("awb cloudy"), 1, pastcam.log())

    def test_usual_settings_are_no_matter(self):
        with Daemon() as pastcam:
            pastcam.wait_frames(2)
            self.assertEqual(pastcam.status()["camera"]["settings_refused"], "")

    def test_a_zoom_that_makes_no_sense_is_refused(self):
        for roi in ("0,0,1", "0,0,1,1,1", "0.5,0,0.6,1", "-0.1,0,1,1", "0,0,0,1", "nan,0,1,1", "a,b,c,d", "0,0,1,1 "):
            with self.subTest(roi=roi):
                daemon = Daemon({"camera.roi": roi})
                self.addCleanup(daemon.__exit__)
                self.assertEqual(daemon.wait_exit(), 2)
                self.assertIn("camera.roi", daemon.log())


class Replay(Folder):
    def daemon(self, **options):
        return Daemon({"camera.backend": "replay", "camera.replay.path": self.folder, **options})

    def test_thousands_of_bad_pictures_are_named_once_and_hold_nothing_up(self):
        for n in range(2000):
            self.write(f"{n}.jpg", b"\xff\xd8\xff\xe0 no picture")
        Image.new("RGB", (320, 240), (10, 200, 30)).save(os.path.join(self.folder, "good.png"))
        with self.daemon() as pastcam:
            pastcam.wait_frames(10)
            camera = pastcam.status()["camera"]
            self.assertEqual(camera["unreadable"], 2000)
            self.assertIn(".jpg", camera["unreadable_reason"])
            self.assertEqual(camera["failures"], 0)
            for name in ("0.jpg", "777.jpg", "1999.jpg"):
                self.assertEqual(pastcam.log().count(f" {name}:"), 1)
            self.assertEqual(pastcam.stop(), 0)

    def test_it_stops_at_once_while_it_looks_for_a_picture(self):
        for n in range(2000):
            self.write(f"{n}.jpg", b"\xff\xd8\xff\xe0 no picture")
        with self.daemon() as pastcam:
            wait_until(lambda: pastcam.status()["camera"]["unreadable"] > 0, "a picture to be told of")
            self.assertEqual(pastcam.stop(), 0)

    def test_pictures_are_shown_as_exif_says_and_ink_as_light(self):
        tall = Image.new("RGB", (240, 320), (0, 0, 200))
        tall.paste((200, 0, 0), (0, 0, 120, 320))  # the left half; it is the upper one once turned
        exif = Image.Exif()
        exif[0x0112] = 6
        tall.save(os.path.join(self.folder, "0.jpg"), quality=95, exif=exif)
        tall.save(os.path.join(self.folder, "1.png"), exif=exif)
        ink = Image.new("RGB", (320, 240), (0, 0, 200))
        ink.paste((200, 0, 0), (0, 0, 320, 120))
        ink.convert("CMYK").save(os.path.join(self.folder, "2.jpg"), quality=95)
        with self.daemon() as pastcam:
            pastcam.wait_frames(6)
            paths = paths_of(pastcam.ask(f"past png at={ago(pastcam, 0.1)} count=3"))
            self.assertEqual(len(paths), 3)
            for path in paths:
                pixels = load(path)
                self.assertLess(np.abs(pixels[60, 160].astype(int) - (200, 0, 0)).max(), 12, path)
                self.assertLess(np.abs(pixels[180, 160].astype(int) - (0, 0, 200)).max(), 12, path)
            self.assertEqual(pastcam.status()["camera"]["unreadable"], 0)

    def test_bright_pictures_end_the_night_that_dark_ones_began(self):
        dark_frames, frames = 60, 2400  # three seconds, and two minutes
        for n in range(frames):
            path = os.path.join(self.folder, f"{n}.png")
            if n in (0, dark_frames):
                like = path
                Image.new("RGB", (32, 24), (15, 15, 15) if n == 0 else (120, 120, 120)).save(path)
            else:
                os.link(like, path)
        with self.daemon(**{"night.enable": "true", "night.min_dwell_s": 0.3, "night.min_dark_frames": 3,
                            "night.min_bright_frames": 3, "night.exposure_us": 50000, "camera.width": 32,
                            "camera.height": 24}) as pastcam:
            wait_until(lambda: pastcam.status()["night"]["switches"] >= 2, "night, and day again")
            night = pastcam.status()["night"]
            self.assertEqual((night["switches"], night["status"]), (2, "DAY"))


if __name__ == "__main__":
    harness.main()
