"""The card in a machine: from power-on to a picture, everything running, and what happens when pastcam does not."""

import io
import json
import os
import subprocess
import tempfile
import unittest

from PIL import Image

from card import Card
from machine import Machine, wait_until

IMAGE = os.environ["IMAGE"]
GIBIBYTE = 1 << 30
SYNTHETIC = {"camera": {"backend": "synthetic", "width": 320, "height": 240, "framerate": 5}}


def make_key(folder):
    path = os.path.join(folder, "key")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


@unittest.skipUnless(os.environ["PI"] == "arm64", "QEMU's virt board is an arm64 one")
class BootTest(unittest.TestCase):
    """One machine for all tests; each leaves it healthy."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="pastcam-boot-")
        cls.addClassCleanup(cls.folder.cleanup)
        key = make_key(cls.folder.name)
        cls.card = Card(f"{IMAGE}.img", os.path.join(cls.folder.name, "card.img"), 2 * GIBIBYTE)
        cls.card.fat_write("pastcam/config.json", json.dumps(SYNTHETIC).encode())
        with open(f"{key}.pub", "rb") as public:
            cls.card.fat_write("pastcam/authorized_keys", public.read())
        cls.machine = Machine(cls.card, cls.folder.name, key)
        cls.addClassCleanup(cls.machine.cut_power)
        cls.machine.start()
        seconds = cls.machine.wait_for_health(600)
        print(f"\nfirst health {seconds:.0f} s after power-on")
        cls.machine.wait_for_ssh(300)

    def restart_with(self, settings):
        """Puts a config.json on the running card and restarts the service; waits until it answers."""
        content = settings if isinstance(settings, str) else json.dumps(settings)
        self.machine.ssh("mount -o remount,rw /boot/firmware && cat >/boot/firmware/pastcam/config.json && "
                         "mount -o remount,ro /boot/firmware && systemctl reset-failed pastcam; systemctl restart pastcam",
                         input=content.encode())
        self.healthy()

    def healthy(self):
        token = self.machine.token()
        wait_until(lambda: (self.machine.ask("health", token, 10) or "").startswith("RSS="), 180, "an answer to health")

    def picture(self):
        reply = wait_until(lambda: (lambda r: r if r and r.startswith("Saved") else None)(self.machine.ask("save jpg")), 120, "a saved picture", 3)
        path = reply.split(": ", 1)[1].split(" (")[0]
        local = os.path.join(self.folder.name, os.path.basename(path))
        self.machine.fetch(path, local)
        with open(local, "rb") as file:
            image = Image.open(io.BytesIO(file.read()))
        image.load()
        return image

    def test_a_picture_is_saved_and_decodes(self):
        self.assertEqual(self.picture().size, (320, 240))

    def test_without_the_token_nothing(self):
        reply = self.machine.ask("save", token="wrong") or ""
        self.assertFalse(reply.startswith("Saved"), reply)

    def test_all_units_run(self):
        wait_until(lambda: self.machine.ssh("systemctl is-system-running", check=False).strip() not in ("starting", "initializing"), 180, "end of start")
        failed = self.machine.ssh("systemctl --failed --no-legend --plain", check=False)
        self.assertEqual(failed, "")
        self.assertEqual(self.machine.ssh("systemctl is-system-running", check=False).strip(), "running")

    def test_the_root_is_read_only_and_the_data_has_grown(self):
        self.assertIn("ro", self.machine.ssh("findmnt -no OPTIONS /").split(","))
        self.assertIn("ro", self.machine.ssh("findmnt -no OPTIONS /boot/firmware").split(","))
        self.assertGreater(int(self.machine.ssh("findmnt -bno SIZE /data")), GIBIBYTE)

    def test_address_and_console(self):
        wait_until(lambda: b"10.0.2.15" in (self.card.fat_read("pastcam/address.txt") or b""), 120, "address.txt")
        self.assertIn("pastcam.local   address: 10.0.2.15", self.machine.console())

    def test_killed_it_comes_back(self):
        before = self.machine.ssh("systemctl show -P MainPID pastcam").strip()
        self.machine.ssh("systemctl kill -s KILL pastcam")
        self.healthy()
        self.assertNotEqual(self.machine.ssh("systemctl show -P MainPID pastcam").strip(), before)

    def test_a_broken_configuration_is_left_out_and_named(self):
        self.addCleanup(self.restart_with, SYNTHETIC)
        self.restart_with('{"camera": {"width": "wide"')
        self.assertIn(b"config.json on the card is not used", self.card.fat_read("pastcam/errors.txt"))
        self.assertIn("config.json on the card is not used", json.loads(self.machine.ask("status"))["note"])
        wait_until(lambda: "config.json on the card is not used" in self.machine.console(), 60, "a word on the console")
        self.restart_with(SYNTHETIC)
        self.assertIsNone(self.card.fat_read("pastcam/errors.txt"))

    def test_no_camera_is_a_state(self):
        self.addCleanup(self.restart_with, SYNTHETIC)
        self.restart_with({"camera": {"backend": "libcamera"}})
        status = json.loads(self.machine.ask("status"))
        self.assertNotEqual(status["camera"]["state"], "running")


if __name__ == "__main__":
    unittest.main()
