"""The image as a file: partitions, files, modes, what must not be on it, its size."""

import os
import re
import subprocess
import tempfile
import unittest

from card import Card, run

IMAGE = os.environ["IMAGE"]
PI = os.environ["PI"]
MEBIBYTE = 1 << 20
SIZE_LIMIT = {"arm64": 600, "armv6": 500}
FIRMWARE = {
    "arm64": {"bootcode.bin", "start.elf", "start4.elf", "fixup.dat", "fixup4.dat", "u-boot.bin", "bcm2837-rpi-zero-2-w.dtb",
              "bcm2837-rpi-3-b.dtb", "bcm2711-rpi-4-b.dtb", "bcm2712-rpi-5-b.dtb"},
    "armv6": {"bootcode.bin", "start.elf", "fixup.dat", "u-boot-zero.bin", "u-boot-1.bin", "bcm2835-rpi-zero.dtb",
              "bcm2835-rpi-zero-w.dtb", "bcm2835-rpi-b.dtb"},
}
PROGRAMS = ("pastcam", "pastcam-web", "pastcam-hub")
USERS = ("988", "987", "986")
COMMON = {"boot.scr", "config.txt", "cmdline.txt", "slot-A/vmlinuz", "slot-A/initrd.img", "pastcam/README.txt"}


class CardTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.card = Card(f"{IMAGE}.img", f"{IMAGE}.img")
        cls.folder = tempfile.TemporaryDirectory(prefix="pastcam-card-")
        cls.root = os.path.join(cls.folder.name, "root")
        cls.listing = run("unsquashfs", "-lln", f"{IMAGE}.slot/root.img", text=True)
        run("unsquashfs", "-quiet", "-no-progress", "-d", cls.root, f"{IMAGE}.slot/root.img")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def read(self, path):
        with open(os.path.join(self.root, path)) as file:
            return file.read()

    def has(self, path):
        return os.path.lexists(os.path.join(self.root, path))

    def test_size(self):
        self.assertLess(os.path.getsize(f"{IMAGE}.img"), SIZE_LIMIT[PI] * MEBIBYTE)

    def test_partitions(self):
        self.assertEqual(self.card.signature, "0x70617374")
        self.assertEqual([p["type"] for p in self.card.partitions], ["c", "83", "83", "83"])
        self.assertTrue(all(self.card.start(n) % (4 * MEBIBYTE) == 0 for n in range(1, 5)))
        self.assertEqual(self.card.size(2), self.card.size(3))
        self.assertEqual(self.card.start(4) + self.card.size(4), os.path.getsize(f"{IMAGE}.img"))

    def test_slot_a_is_the_update_s_root(self):
        with open(f"{IMAGE}.img", "rb") as image, open(f"{IMAGE}.slot/root.img", "rb") as slot:
            root = slot.read()
            image.seek(self.card.start(2))
            self.assertEqual(image.read(len(root)), root)

    def test_data_is_a_clean_empty_filesystem(self):
        data = os.path.join(self.folder.name, "data")
        self.card.extract(4, data)
        run("/sbin/e2fsck", "-fn", data)
        self.assertEqual(run("/sbin/e2label", data, text=True).strip(), "pastcam-data")

    def test_fat(self):
        files = set(self.card.fat_list())
        self.assertLessEqual(FIRMWARE[PI] | COMMON, files)
        self.assertNotIn("pastcam/token.txt", files)
        self.assertNotIn("pastcam/authorized_keys", files)

    def test_boot_files_are_for_this_card(self):
        self.assertIn("70617374", self.card.fat_read("boot.scr").decode(errors="replace"))
        for name in re.findall(r"^kernel=(.*)$", self.card.fat_read("config.txt").decode(), re.M):
            self.assertIn(name, self.card.fat_list())

    def test_nobody_has_a_password(self):
        for line in self.read("etc/shadow").splitlines():
            self.assertTrue(line.split(":")[1].startswith(("!", "*")), line)

    def test_no_secrets(self):
        for line in self.listing.splitlines():
            self.assertNotRegex(line, r"ssh_host_|authorized_keys$|/id_(rsa|ed25519)|\.pem\.key$|update-key")
        found = subprocess.run(["grep", "-rlE", "--exclude-dir=ssl", "BEGIN [A-Z ]*PRIVATE KEY", os.path.join(self.root, "etc")],
                               capture_output=True, text=True, check=False).stdout
        self.assertEqual(found, "")

    def test_no_leftovers(self):
        for folder in ("var/lib", "var/log", "var/tmp", "tmp", "run", "root", "home", "data", "boot/firmware"):
            entries = [name for name in os.listdir(os.path.join(self.root, folder)) if not name.startswith((".bashrc", ".profile", ".ssh"))]
            self.assertEqual(entries, [], folder)
        self.assertEqual(self.read("etc/machine-id"), "")
        self.assertFalse(self.has("etc/apt"))

    def test_owners_and_modes(self):
        owners = {fields[1] for fields in map(str.split, self.listing.splitlines()) if len(fields) > 5 and "/usr/lib/pastcam" in fields[5]}
        self.assertEqual(owners, {"0/0"})
        for program in PROGRAMS:
            self.assertEqual(os.stat(os.path.join(self.root, "usr/bin", program)).st_mode & 0o777, 0o755)
        self.assertEqual(os.stat(os.path.join(self.root, "etc/shadow")).st_mode & 0o007, 0)

    def test_overlay_is_there_verbatim(self):
        overlay = os.path.join(os.path.dirname(__file__), "..", "..", "overlay")
        for folder, _, names in os.walk(overlay):
            for name in names:
                path = os.path.relpath(os.path.join(folder, name), overlay)
                if path == "etc/rauc/system.conf":  # names the board
                    continue
                with open(os.path.join(folder, name)) as file:
                    self.assertEqual(self.read(path), file.read(), path)

    def test_what_starts(self):
        wants = "etc/systemd/system/multi-user.target.wants"
        for unit in ("pastcam", "pastcam-web", "pastcam-hub", "pastcam-console", "ssh", "systemd-networkd"):
            self.assertTrue(self.has(f"{wants}/{unit}.service"), unit)
        for unit in ("pastcam-good", "wpa_supplicant", "e2scrub_reap"):
            self.assertFalse(self.has(f"{wants}/{unit}.service"), unit)

    def test_program_is_for_this_processor(self):
        for program in PROGRAMS:
            header = run("readelf", "-h", "-A", os.path.join(self.root, "usr/bin", program), text=True)
            if PI == "arm64":
                self.assertIn("AArch64", header)
            else:
                self.assertRegex(header, r"Tag_CPU_arch: v6")
                self.assertNotRegex(header, r"Tag_THUMB_ISA_use: Thumb-2|Tag_Advanced_SIMD")

    def test_libraries_are_all_there(self):
        for program in PROGRAMS:
            needed = re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "-d", os.path.join(self.root, "usr/bin", program), text=True))
            self.assertIn("libc.so.6", needed)
            for library in needed:
                self.assertRegex(self.listing, rf"/{re.escape(library)}(\s|$)", library)

    def test_video_is_h264(self):
        self.assertRegex(run("readelf", "-d", os.path.join(self.root, "usr/bin/pastcam"), text=True), r"\(NEEDED\).*libopenh264")

    def test_users_are_those_of_every_version(self):
        """Files on the data partition belong to numbers."""
        users = dict(line.split(":")[0:3:2] for line in self.read("etc/passwd").splitlines())
        self.assertEqual((users["pastcam"], users["pastcam-hub"], users["pastcam-web"]), USERS)

    def test_manifest(self):
        with open(f"{IMAGE}.manifest") as file:
            packages = dict(line.split() for line in file)
        self.assertIn("systemd", packages)
        self.assertIn("pastcam", packages)


if __name__ == "__main__":
    unittest.main()
