"""Updates: a good one is kept once pastcam answers in it, a bad one is left again. RAUC and U-Boot as on a Pi."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest

from card import Card, run
from machine import Machine, wait_until
from test_boot import GIBIBYTE, IMAGE, SYNTHETIC, make_key

BOARD = os.path.join(os.path.dirname(__file__), "..", "..", "board")


@unittest.skipUnless(os.environ["PI"] == "arm64" and os.environ.get("IMAGE_TESTS") == "all", "check-image-all runs these, on arm64")
class UpdateTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="pastcam-update-")
        self.addCleanup(self.folder.cleanup)
        key = make_key(self.folder.name)
        self.card = Card(f"{IMAGE}.img", os.path.join(self.folder.name, "card.img"), 4 * GIBIBYTE)
        self.card.fat_write("pastcam/config.json", json.dumps(SYNTHETIC).encode())
        with open(f"{key}.pub", "rb") as public:
            self.card.fat_write("pastcam/authorized_keys", public.read())
        self.machine = Machine(self.card, self.folder.name, key)
        self.addCleanup(self.machine.cut_power)
        self.machine.start()
        self.machine.wait_for_health(600)
        self.machine.wait_for_ssh()

    def bundle(self, name, slot):
        path = os.path.join(self.folder.name, f"{name}.raucb")
        run(os.path.join(BOARD, "build-bundle"), "arm64", slot, path)
        return path

    def bad_slot(self):
        """The same system, but its pastcam does nothing."""
        slot = os.path.join(self.folder.name, "bad.slot")
        root = os.path.join(self.folder.name, "bad.root")
        shutil.copytree(f"{IMAGE}.slot", slot)
        run("unsquashfs", "-quiet", "-no-progress", "-d", root, f"{slot}/root.img")
        shutil.copy(os.path.join(root, "usr/bin/true"), os.path.join(root, "usr/bin/pastcam"))
        os.remove(f"{slot}/root.img")
        run("mksquashfs", root, f"{slot}/root.img", "-comp", "lz4", "-quiet", "-no-progress")
        shutil.rmtree(root)
        return slot

    def install_and_restart(self, bundle):
        boot = self.boot_id()
        self.machine.send(bundle, "/data/update.raucb")
        self.machine.ssh("rauc install /data/update.raucb && rm /data/update.raucb", seconds=600)
        self.machine.ssh("systemctl reboot", check=False)
        wait_until(lambda: self.boot_id() not in ("", boot), 600, "another boot", 5)

    def boot_id(self):
        try:
            return self.machine.ssh("cat /proc/sys/kernel/random/boot_id", check=False, seconds=60)
        except subprocess.TimeoutExpired:
            return ""

    def slot(self):
        return self.machine.ssh("/usr/lib/pastcam/boot-slots get-current", check=False).strip()

    def slots(self):
        return self.card.fat_read("slots.env").decode().replace("\0", "").split()

    def test_a_good_update_is_kept_and_a_bad_one_left(self):
        self.assertEqual(self.slot(), "A")
        self.install_and_restart(self.bundle("good", f"{IMAGE}.slot"))
        self.assertEqual(self.slot(), "B")
        wait_until(lambda: self.slots() == ["primary=B", "trial="], 300, "slot B to be kept")

        self.install_and_restart(self.bundle("bad", self.bad_slot()))
        self.assertEqual(self.slot(), "A")
        wait_until(lambda: self.slot() == "B", 900, "the way back to slot B", 10)
        self.assertEqual(self.slots(), ["primary=B", "trial="])
        self.machine.wait_for_health(600)


if __name__ == "__main__":
    unittest.main()
