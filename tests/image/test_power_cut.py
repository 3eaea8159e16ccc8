"""The power is cut ten times while pictures are saved, and once while the data partition grows:
it boots, the system is unchanged, every promised picture is whole."""

import json
import os
import random
import re
import tempfile
import threading
import time
import unittest

from PIL import Image

from card import Card, run
from machine import Machine, wait_until
from test_boot import GIBIBYTE, IMAGE, SYNTHETIC, make_key

CUTS = 10


class PowerCutTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="pastcam-power-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        key = make_key(self.folder)
        self.card = Card(f"{IMAGE}.img", os.path.join(self.folder, "card.img"), 2 * GIBIBYTE)
        self.card.fat_write("pastcam/config.json", json.dumps(SYNTHETIC).encode())
        with open(f"{key}.pub", "rb") as public:
            self.card.fat_write("pastcam/authorized_keys", public.read())
        self.machine = Machine(self.card, self.folder, key)
        self.addCleanup(self.machine.cut_power)

    def start(self):
        self.machine.start()
        self.machine.wait_for_health(900)

    def save_until_dark(self, token, dark, promised):
        """Asks for pictures, one after the other, until nobody answers."""
        while not dark.is_set():
            reply = re.fullmatch(r"Saved .*?: (.*) \(timestamp: [0-9.]+, age: [0-9.]+s\)", self.machine.ask("save jpg png", token, 60) or "")
            if reply:
                promised.update(reply[1].split(", "))

    def cut_while_saving(self, seconds, promised):
        dark = threading.Event()
        asking = [threading.Thread(target=self.save_until_dark, args=(self.machine.token(), dark, promised)) for _ in range(2)]
        for thread in asking:
            thread.start()
        time.sleep(seconds)
        self.machine.cut_power()
        dark.set()
        for thread in asking:
            thread.join()

    def assert_all_is_well(self):
        self.machine.wait_for_ssh()
        self.assertEqual(self.machine.ssh("systemctl is-system-running --wait", check=False, seconds=600).strip(), "running")
        self.assertGreater(int(self.machine.ssh("findmnt -bno SIZE /data")), GIBIBYTE)

    def assert_data_is_clean(self):
        """After it was switched off in good order."""
        data = os.path.join(self.folder, "data")
        Card(self.card.path, self.card.path).extract(4, data)
        run("/sbin/e2fsck", "-fn", data)
        os.remove(data)

    def test_ten_cuts_while_saving(self):
        slots = [self.card.digest(2), self.card.digest(3)]
        chance = random.Random(6)
        promised = set()
        for _ in range(CUTS):
            self.start()
            before = len(promised)
            self.cut_while_saving(chance.uniform(2, 15), promised)
            print(f"{len(promised) - before} promised", flush=True)
        self.start()
        self.assert_all_is_well()
        pictures = os.path.join(self.folder, "pictures")
        self.machine.fetch("/data/pastcam", pictures)
        self.machine.power_off()
        self.assertEqual([self.card.digest(2), self.card.digest(3)], slots)
        self.assert_data_is_clean()
        self.assertGreater(len(promised), CUTS)
        for path in promised:
            with Image.open(os.path.join(pictures, os.path.relpath(path, "/data/pastcam"))) as image:
                image.load()
        print(f"\nmeasured: {len(promised)} promised pictures, all whole after {CUTS} power cuts", flush=True)

    def test_a_cut_while_the_data_partition_grows(self):
        self.machine.start()
        wait_until(lambda: "resizing filesystem" in self.machine.console(), 600, "the growing", 0)
        self.machine.cut_power()
        self.start()
        self.assert_all_is_well()
        self.machine.power_off()
        self.assert_data_is_clean()


if __name__ == "__main__":
    unittest.main()
