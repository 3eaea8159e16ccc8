"""The list of what happened, over a real pastcam-hub's store of several days, in Chromium."""

import json
import os
import re
import sqlite3
import subprocess
import sys
import time
import unittest
from urllib.parse import unquote

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from harness import BINARY, main, wait_until
from hub import Hub, Place
from test_page import PICTURE, SHOTS, browser
from web import Site, Web

DAYS, EACH = 3, 50


def fill(path, now):
    """Marks and motion of the days before today, which the daemon does not know."""
    with sqlite3.connect(path) as database:
        for number in range(DAYS * EACH):
            epoch = now - 86400 * (1 + number % DAYS) - number
            kind = "motion.start" if number % 5 == 0 else "trigger"
            event = {"event": kind, "id": f"old-{number}", "epoch": epoch, "camera": "camera", "label": f"mark {number}"}
            database.execute("INSERT INTO events (camera, id, time_ms, type, json) VALUES ('camera', ?, ?, ?, ?)",
                             (event["id"], int(epoch * 1000), kind, json.dumps(event)))


class History(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        os.makedirs(SHOTS, exist_ok=True)
        cls.site = Site(options=PICTURE, web_options={"hub.data_dir": "hub"})
        cls.addClassCleanup(cls.site.__exit__)
        cls.site.__enter__()
        cls.site.wait_frames(20)
        cls.hub = Hub(cls.site.folder)
        cls.addClassCleanup(cls.hub.__exit__)
        cls.hub.wait_ready()
        cls.jpg = cls.site.web.ask("/api/save?wait=1", "POST", {"formats": ["jpg", "png"]}).json()["files"]
        cls.mp4 = cls.site.web.ask("/api/clip?wait=1", "POST", {"before": 2, "after": 1}).json()["files"][0]
        cls.hub.wait_event("clip.end")
        fill(os.path.join(cls.hub.data, "hub.db"), time.time())
        cls.driver = browser()
        cls.addClassCleanup(cls.driver.quit)

    def setUp(self):
        self.driver.get("about:blank")
        self.driver.get(f"http://localhost:{self.site.web.port}/")
        wait_until(lambda: len(self.rows()) >= 60, "the first page of events")

    def rows(self):
        return self.driver.execute_script("return [...document.querySelectorAll('#events li:not(.empty)')].map((row) => row.textContent)")

    def click(self, script):
        self.driver.execute_script(f"({script}).click()")

    def choose(self, kind):
        self.click(f"[...document.querySelectorAll('#filters button')].find((one) => one.textContent === '{kind}')")

    def row_of(self, name):
        return f"document.querySelector(`#events a[download=\"{name}\"]`)"

    def test_older_ones_follow_until_there_are_no_more(self):
        self.choose("Marks")
        wanted = [f"Marked: mark {n}" for n in range(DAYS * EACH) if n % 5]
        for count in (60, 120):
            wait_until(lambda: len(self.rows()) == min(count, len(wanted)), f"{count} events")
            if count == 60:
                self.click("document.getElementById('events-more')")
        titles = self.driver.execute_script("return [...document.querySelectorAll('#events b')].map((title) => title.textContent)")
        self.assertEqual(sorted(titles), sorted(wanted))
        self.assertTrue(self.driver.find_element(By.ID, "events-more").get_property("hidden"))

    def test_a_day_shows_what_happened_on_it(self):
        day = time.strftime("%Y-%m-%d", time.localtime(time.time() - 86400))
        self.driver.execute_script("const day = document.getElementById('events-day'); day.value = arguments[0]; day.dispatchEvent(new Event('change'));", day)
        self.addCleanup(self.driver.execute_script, "document.getElementById('events-day').value = ''")
        with sqlite3.connect(os.path.join(self.hub.data, "hub.db")) as database:
            begin = time.mktime(time.strptime(day, "%Y-%m-%d")) * 1000
            count = database.execute("SELECT count(*) FROM events WHERE time_ms >= ? AND time_ms < ?", (begin, begin + 86400000)).fetchone()[0]
        self.assertGreater(count, 0)
        wait_until(lambda: len(self.rows()) == count, "the events of that day alone")
        self.driver.save_screenshot(os.path.join(SHOTS, "history-day.png"))

    def test_a_clip_and_a_picture_are_shown_played_and_downloaded(self):
        self.choose("Clips")
        wait_until(lambda: self.driver.execute_script("const v = document.querySelector('#events video'); return v && v.readyState >= 2 && v.videoWidth"), "the clip's first frame")
        link = self.driver.execute_script(f"return {self.row_of(self.mp4)}.href")
        self.assertIn(self.mp4, unquote(link))
        self.driver.save_screenshot(os.path.join(SHOTS, "history.png"))
        self.driver.find_element(By.CSS_SELECTOR, "#events li button").click()  # a finger's: else nothing may play by itself
        wait_until(lambda: self.driver.execute_script("return document.getElementById('video').currentTime > 0.2"), "the clip playing")
        self.click("document.getElementById('leave-file')")
        self.choose("Pictures")
        wait_until(lambda: self.driver.execute_script("const i = document.querySelector('#events img'); return i && i.naturalWidth"), "the picture's thumbnail")
        self.click(f"{self.row_of(self.jpg[0])}.closest('li').querySelector('button')")
        wait_until(lambda: self.jpg[0] in self.driver.find_element(By.ID, "badge-text").text, "the picture")
        self.click("document.getElementById('leave-file')")

    def test_what_is_deleted_is_called_so(self):
        files = self.site.web.ask("/api/save?wait=1", "POST", {"formats": ["jpg", "png"]}).json()["files"]
        self.choose("Pictures")
        wait_until(lambda: self.driver.execute_script(f"return !!{self.row_of(files[0])}"), "the picture in the list")
        wait_until(lambda: self.hub.query(f"SELECT count(*) FROM files WHERE path LIKE '%/{files[1]}'") == [(1,)], "the store to know of both")
        self.choose("All")
        self.choose("Pictures")  # from the store, which knows of both formats
        wait_until(lambda: self.driver.execute_script(f"return !!{self.row_of(files[0])}"), "the picture in the list")
        self.driver.execute_script("window.confirm = (text) => { window.asked = text; return true; }")
        self.click(f"{self.row_of(files[0])}.nextElementSibling")
        wait_until(lambda: any("deleted" in row for row in self.rows()), "the row saying so")
        left = os.listdir(os.path.join(self.site.folder, "captures"))
        self.assertEqual([name for name in files if name in left], [], self.driver.execute_script("return window.asked"))

    def test_on_a_phone_it_fits(self):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True})
        self.addCleanup(self.driver.execute_cdp_cmd, "Emulation.clearDeviceMetricsOverride", {})
        self.choose("Clips")
        wait_until(lambda: self.driver.execute_script(f"return !!{self.row_of(self.mp4)}"), "the clip")
        self.driver.find_element(By.ID, "panel-events").location_once_scrolled_into_view
        self.assertLessEqual(self.driver.execute_script("return document.documentElement.scrollWidth - innerWidth"), 0)
        self.driver.save_screenshot(os.path.join(SHOTS, "history-phone.png"))


class Sealed(unittest.TestCase):
    """A store whose camera is away, so that nothing of it is in memory."""

    def test_sealed_events_bear_a_lock_and_open_with_their_key(self):
        place = Place()
        self.addCleanup(place.__exit__)
        keys = [subprocess.run([BINARY, "seal-key"], capture_output=True, text=True, check=True).stdout for _ in range(2)]
        secrets = [re.search("AGE-SECRET-KEY-1[0-9A-Z]*", text)[0] for text in keys]
        camera = place.camera()
        hub = place.hub({"seal.recipients": json.dumps(re.findall("age1[0-9a-z]{58}", keys[0]))})
        camera.wait_reader()
        for name in ("rabbit", "hatter"):
            camera.say("trigger", label=f"{name} <b>hole</b>")
        hub.wait_event("trigger", 2)
        camera.__exit__()
        web = place.add(Web(place.folder, {"hub.data_dir": "hub"}))
        driver = browser()
        self.addCleanup(driver.quit)
        driver.get(f"http://localhost:{web.port}/")
        rows = lambda: driver.execute_script("return [...document.querySelectorAll('#events li:not(.empty)')].map((row) => row.textContent)")
        shut = lambda: len(driver.find_elements(By.CSS_SELECTOR, "#events [aria-label=Sealed] svg"))
        wait_until(lambda: len(rows()) == 2, "the events")
        self.assertEqual(shut(), 2)
        self.assertNotIn("rabbit", "".join(rows()))
        driver.save_screenshot(os.path.join(SHOTS, "sealed-events.png"))
        driver.execute_script("document.querySelector('#events li button').click()")
        wait_until(lambda: driver.execute_script("return document.getElementById('unseal').open"), "the question for the key")
        for secret, says in ((secrets[1], "for another key"), (secrets[0], "")):
            field = driver.find_element(By.ID, "unseal-key")
            field.clear()
            field.send_keys(secret, Keys.ENTER)
            wait_until(lambda: says in driver.execute_script("return document.getElementById('unseal-note').textContent"), "what becomes of it")
        wait_until(lambda: shut() == 0, "both to be open")
        self.assertEqual([row.partition("hole")[0] for row in rows()], ["◆Marked: hatter <b>", "◆Marked: rabbit <b>"])
        wrong = [line["message"] for line in driver.get_log("browser") if line["level"] == "SEVERE" and "Failed to load resource" not in line["message"]]
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    main()
