"""The page in a real browser (Debian's Chromium), over the real programs with synthetic cameras.

make check-browser runs it; screenshots are left in build/screenshots. AXE names axe-core's axe.min.js (npm), for the accessibility rules."""

import io
import json
import os
import re
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))

import numpy as np
from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from harness import ROOT, main, wait_until
from pictures import load, read_number
from web import Site, Web

SHOTS = os.path.join(ROOT, "build", "screenshots")
# The past of 48 s: what a slow browser shows is still there when it asks for it again.
PICTURE = {"camera.width": 640, "camera.height": 480, "camera.framerate": 5, "ring.size": 240, "encoder.kind": "openh264"}
# Words that are shown for some seconds, kept for who looks later.
KEEP_TOASTS = """
const keep = document.body.dataset;
keep.said = "";
new MutationObserver((changes) => changes.forEach((one) => one.addedNodes.forEach((node) => { keep.said += `${node.textContent}\n`; })))
  .observe(document.getElementById("toasts"), { childList: true });
"""
# What is drawn on the picture is read back through the page's own canvas.
PIXELS = """
const c = document.getElementById("picture");
return [c.width, c.height, Array.from(c.getContext("2d").getImageData(0, 0, c.width, 40).data), c.dataset.epoch];
"""


def browser(width=1440, height=900):
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                     "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", f"--window-size={width},{height}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    driver.set_script_timeout(300)  # for what takes seconds, on a busy machine
    return driver


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        os.makedirs(SHOTS, exist_ok=True)
        cls.site = Site(options=PICTURE)
        cls.addClassCleanup(cls.site.__exit__)
        cls.site.__enter__()
        cls.driver = browser()
        cls.addClassCleanup(cls.driver.quit)
        cls.site.wait_frames(50)

    def setUp(self):
        self.open()

    def tearDown(self):
        wrong = [line["message"] for line in self.driver.get_log("browser") if line["level"] == "SEVERE" and "Failed to load resource" not in line["message"]]
        self.assertEqual(wrong, [])

    def open(self, path="/"):
        self.driver.get("about:blank")
        self.driver.get(f"http://localhost:{self.site.web.port}{path}")
        self.driver.execute_script(KEEP_TOASTS)
        wait_until(lambda: self.frame() is not None, "a picture on the page")

    def said(self):
        return self.driver.execute_script("return document.body.dataset.said")

    def find(self, name):
        return self.driver.find_element(By.ID, name)

    def text(self, name):
        return self.driver.execute_script("return document.getElementById(arguments[0]).textContent", name)

    def frame(self):
        value = self.driver.execute_script("return document.getElementById('picture').dataset.frame")
        return int(value) if value else None

    def number_shown(self):
        """What is burnt into the picture, and what pastcam has burnt into the frame of the moment that the page names."""
        width, height, data, epoch = self.driver.execute_script(PIXELS)
        strip = np.array(data, dtype=np.uint8).reshape(40, width, 4)[:, :, :3]
        pixels = np.zeros((height, width, 3), dtype=np.uint8)
        pixels[:40] = strip
        with Image.open(io.BytesIO(self.site.web.ask(f"/at/{epoch}.jpg").body)) as image:
            return read_number(pixels, camera_width=640), read_number(np.asarray(image.convert("RGB")))

    def wait_settled(self):
        """Until the full picture of the moment that was sought last is shown, and nothing more is asked for."""
        wait_until(lambda: self.driver.execute_script("const c = document.getElementById('picture'); return c.width === 640 && !c.ariaBusy"), "the full picture")

    def click(self, name):
        self.driver.execute_script("document.getElementById(arguments[0]).click()", name)

    def drag_to(self, seconds_ago):
        """As a finger would, in steps."""
        span = self.driver.execute_script("return import('/timeline.js').then((t) => t.past.to - t.past.from)") * 1.05
        box = self.find("timeline")
        width = box.size["width"]
        x = width / 2 - width * seconds_ago / span
        actions = ActionChains(self.driver, duration=40)
        actions.move_to_element_with_offset(box, int(width / 2 - 12), 0).click_and_hold()
        for part in (0.3, 0.6, 1):
            actions.move_to_element_with_offset(box, int((width / 2 - 12) * (1 - part) + x * part), 0)
        actions.release().perform()

    def shoot(self, name):
        self.driver.save_screenshot(os.path.join(SHOTS, f"{name}.png"))

    def test_live_moves(self):
        first = self.frame()
        wait_until(lambda: self.frame() > first + 3, "live pictures")
        wait_until(lambda: "LIVE" in self.text("badge-text"), "that they are called so")
        self.shoot("live")

    def test_spans_of_time_are_rounded_as_a_whole(self):
        spans = {9.94: "9.9 s", 9.97: "10 s", 59.7: "1 min 0 s", 599.6: "10 min 0 s", 3599.7: "1 h 0 min", 7199: "2 h 0 min", 180000: "2 days"}
        script = "return import('/dom.js').then(({ span }) => arguments[0].map(span))"
        self.assertEqual(self.driver.execute_script(script, list(spans)), list(spans.values()))

    def test_opening_it_asks_for_no_more_than_it_shows(self):
        self.site.web.ask("/api/trigger", "POST", {"label": "seen"})
        self.open()
        ended = lambda: self.driver.execute_script("return performance.getEntriesByType('resource').map((one) => one.name)")
        wait_until(lambda: any("width=160" in name for name in ended()), "a thumbnail of an event")
        self.assertEqual([name for name in ended() if "/at/" in name and "width=" not in name], [])  # whole pictures
        self.assertEqual([name for name in ended() if "live.mjpg" in name], [])  # begun twice
        self.assertEqual([name for name in ended() if "openapi" in name], [])

    def test_the_timeline_is_not_drawn_with_each_frame_of_the_screen(self):
        drawn = """
            const done = arguments[0], pen = document.getElementById("track").getContext("2d"), clear = pen.clearRect;
            const begun = performance.now();
            let draws = 0, frames = 0;
            pen.clearRect = (...box) => { draws++; clear.apply(pen, box); };
            const count = () => { if (++frames < 150) requestAnimationFrame(count); else { delete pen.clearRect; done([draws, (performance.now() - begun) / 1000]); } };
            count();"""
        draws, seconds = self.driver.execute_async_script(drawn)
        self.assertGreater(draws, 0)
        self.assertLess(draws, 25 + 20 * seconds)  # 75 of 150 on a screen of 60 a second; by itself it is ten a second

    def test_dragging_shows_the_past_whose_number_is_right(self):
        newest = self.frame()
        self.drag_to(5)
        wait_until(lambda: "ago" in self.text("badge-text") and self.frame() < newest, "the past")
        self.wait_settled()
        shown, asked = self.number_shown()
        self.assertEqual(shown, asked)
        before = self.frame()
        self.assertLess(before, newest - 5)
        self.shoot("past")
        self.find("timeline").send_keys(Keys.ARROW_LEFT)
        wait_until(lambda: self.frame() == before - 1, "one frame back")
        self.find("timeline").send_keys(Keys.ARROW_RIGHT)
        wait_until(lambda: self.frame() == before, "one frame on")
        self.find("timeline").send_keys(Keys.END)
        wait_until(lambda: self.frame() > newest, "live again")

    def test_saving_makes_the_file_whose_number_was_shown(self):
        self.drag_to(3)
        wait_until(lambda: "ago" in self.text("badge-text"), "the past")
        self.wait_settled()
        number, _ = self.number_shown()
        self.click("save")
        name = wait_until(lambda: re.search(r"Saved (\S+\.jpg)", self.said()), "the save").group(1)
        path = os.path.join(self.site.folder, "captures", name)
        self.assertEqual(read_number(load(path)), number)
        self.click("tab-files")
        wait_until(lambda: name in self.driver.execute_script("return document.getElementById('files').innerHTML"), "the file in the list")
        self.shoot("saved")
        self.driver.execute_script("document.querySelector('#files button').click()")
        wait_until(lambda: ".jpg" in self.text("badge-text"), "the file shown")
        self.click("leave-file")
        wait_until(lambda: "LIVE" in self.text("badge-text"), "live again")

    def test_a_clip_is_made_and_plays_and_seeks(self):
        self.driver.execute_script("const f = document.getElementById('clip-form'); f.before.value = 4; f.after.value = 1;")
        self.click("clip")
        wait_until(lambda: "The clip is being made, from" in self.said(), "the clip begun")
        name = wait_until(lambda: re.search(r"Saved (\S+\.mp4)", self.said()), "the clip saved").group(1)
        self.click("tab-files")
        clip = lambda: self.driver.find_elements(By.CSS_SELECTOR, f"#files button[title='{name}']")
        wait_until(clip, "the clip in the list")
        self.shoot("clips")
        clip()[0].click()
        video = lambda what: self.driver.execute_script(f"return document.getElementById('video').{what}")
        wait_until(lambda: video("currentTime > 0.3"), "the clip playing")
        self.assertAlmostEqual(video("duration"), 5, delta=0.5)
        self.assertEqual((video("videoWidth"), video("videoHeight")), (640, 480))
        self.driver.execute_script("const v = document.getElementById('video'); v.pause(); v.currentTime = 3")
        wait_until(lambda: not video("seeking") and video("readyState") >= 2, "the place sought")
        self.assertAlmostEqual(video("currentTime"), 3, delta=0.1)
        self.shoot("clip")
        self.click("leave-file")
        wait_until(lambda: "LIVE" in self.text("badge-text"), "live again")

    def test_marks_and_holds_are_shown_and_let_go(self):
        self.click("trigger")
        wait_until(lambda: "Marked" in self.text("events"), "the mark in the list")
        self.click("hold")
        wait_until(lambda: "Held" in self.text("pins"), "the held moment")
        self.shoot("events")
        self.driver.execute_script("[...document.querySelectorAll('#pins button')].find((b) => b.textContent === 'Let go').click()")
        wait_until(lambda: self.text("pins") == "", "the moment let go")

    def test_settings_go_round(self):
        self.click("open-settings")
        field = wait_until(lambda: self.driver.find_elements(By.ID, "option-ring.size"), "the settings")[0]
        self.shoot("settings")
        field.clear()
        field.send_keys("1")
        self.click("settings-save")
        wait_until(lambda: "ring.size is 1" in self.text("settings-note"), "the refusal")
        field.clear()
        field.send_keys("222")
        self.click("settings-save")
        wait_until(lambda: "Saved" in self.text("settings-note"), "the settings saved")
        with open(self.site.web.config_path, encoding="utf-8") as file:
            self.assertIn('222', file.read())

    def tap(self, x, y):
        """On the picture, at shares of its size; beside or above it there may be bars."""
        picture = self.find("picture")
        width, height = picture.size["width"], picture.size["height"]
        width, height = min(width, height * 4 / 3), min(height, width * 3 / 4)
        ActionChains(self.driver, duration=20).move_to_element_with_offset(picture, int(width * (x - 0.5)), int(height * (y - 0.5))).click().perform()

    def forget_zones(self):
        """Those that another test has saved."""
        with open(self.site.web.config_path, encoding="utf-8") as file:
            config = json.load(file)
        config.pop("motion", None)
        with open(self.site.web.config_path, "w", encoding="utf-8") as file:
            json.dump(config, file)

    def zones_in_the_file(self):
        with open(self.site.web.config_path, encoding="utf-8") as file:
            return json.load(file).get("motion", {}).get("zones", [])

    def test_a_zone_is_drawn_tried_and_saved(self):
        self.forget_zones()
        self.find("tab-zones").click()
        wait_until(lambda: "whole picture" in self.text("zone-list"), "the zones")
        self.find("zone-add").click()
        for x, y in ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)):
            self.tap(x, y)
        self.tap(0.2, 0.2)
        name = wait_until(lambda: self.driver.find_elements(By.CSS_SELECTOR, "#zone-list input[type=text]"), "the zone in the list")[0]
        name.clear()
        name.send_keys("yard")
        self.find("zone-try").click()
        wait_until(lambda: "would have told of motion" in self.text("zone-note"), "what was tried")
        self.shoot("zones")
        self.find("zone-save").click()
        wait_until(lambda: "Saved" in self.text("zone-note"), "the zones saved")
        zone, = self.zones_in_the_file()
        self.assertEqual((zone["name"], len(zone["polygon"])), ("yard", 4))
        for (x, y), (wanted_x, wanted_y) in zip(zone["polygon"], ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))):
            self.assertAlmostEqual(x, wanted_x, delta=0.01)
            self.assertAlmostEqual(y, wanted_y, delta=0.01)

    def test_zones_are_drawn_with_the_keyboard_alone(self):
        self.find("tab-zones").send_keys(Keys.ENTER)
        wait_until(lambda: self.text("zone-list"), "the zones")
        before = len(self.driver.find_elements(By.CSS_SELECTOR, "#zone-list input[type=text]"))
        self.find("zone-add").send_keys(Keys.ENTER)
        corner = lambda: self.driver.switch_to.active_element
        label = lambda: corner().get_attribute("aria-label")
        self.assertIn("30 % from the left, 30 % from the top", label())
        corner().send_keys(Keys.ARROW_LEFT)
        corner().send_keys(Keys.ARROW_UP)
        self.assertIn("29 % from the left, 29 % from the top", label())
        corner().send_keys(Keys.ENTER)
        corner().send_keys(Keys.DELETE)
        corner().send_keys(Keys.DELETE)
        corner().send_keys(Keys.DELETE)  # a triangle stays one
        wait_until(lambda: "needs its 3 corners" in self.said(), "the refusal")
        self.assertEqual(len(self.driver.find_elements(By.CSS_SELECTOR, "#zones .corner")), 3)
        self.assertEqual(len(self.driver.find_elements(By.CSS_SELECTOR, "#zone-list input[type=text]")), before + 1)
        self.find("zone-save").send_keys(Keys.ENTER)
        wait_until(lambda: "Saved" in self.text("zone-note"), "the zones saved")
        self.assertEqual(len(self.zones_in_the_file()), before + 1)

    def test_the_page_recovers_when_its_program_is_killed(self):
        self.site.web.process.kill()
        self.site.web.process.wait()
        wait_until(lambda: not self.find("trouble").get_property("hidden"), "the page saying so")
        self.assertNotIn("LIVE", self.text("badge-text"))
        self.shoot("away")
        last, port = self.frame(), self.site.web.port
        self.site.web = Web(self.site.folder, {"web.port": port})
        self.site.web.wait_ready()
        begun = time.monotonic()
        wait_until(lambda: self.frame() > last, "pictures again")
        print(f"measured: the page is back {time.monotonic() - begun:.1f} s after pastcam-web")

    def test_on_a_phone_nothing_is_cut_off(self):
        self.driver.set_window_size(500, 900)
        self.addCleanup(self.driver.set_window_size, 1440, 900)
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True})
        self.addCleanup(self.driver.execute_cdp_cmd, "Emulation.clearDeviceMetricsOverride", {})
        self.open()
        wide = self.driver.execute_script("return document.documentElement.scrollWidth - innerWidth")
        self.assertLessEqual(wide, 0)
        self.shoot("phone")
        for tab in ("files", "state", "zones"):
            self.click(f"tab-{tab}")
            self.find(f"panel-{tab}").location_once_scrolled_into_view
            self.assertLessEqual(self.driver.execute_script("return document.documentElement.scrollWidth - innerWidth"), 0, tab)
            self.shoot(f"phone-{tab}")

    def test_axe_finds_nothing_serious(self):
        with open(os.environ["AXE"], encoding="utf-8") as file:
            axe = file.read()
        self.site.web.ask("/api/save?wait=1", "POST", {"formats": ["jpg"]})
        self.addCleanup(self.driver.execute_cdp_cmd, "Emulation.setEmulatedMedia", {"features": []})
        for place in ("page", "files", "state", "zones", "settings"):
            if place in ("files", "state"):
                self.click(f"tab-{place}")
                wait_until(lambda: self.driver.execute_script(f"return document.querySelector('#panel-{place} li, #state dt') !== null"), place)
            if place == "zones":
                self.click("tab-zones")
                wait_until(lambda: self.text("zone-list"), "the zones")
                self.find("zone-ignore").send_keys(Keys.ENTER)
            if place == "settings":
                self.click("open-settings")
                wait_until(lambda: self.driver.find_elements(By.ID, "option-ring.size"), "the settings")
            self.driver.execute_script(axe)
            for scheme in ("light", "dark"):
                self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
                found = self.driver.execute_async_script("const done = arguments[0]; axe.run().then((r) => done(r.violations.map((v) => [v.impact, v.id, v.nodes.map((n) => n.html).slice(0, 3)])));")
                self.assertEqual([one for one in found if one[0] in ("moderate", "serious", "critical")], [], (place, scheme))


class TwoCameras(unittest.TestCase):
    def test_a_grid_and_one_that_goes_and_comes_back(self):
        with Site(names=("front", "back"), options=dict(PICTURE, **{"camera.width": 320, "camera.height": 240})) as site:
            site.wait_frames(20)
            driver = browser()
            self.addCleanup(driver.quit)
            driver.get(f"http://localhost:{site.web.port}/")
            tiles = lambda: [tile.text for tile in driver.find_elements(By.CSS_SELECTOR, "#grid button")]
            wait_until(lambda: sorted(tiles()) == ["back", "front"], "both cameras")
            pill = lambda: driver.find_element(By.ID, "pill").text
            wait_until(lambda: pill() == "2 cameras", "how many there are")
            driver.save_screenshot(os.path.join(SHOTS, "grid.png"))
            driver.find_element(By.CSS_SELECTOR, "#grid button[data-camera=back]").click()
            frame = lambda: int(driver.execute_script("return document.getElementById('picture').dataset.frame") or 0)
            wait_until(lambda: frame() > 0, "the one camera")
            site.daemons["back"].process.kill()
            site.daemons["back"].process.wait()
            killed = time.time()
            wait_until(lambda: "pastcam is away" in driver.find_element(By.ID, "trouble").text, "the page saying that it is away")
            driver.save_screenshot(os.path.join(SHOTS, "camera-away.png"))
            choose = lambda name: driver.execute_script("[...document.querySelectorAll('#cameras button')].find((one) => one.textContent === arguments[0]).click()", name)
            known = lambda: driver.execute_script("return import('/timeline.js').then((t) => [t.past.isKnown, t.past.tiers.length > 0])")
            choose("All")
            wait_until(lambda: pill() == "1 of 2 silent", "that one is silent")
            wait_until(lambda: [text for text in tiles() if text.startswith("back: nobody answers")], "why it is")
            driver.save_screenshot(os.path.join(SHOTS, "grid-away.png"))
            choose("front")
            wait_until(lambda: frame() > 0 and known() == [True, True], "the other camera and its past")
            choose("back")  # nothing of the other one is shown as its own
            badge = lambda: driver.execute_script("return document.getElementById('badge-text').textContent")
            wait_until(lambda: badge().startswith(("No picture yet", "Last picture")), "that there is no new picture")
            shown = driver.execute_script("return Number(document.getElementById('picture').dataset.epoch)")
            self.assertTrue(badge() == "No picture yet" or shown < killed, (badge(), shown, killed))  # its own last one at most
            self.assertEqual(known(), [False, False])
            driver.get("about:blank")
            driver.get(f"http://localhost:{site.web.port}/#/back")  # its own address, and not that of the button "back"
            wait_until(lambda: "pastcam is away" in driver.find_element(By.ID, "trouble").text, "the page of the camera")
            self.assertEqual(driver.execute_script("return [scrollY, document.activeElement.id]"), [0, ""])
            site.daemons["back"] = site.make("back")
            site.daemons["back"].wait_ready()
            wait_until(lambda: driver.find_element(By.ID, "trouble").get_property("hidden"), "the camera back on the page")


class Login(unittest.TestCase):
    """Beyond this machine, or with a token file, the page is behind a form."""

    def test_a_wrong_token_is_told_and_a_view_token_shows_what_it_may(self):
        with tempfile.TemporaryDirectory() as folder:
            paths = {name: os.path.join(folder, name) for name in ("token", "view")}
            for name, path in paths.items():
                with open(path, "w", encoding="ascii", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
                    file.write(f"{name}-" * 5)
            with Site(options=PICTURE, wait=False, web_options={"web.token_file": paths["token"], "web.view_token_file": paths["view"]}) as site:
                site.web.wait_ready()
                driver = browser(390, 844)
                self.addCleanup(driver.quit)
                driver.get(f"http://localhost:{site.web.port}/")
                field, button = driver.find_element(By.ID, "token"), driver.find_element(By.CSS_SELECTOR, "#login-form button")
                wait_until(lambda: driver.find_element(By.ID, "pill").text == "A token is needed", "the page that knows nothing of the camera yet")
                self.assertFalse(driver.find_element(By.ID, "trouble").is_displayed())
                field.send_keys("wrong", Keys.ENTER)
                wait_until(lambda: driver.find_element(By.ID, "login-note").text == "The token is wrong.", "the refusal")
                wait_until(button.is_enabled, "another try")
                self.assertEqual(driver.execute_script("const token = document.activeElement; return [token.id, token.selectionStart, token.selectionEnd]"), ["token", 0, 5])
                driver.save_screenshot(os.path.join(SHOTS, "login.png"))
                field.send_keys("view-" * 5, Keys.ENTER)  # over what is selected
                wait_until(lambda: driver.execute_script("return document.getElementById('picture').dataset.frame"), "a picture")
                shown = [name for name in ("save-box", "hold", "trigger", "clip-box", "open-settings", "download") if driver.find_element(By.ID, name).is_displayed()]
                self.assertEqual(shown, ["download"])


if __name__ == "__main__":
    main()
