"""What every board does: from power-on to a picture, all units running, the card as it should be."""

import json
import os
import tempfile

from PIL import Image

from card import Card
from machine import wait_until
from test_boot import GIBIBYTE, IMAGE, SYNTHETIC, make_key


class FromPowerOn:
    """For a TestCase that says which Machine is its BOARD; one machine for all tests."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="pastcam-board-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        key = make_key(cls.folder)
        card = Card(f"{IMAGE}.img", os.path.join(cls.folder, "card.img"), GIBIBYTE)
        card.fat_write("pastcam/config.json", json.dumps(SYNTHETIC).encode())
        with open(f"{key}.pub", "rb") as public:
            card.fat_write("pastcam/authorized_keys", public.read())
        cls.machine = cls.BOARD(card, cls.folder, key)
        cls.addClassCleanup(cls.machine.cut_power)
        cls.machine.start()
        seconds = cls.machine.wait_for_health(1800)
        print(f"\nmeasured: {cls.BOARD.__name__}: first health {seconds:.0f} s after power-on", flush=True)
        cls.machine.wait_for_ssh(900)

    def test_a_picture_is_saved_and_decodes(self):
        def saved():
            reply = self.machine.ask("save jpg") or ""
            return reply.startswith("Saved") and reply
        path = wait_until(saved, 300, "a saved picture", 3).split(": ", 1)[1].split(" (")[0]
        local = os.path.join(self.folder, os.path.basename(path))
        self.machine.fetch(path, local)
        with Image.open(local) as image:
            image.load()
            self.assertEqual(image.size, (320, 240))

    def test_without_the_token_nothing(self):
        self.assertTrue((self.machine.ask("save", token="wrong") or "").startswith("UNAUTHORISED"))

    def test_all_units_run(self):
        state = self.machine.ssh("systemctl is-system-running --wait", check=False, seconds=900).strip()
        self.assertEqual(self.machine.ssh("systemctl --failed --no-legend --plain", check=False), "")
        self.assertEqual(state, "running")

    def test_the_root_is_read_only_and_the_data_has_grown(self):
        self.assertIn("ro", self.machine.ssh("findmnt -no OPTIONS /").split(","))
        self.assertGreater(int(self.machine.ssh("findmnt -bno SIZE /data")), GIBIBYTE // 3)

    def test_updates_know_where_they_are(self):
        self.assertEqual(self.machine.ssh("/usr/lib/pastcam/boot-slots get-current").strip(), "A")
        self.assertIn(f"pastcam-{os.environ['PI']}", self.machine.ssh("rauc status"))
