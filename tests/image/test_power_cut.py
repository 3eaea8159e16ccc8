"""The power is cut ten times while pictures are saved: the system is unchanged, every promised picture is whole."""

import json
import os
import random
import tempfile
import threading
import time
import unittest

from PIL import Image

from card import Card
from machine import Machine
from test_boot import GIBIBYTE, IMAGE, SYNTHETIC, make_key

CUTS = 10


@unittest.skipUnless(os.environ["PI"] == "arm64" and os.environ.get("IMAGE_TESTS") == "all", "check-image-all runs these, on arm64")
class PowerCutTest(unittest.TestCase):
    def save_until_dark(self, token, promised):
        """Asks for pictures, one after the other, until nobody answers."""
        while not self.dark.is_set():
            reply = self.machine.ask("save jpg png", token, 30) or ""
            if reply.startswith("Saved"):
                promised.update(reply.split(": ", 1)[1].split(" (")[0].split(", "))

    def test_ten_power_cuts(self):
        folder = tempfile.TemporaryDirectory(prefix="pastcam-power-")
        self.addCleanup(folder.cleanup)
        key = make_key(folder.name)
        card = Card(f"{IMAGE}.img", os.path.join(folder.name, "card.img"), 2 * GIBIBYTE)
        card.fat_write("pastcam/config.json", json.dumps(SYNTHETIC).encode())
        with open(f"{key}.pub", "rb") as public:
            card.fat_write("pastcam/authorized_keys", public.read())
        root = card.digest(2)
        self.machine = Machine(card, folder.name, key)
        self.addCleanup(self.machine.cut_power)

        chance = random.Random(6)
        promised = set()
        for _ in range(CUTS):
            self.machine.start()
            self.machine.wait_for_health(600)
            self.dark = threading.Event()
            asking = threading.Thread(target=self.save_until_dark, args=(self.machine.token(), promised))
            asking.start()
            time.sleep(chance.uniform(2, 15))
            self.machine.cut_power()
            self.dark.set()
            asking.join()

        self.machine.start()
        self.machine.wait_for_health(600)
        self.machine.wait_for_ssh()
        self.assertEqual(self.machine.ssh("systemctl is-system-running --wait", check=False).strip(), "running")
        pictures = os.path.join(folder.name, "pictures")
        self.machine.fetch("/data/pastcam", pictures)
        self.machine.power_off()
        self.assertEqual(card.digest(2), root)
        self.assertGreater(len(promised), CUTS)
        for path in promised:
            with Image.open(os.path.join(pictures, os.path.relpath(path, "/data/pastcam"))) as image:
                image.load()
        print(f"\n{len(promised)} promised pictures, all whole after {CUTS} power cuts")


if __name__ == "__main__":
    unittest.main()
