"""Sealed files in a real browser: locked, opened with the key, refused where they are not whole."""

import hashlib
import json
import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))

import numpy as np
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from harness import BINARY, main, wait_until
from pictures import decode, read_number
from test_page import PICTURE, PIXELS, SHOTS, browser
from web import Site

# Opens each file of the list with the key, and tells what came of it: its SHA-256 and whether it is whole, or why nothing did.
UNSEAL = """
const [names, key, done] = arguments;
Promise.all([import("/age.js"), import("/sha256.js")]).then(async ([age, sha256]) => {
  const found = [];
  for (const name of names) {
    const bytes = new Uint8Array(await (await fetch("/captures/" + name)).arrayBuffer());
    try {
      const { parts, isWhole } = await age.openSealed(bytes, age.readKey(key));
      found.push([[...sha256.sha256(sha256.join(...parts))].map((byte) => byte.toString(16).padStart(2, "0")).join(""), isWhole]);
    } catch (error) { found.push([error.message, false]); }
  }
  done(found);
});
"""


class SealedFiles(unittest.TestCase):
    def setUp(self):
        os.makedirs(SHOTS, exist_ok=True)
        self.key, self.recipient = self.new_key()
        options = dict(PICTURE, **{"camera.width": 320, "camera.height": 240, "seal.recipients": json.dumps([self.recipient])})
        self.site = Site(options=options)
        self.addCleanup(self.site.__exit__)
        self.site.__enter__()
        self.site.wait_frames(20)
        self.driver = browser()
        self.addCleanup(self.driver.quit)

    def new_key(self):
        text = subprocess.run([BINARY, "seal-key"], capture_output=True, text=True, check=True).stdout
        return text, re.search("age1[0-9a-z]{58}", text)[0]

    def find(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def type_key(self, key):
        field = self.find("#unseal-key")[0]
        field.clear()
        field.send_keys(re.search("AGE-SECRET-KEY-1[0-9A-Z]*", key)[0], Keys.ENTER)

    def note(self):
        return self.driver.execute_script("return document.getElementById('unseal-note').textContent")

    def test_sealed_files_bear_a_lock_and_open_with_their_key_alone(self):
        saved = self.site.web.ask("/api/save?wait=1", "POST", {"formats": ["jpg"]}).json()["files"][0]
        self.driver.get(f"http://localhost:{self.site.web.port}/")
        self.driver.execute_script("document.getElementById('tab-files').click()")
        wait_until(lambda: self.find("#files button [aria-label=Sealed] svg"), "a lock")
        self.assertEqual(self.find("#files img"), [])
        self.assertIn("jpg · sealed", self.find("#files")[0].text)
        self.driver.save_screenshot(os.path.join(SHOTS, "sealed.png"))
        self.driver.execute_script("document.querySelector('#files [aria-label=Sealed]').closest('button').click()")  # the list may be drawn anew
        wait_until(lambda: self.driver.execute_script("return document.getElementById('unseal').open"), "the question for the key")
        self.driver.save_screenshot(os.path.join(SHOTS, "unseal.png"))
        self.type_key(self.key[:-4])
        wait_until(lambda: "no secret key" in self.note(), "that it is none")
        self.type_key(self.new_key()[0])
        wait_until(lambda: "for another key" in self.note(), "that it is another")
        self.type_key(self.key)
        wait_until(lambda: self.driver.execute_script("return !document.getElementById('unseal').open && document.getElementById('badge-text').textContent") ==
                   saved.removesuffix(".age"), "the picture")
        number = wait_until(lambda: self.number_shown(), "its number")
        self.assertEqual(number, self.number_opened(saved))
        wrong = [line["message"] for line in self.driver.get_log("browser") if line["level"] == "SEVERE" and "Failed to load resource" not in line["message"]]
        self.assertEqual(wrong, [])

    def number_shown(self):
        width, height, data, _ = self.driver.execute_script(PIXELS)
        pixels = np.zeros((height, width, 3), dtype=np.uint8)
        pixels[:40] = np.array(data, dtype=np.uint8).reshape(40, width, 4)[:, :, :3]
        return read_number(pixels)

    def number_opened(self, name):
        opened = subprocess.run(["age", "-d", "-i", "-", os.path.join(self.site.folder, "captures", name)], input=self.key.encode(), capture_output=True, check=True)
        return read_number(decode(opened.stdout))

    def test_what_age_writes_is_opened_and_what_was_altered_is_not(self):
        folder = os.path.join(self.site.folder, "captures")
        os.makedirs(folder, exist_ok=True)
        names, wanted = [], []

        def put(data, result):
            names.append(f"20261121_101500_f{len(names):08d}.npy.age")
            wanted.append(result)
            with open(os.path.join(folder, names[-1]), "wb") as file:
                file.write(data)
            return data
        for size in (0, 1, 65535, 65536, 65537, 3 * 65536, 200001):
            plain = os.urandom(size)
            command = ["age", "-r", self.new_key()[1], "-r", self.recipient]
            sealed = put(subprocess.run(command, input=plain, capture_output=True, check=True).stdout, [hashlib.sha256(plain).hexdigest(), True])
        begin = sealed.index(b"\n", sealed.index(b"\n--- ") + 1) + 1 + 16  # of the last, 200001 bytes
        put(sealed[:begin + 2 * 65552], [hashlib.sha256(plain[:2 * 65536]).hexdigest(), False])
        put(sealed[:begin + 65552 + 1000], [hashlib.sha256(plain[:65536]).hexdigest(), False])
        for at, says in ((0, "beginning was altered"), (begin - 20, "altered"), (begin + 100, "altered"), (begin - 10, "altered")):
            changed = bytearray(sealed)
            changed[at] ^= 1
            put(changed, [says, False])
        self.driver.get(f"http://localhost:{self.site.web.port}/")
        for (got, whole), (result, is_whole) in zip(self.driver.execute_async_script(UNSEAL, names, self.key), wanted, strict=True):
            self.assertIn(result, got)
            self.assertEqual(whole, is_whole)


if __name__ == "__main__":
    main()
