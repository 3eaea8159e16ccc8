"""Updates, with RAUC and U-Boot as on a Pi: a good one is kept once pastcam answers in it, a bad one is left again,
a stranger's is refused, and the power may be cut at any time."""

import json
import os
import re
import shutil
import tempfile
import unittest

from card import Card, run
from machine import Machine, wait_until
from test_boot import IMAGE, SYNTHETIC, make_key

BOARD = os.path.join(os.path.dirname(__file__), "..", "..", "board")
MEBIBYTE = 1 << 20


class UpdateTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="pastcam-update-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        key = make_key(self.folder)
        self.card = Card(f"{IMAGE}.img", self.path("card.img"), 2048 * MEBIBYTE)
        self.card.fat_write("pastcam/config.json", json.dumps(SYNTHETIC).encode())
        with open(f"{key}.pub", "rb") as public:
            self.card.fat_write("pastcam/authorized_keys", public.read())
        self.machine = Machine(self.card, self.folder, key)
        self.addCleanup(self.machine.cut_power)
        self.make_bundles()

    def path(self, name):
        return os.path.join(self.folder, name)

    # bundles

    def bundle(self, name, slot, pi="arm64", **keys):
        path = self.path(f"{name}.raucb")
        run(os.path.join(BOARD, "build-bundle"), pi, slot, path, env={**os.environ, **keys})
        return path

    def small_slot(self):
        """What is refused before anyone looks inside."""
        slot = self.path("small.slot")
        os.mkdir(slot)
        for name in ("root.img", "vmlinuz", "initrd.img"):
            with open(os.path.join(slot, name), "wb") as file:
                file.write(os.urandom(65536))
        return slot

    def bad_slot(self):
        """The same system, but its pastcam does nothing."""
        slot, root = self.path("bad.slot"), self.path("bad.root")
        shutil.copytree(f"{IMAGE}.slot", slot)
        run("unsquashfs", "-quiet", "-no-progress", "-d", root, f"{slot}/root.img")
        shutil.copy(os.path.join(root, "usr/bin/true"), os.path.join(root, "usr/bin/pastcam"))
        os.remove(f"{slot}/root.img")
        run("mksquashfs", root, f"{slot}/root.img", "-comp", "lz4", "-quiet", "-no-progress")
        shutil.rmtree(root)
        return slot

    def make_bundles(self):
        small = self.small_slot()
        key, certificate = self.path("stranger.key"), self.path("stranger.crt")
        run(os.path.join(BOARD, "make-keys"), key, certificate)
        self.stranger = self.bundle("stranger", small, RAUC_KEY=key, RAUC_CERTIFICATE=certificate)
        self.armv6 = self.bundle("armv6", small, "armv6")
        self.good = self.bundle("good", f"{IMAGE}.slot")
        self.bad = self.bundle("bad", self.bad_slot())

    # the machine

    def boots(self):
        """The slots that Linux has been started from since power-on; "A?" is slot A on trial."""
        lines = re.findall(r"Kernel command line:.* rauc\.slot=([AB])( pastcam\.trial)?", self.machine.console())
        return [slot + ("?" if trial else "") for slot, trial in lines]

    def slots(self):
        """What the boot script reads."""
        return self.card.fat_read("slots.env").decode().replace("\0", "").split()

    def start(self):
        self.machine.start()
        self.machine.wait_for_health(900)
        self.machine.wait_for_ssh()

    def send(self, bundle):
        self.machine.send(bundle, "/data/update.raucb")
        self.machine.ssh("sync")

    def install(self):
        self.machine.ssh("rauc install /data/update.raucb", seconds=900)

    def restart_into(self, slot, boot=2):
        self.machine.ssh("systemctl reboot", check=False)
        wait_until(lambda: len(self.boots()) == boot, 900, "another boot")
        self.assertEqual(self.boots()[-1], slot)

    def assert_kept(self, slot):
        wait_until(lambda: self.slots()[0] == f"primary={slot}", 900, f"slot {slot} to be kept")
        self.assertIn(self.slots()[1:], ([], ["trial="]))
        self.machine.wait_for_health(300)
        self.machine.wait_for_ssh()
        self.assertEqual(self.machine.ssh("/usr/lib/pastcam/boot-slots get-current").strip(), slot)

    # what is shown

    def a_slot_that_cannot_be_loaded_gives_way(self):
        self.card.fat_write("slots.env", b"primary=A\ntrial=B\n")
        self.start()
        self.assertIn("slot B does not start", self.machine.console())
        self.assertEqual((self.boots(), self.slots()), (["A"], ["primary=A"]))

    def refused(self, bundle):
        """What `rauc install` says."""
        self.send(bundle)
        return self.machine.ssh("! rauc install /data/update.raucb 2>&1")

    def strangers_are_refused(self):
        empty = self.card.digest(3)
        self.assertIn("signature verification failed", self.refused(self.stranger))
        self.assertIn("Expected 'pastcam-arm64' but bundle manifest has 'pastcam-armv6'", self.refused(self.armv6))
        self.assertEqual((self.card.digest(3), self.slots()), (empty, ["primary=A"]))

    def a_power_cut_while_it_installs(self):
        """RAUC has begun to write the other slot."""
        empty = self.card.digest(3)
        self.machine.ssh("systemd-run -q rauc install /data/update.raucb")
        wait_until(lambda: self.card.digest(3) != empty, 300, "a changed slot")
        self.machine.cut_power()
        self.start()
        self.assertEqual((self.boots(), self.slots()[0]), (["A"], "primary=A"))

    def a_power_cut_on_trial(self):
        self.install()
        self.restart_into("B?")
        self.machine.cut_power()
        self.start()
        self.assertEqual((self.boots(), self.slots()), (["A"], ["primary=A"]))

    def a_bad_one_is_left(self):
        boots = len(self.boots())
        self.send(self.bad)
        self.install()
        self.restart_into("A?", boots + 1)
        wait_until(lambda: len(self.boots()) == boots + 2, 1800, "the way back")
        self.assertEqual(self.boots()[-1], "B")
        self.assert_kept("B")

    def test_updates(self):
        self.a_slot_that_cannot_be_loaded_gives_way()
        # As on a Pi without a network: long before the certificate.
        self.machine.ssh("date -s 2001-02-03")
        self.strangers_are_refused()
        self.send(self.good)
        self.a_power_cut_while_it_installs()
        self.a_power_cut_on_trial()
        self.machine.ssh("rauc status mark-active other")
        self.restart_into("B?")
        self.assert_kept("B")
        self.a_bad_one_is_left()


if __name__ == "__main__":
    unittest.main()
