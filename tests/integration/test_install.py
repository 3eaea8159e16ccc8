"""`make install` into a folder: everything that a message, the man page or the help names is there."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

from harness import BINARY, ROOT

ELSEWHERE = {"README.md", "CONTRIBUTING.md", "architecture.md", "performance.md", "png.md"}  # for those who have the source


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="pastcam-test-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        subprocess.run(["make", "--silent", "-C", ROOT, "-o", "all", "install", f"DESTDIR={cls.folder}", "PREFIX=/usr",
                        f"BUILD={os.path.dirname(BINARY)}"], check=True, stdin=subprocess.DEVNULL)
        cls.docs = set(os.listdir(cls.path("usr/share/doc/pastcam")))

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder, name)

    @classmethod
    def text(cls, name):
        with open(cls.path(name), encoding="utf-8") as file:
            return file.read()

    def named_in(self, text):
        return {name for name in re.findall(r"[\w-]+(?:\\-[\w-]+)*\.(?:md|conf)\b", text.replace("\\-", "-"))}

    def test_what_help_and_the_man_page_name_is_installed(self):
        said = subprocess.run([self.path("usr/bin/pastcam"), "--help"], capture_output=True, text=True, check=True).stdout
        named = self.named_in(said) | self.named_in(self.text("usr/share/man/man1/pastcam.1"))
        self.assertLessEqual({"config.md", "protocol.md", "usb-drive.conf"}, named)
        self.assertEqual(named - self.docs, set())

    def test_what_messages_of_the_program_name_is_installed(self):
        with open(self.path("usr/bin/pastcam"), "rb") as file:
            strings = re.findall(rb"[\x20-\x7e]{6,}", file.read())
        text = "\n".join(line.decode() for line in strings if b"src/" not in line and b"debug" not in line)
        named = {name for name in self.named_in(text) if not name.startswith("-")}
        self.assertIn("usb-drive.conf", named)
        self.assertEqual(named - self.docs, set())

    def test_documents_name_only_what_is_installed_too(self):
        for name in sorted(self.docs):
            if name.endswith(".md"):
                for link in re.findall(r"\]\((?!http)([^)#]+)", self.text(f"usr/share/doc/pastcam/{name}")):
                    base = os.path.basename(link)
                    self.assertTrue(base in self.docs | ELSEWHERE, f"{name} links to {link}")

    def test_the_group_and_the_drop_in(self):
        self.assertRegex(self.text("usr/lib/sysusers.d/pastcam.conf"), r"(?m)^g\s+pastcam\s")
        drop_in = self.text("usr/share/doc/pastcam/usb-drive.conf")
        self.assertRegex(drop_in, r"(?m)^\[Service\]\nReadWritePaths=-/media/pictures$")
        for line in drop_in.splitlines():
            self.assertRegex(line, r"^(#.*|\[Service\]|ReadWritePaths=\S+)$")

    def test_the_packages_take_what_is_installed(self):
        debian = os.path.join(ROOT, "packaging", "debian")
        for name in ("pastcam", "pastcam-web", "pastcam-hub"):
            with open(os.path.join(debian, f"{name}.install"), encoding="ascii") as file:
                for path in file.read().split():
                    self.assertTrue(os.path.exists(self.path(path)), f"{name} takes {path}")
            self.assertTrue(os.path.exists(self.path(f"usr/lib/systemd/system/{name}.service")))
        with open(os.path.join(debian, "changelog"), encoding="utf-8") as file:
            packaged = re.match(r"pastcam \((.+)-\d+\) ", file.readline()).group(1)
        said = subprocess.run([self.path("usr/bin/pastcam"), "--version"], capture_output=True, text=True, check=True).stdout
        self.assertIn(f" {packaged}", said)


if __name__ == "__main__":
    unittest.main(verbosity=2)
