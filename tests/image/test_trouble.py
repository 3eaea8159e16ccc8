"""Cards and places as they are in the world: full, worn out, broken, without a network, a clock or a camera. It boots, says so, serves what it can."""

import json
import os
import re
import socket
import subprocess
import tempfile
import unittest

from card import Card, run
from machine import Machine, wait_until
from test_boot import IMAGE, SYNTHETIC, make_key

TOKEN = "a-token-of-the-owner"
NO_CLOCK = ["-rtc", "base=1970-01-01T00:00:02,clock=vm"]


def windows(text):
    """As Notepad saves it."""
    return text.replace("\n", "\r\n").encode("utf-8-sig")


class TroubleTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="pastcam-trouble-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.key = make_key(self.folder)
        self.card = Card(f"{IMAGE}.img", self.path("card.img"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def write_files(self, config, token):
        with open(f"{self.key}.pub", encoding="ascii") as public:
            self.card.fat_write("pastcam/authorized_keys", windows(f"not a key\n{public.read()}"))
        self.card.fat_write("pastcam/config.json", config)
        if token:
            self.card.fat_write("pastcam/token.txt", token)

    def start(self, *options, drive="format=raw"):
        self.machine = Machine(self.card, self.folder, self.key)
        self.machine.command = [word.replace("format=raw", drive) for word in self.machine.command] + list(options)
        self.addCleanup(self.machine.cut_power)
        self.machine.start()

    def wait_for_console(self, words, seconds=900):
        wait_until(lambda: words in self.machine.console(), seconds, f"{words!r} on the console")

    def status(self):
        return json.loads(self.machine.ask("status", TOKEN))

    def wait_for_reply(self, command, begin):
        return wait_until(lambda: (lambda r: r if r.startswith(begin) else None)(self.machine.ask(command, TOKEN) or ""), 600, f"{command}: {begin}", 2)


class FullAndDamaged(TroubleTest):
    """A card no larger than the image. No room on the FAT nor on the data partition, whose filesystem has errors besides; no clock, no camera;
    a configuration that is junk, files of Windows, one with a wrong name."""

    def damage_data(self):
        data = self.path("data.ext4")
        self.card.extract(4, data)
        run("/sbin/debugfs", "-w", "-R", "mkdir pastcam", data)
        for name, size in (("victim", 5000), ("filler", 64 << 20)):  # the filler takes all there is
            with open(self.path(name), "wb") as file:
                file.write(b"x" * size)
            subprocess.run(["/sbin/debugfs", "-w", "-R", f"write {self.path(name)} {name}", data], capture_output=True, check=False)
        subprocess.run(["/sbin/debugfs", "-w", "-f", "-", data], input=b"set_inode_field victim block[0] 0x1234\nset_super_value state 2\n",
                       capture_output=True, check=True)
        preen = subprocess.run(["/sbin/e2fsck", "-p", data], capture_output=True, check=False)
        self.assertEqual(preen.returncode & 4, 4, "no damage that needs more than a quick repair")
        with open(data, "rb") as source, open(self.card.path, "r+b") as target:
            target.seek(self.card.start(4))
            target.write(source.read())

    def fill_fat(self):
        image = f"{self.card.path}@@{self.card.start(1)}"
        free = re.search(r"([0-9 ]+) bytes free", run("mdir", "-i", image, "::", text=True)).group(1)
        self.card.fat_write("filler", bytes(int(free.replace(" ", ""))))
        last = (subprocess.run(["mcopy", "-i", image, "-", f"::pastcam/{n}"], input=b"x", capture_output=True, check=False) for n in range(1000))
        self.assertTrue(any(done.returncode for done in last), "the FAT still has room")

    def test_it_boots_and_says_so(self):
        self.write_files(b"\x00\xff{junk\xfe" * 100, f"{TOKEN}\r\n".encode("utf-16"))
        self.card.fat_write("pastcam/config.json.txt", json.dumps(SYNTHETIC).encode())
        self.damage_data()
        self.fill_fat()
        self.start(*NO_CLOCK)
        self.wait_for_reply("health", "RSS=")
        status = self.status()
        self.assertIn("config.json on the card is not used", status["note"])
        self.assertIn("config.json.txt on the card is not read: rename it", status["note"])
        self.assertEqual(status["camera"]["state"], "absent")
        self.assertFalse(status["clock"]["synchronised"])
        self.assertGreaterEqual(status["clock"]["now"], "2026")
        self.assertTrue(self.machine.ask("save", TOKEN).startswith("NOT_SAVED no camera"))
        self.assertEqual(self.machine.ask("past", TOKEN), "NO_FRAMES")
        self.wait_for_console("config.json on the card is not used")
        self.assertNotIn(TOKEN, self.machine.console())

        self.machine.wait_for_ssh()
        self.assertIn("Clear inode? yes", self.machine.ssh("journalctl -b -o cat"))
        self.assertEqual(self.machine.ssh("findmnt -no OPTIONS /data").split(",")[0], "rw")
        self.assertEqual(self.machine.ssh("systemctl --failed --no-legend --plain"), "")

        self.machine.ssh("mount -o remount,rw /boot/firmware && cd /boot/firmware && rm filler pastcam/config.json && "
                         "mv pastcam/config.json.txt pastcam/config.json && cd / && mount -o remount,ro /boot/firmware && systemctl restart pastcam")
        self.wait_for_reply("save", "NOT_SAVED disk full")
        self.assertNotIn("config.json", self.status()["note"])  # that there is no room for events may be said
        self.machine.ssh("rm /data/filler")
        self.wait_for_reply("save", "Saved")


class WornOut(TroubleTest):
    """Nothing can be written to the card any more, which is how cards die."""

    def test_it_boots_and_says_so(self):
        self.write_files(windows(json.dumps(SYNTHETIC, indent=1)), windows(f"{TOKEN}\n"))
        self.start(drive="format=raw,readonly=on")
        self.wait_for_reply("health", "RSS=")
        self.wait_for_reply("save", "NOT_SAVED disk is read-only")
        status = self.status()
        self.assertEqual(status["camera"]["state"], "running")
        self.assertIn("the data partition is read-only", status["note"])
        self.wait_for_console("the data partition is read-only")
        self.machine.wait_for_ssh()


class CutOff(TroubleTest):
    """No network, no clock, and no filesystem left on the data partition. Then someone plugs the cable in."""

    def plug(self, plugged):
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(self.path("qmp"))
            with monitor.makefile("rw", encoding="ascii") as lines:
                lines.readline()
                for command in ({"execute": "qmp_capabilities"}, {"execute": "set_link", "arguments": {"name": "net", "up": plugged}}):
                    lines.write(json.dumps(command) + "\n")
                    lines.flush()
                    while "return" not in (reply := json.loads(lines.readline())):
                        self.assertNotIn("error", reply)

    def test_it_boots_and_says_so(self):
        self.write_files(json.dumps(SYNTHETIC).encode(), b"short\n")
        with open(self.card.path, "r+b") as file:
            file.seek(self.card.start(4))
            file.write(os.urandom(self.card.size(4)))
        self.start(*NO_CLOCK, "-qmp", f"unix:{self.path('qmp')},server=on,wait=off")
        wait_until(lambda: os.path.exists(self.path("qmp")), 30, "QEMU's monitor")
        self.plug(False)
        self.wait_for_console("the data partition cannot be used")
        self.wait_for_console("camera: running")
        self.assertIn("address: none yet", self.machine.console())
        self.assertNotIn("address: 10.0.2.15", self.machine.console())

        self.plug(True)
        self.wait_for_console("address: 10.0.2.15")
        token = self.machine.token()
        self.assertRegex(token, "^[0-9a-f]{64}$")
        self.assertRegex(self.machine.ask("save", token), "^NOT_SAVED ")
        status = json.loads(self.machine.ask("status", token))
        self.assertIn("token.txt on the card held no token", status["note"])
        self.assertIn("the data partition cannot be used", status["note"])
        self.assertIn(b"the data partition cannot be used", self.card.fat_read("pastcam/errors.txt"))
        self.assertGreater(status["ring"]["frames"], 0)
        self.machine.wait_for_ssh()


if __name__ == "__main__":
    unittest.main()
