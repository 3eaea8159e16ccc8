"""The page in Firefox: what a first visitor does, and that no script fails."""

import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))

from harness import ROOT, main, wait_until
from marionette import Firefox
from pictures import load, read_number
from test_page import KEEP_TOASTS
from web import Site

SHOTS = os.path.join(ROOT, "build", "screenshots")
# The past of a slow browser: what it shows is still in the ring, two minutes long, when it is saved.
CAMERA = {"camera.width": 320, "camera.height": 240, "camera.framerate": 5, "ring.size": 600, "encoder.kind": "none"}
ARROW_LEFT, END = "\ue012", "\ue010"


class Page(unittest.TestCase):
    def test_live_past_saved_and_zones(self):
        os.makedirs(SHOTS, exist_ok=True)
        with Site(options=CAMERA) as site:
            site.wait_frames(60)
            firefox = Firefox()
            self.addCleanup(firefox.quit)
            firefox.get(f"http://localhost:{site.web.port}/")
            firefox.run(KEEP_TOASTS)
            frame = lambda: int(firefox.run("return document.getElementById('picture').dataset.frame || 0"))
            text = lambda name: firefox.run("return document.getElementById(arguments[0]).textContent", name)
            click = lambda name: firefox.run("document.getElementById(arguments[0]).click()", name)
            first = wait_until(frame, "a picture on the page")
            wait_until(lambda: frame() > first + 3, "live pictures")
            wait_until(lambda: "LIVE" in text("badge-text"), "that they are called so")

            firefox.run("document.getElementById('timeline').focus()")
            firefox.press(ARROW_LEFT)
            before = wait_until(lambda: "ago" in text("badge-text") and frame(), "the past")
            firefox.press(ARROW_LEFT)
            wait_until(lambda: frame() == before - 1, "one frame back")
            firefox.screenshot(os.path.join(SHOTS, "firefox.png"))
            click("save")
            name = wait_until(lambda: re.search(r"Saved (\S+\.jpg)", firefox.run("return document.body.dataset.said")), "the save").group(1)
            shown = firefox.run("return document.getElementById('picture').dataset.epoch")
            saved = read_number(load(os.path.join(site.folder, "captures", name)))
            with open(os.path.join(site.folder, "again.jpg"), "wb") as file:
                file.write(site.web.ask(f"/at/{shown}.jpg").body)
            self.assertEqual(saved, read_number(load(os.path.join(site.folder, "again.jpg"))))
            firefox.run("document.getElementById('timeline').focus()")
            firefox.press(END)
            wait_until(lambda: "LIVE" in text("badge-text"), "live again")

            click("tab-zones")
            wait_until(lambda: text("zone-list"), "the zones")
            click("zone-add")
            wait_until(lambda: firefox.run("return document.querySelectorAll('#zones .corner').length") == 4, "a zone")
            firefox.screenshot(os.path.join(SHOTS, "firefox-zones.png"))


if __name__ == "__main__":
    main()
