"""What the build takes from Raspberry Pi's archive, as a list, and held against an archive that looks like theirs."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PROGRAM = os.path.join(ROOT, "board", "list-raspios")
KERNEL = "linux-image-6.12.47+rpt-rpi-v8"


def names(file):
    with open(os.path.join(ROOT, "board", "packages", f"{file}.txt"), encoding="utf-8") as lines:
        return [line.strip() for line in lines if not line.startswith("#")]


def ask(*words, **environment):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=False, timeout=300, env={**os.environ, **environment})


class Listing(unittest.TestCase):
    def test_it_names_archives_keys_packages_and_files_of_both_processors(self):
        for pi, words in (("arm64", ["linux-image-rpi-v8", "start4.elf", "archive.raspberrypi.com", "bcm27*.dtb"]),
                          ("armv6", ["linux-image-rpi-v6", "raspbian.raspberrypi.com", "g++-arm-linux-gnueabihf", "bcm2708-*.dtb"])):
            done = ask(pi)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            for word in ["raspi-firmware", "libcamera-ipa", "libcamera-dev", "raspberrypi-archive-keyring", *words]:
                self.assertIn(word, done.stdout)
            packages = re.findall(r"^package (\S+) \S", done.stdout, re.M)
            self.assertLessEqual({*names("runtime"), *names("sysroot")}, set(packages))
            self.assertEqual(len(packages), len(set(packages)))

    def test_it_asks_for_what_it_cannot_know(self):
        for words in ((), ("pi",), ("arm64", "now")):
            done = ask(*words)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn("usage: board/list-raspios arm64|armv6 [check]", done.stderr)


class Checking(unittest.TestCase):
    """Against packages that hold nothing but the files that the build looks for."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="pastcam-raspios-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        listed = ask("arm64").stdout
        self.files = {}
        for package, pattern in re.findall(r"^file (\S+) (\S+)$", listed, re.M):
            self.files.setdefault(KERNEL if package == "linux-image-rpi-v8" else package, []).append(pattern.lstrip("*/").replace("*", "x"))
        self.packages = [*self.files, "linux-image-rpi-v8", "all-others"]
        self.others = sorted({*names("runtime"), *names("sysroot")} - {*self.files})

    def package(self, name, version="1.0"):
        tree = os.path.join(self.folder, "tree")
        os.makedirs(os.path.join(tree, "DEBIAN"))
        with open(os.path.join(tree, "DEBIAN", "control"), "w", encoding="utf-8") as control:
            control.write(f"Package: {name}\nVersion: {version}\nArchitecture: arm64\nMaintainer: nobody\nDescription: none\n")
            if name == "linux-image-rpi-v8":
                control.write(f"Depends: {KERNEL}\n")
            if name == "all-others":
                control.write(f"Provides: {', '.join(self.others)}\n")
        for path in self.files.get(name, ()):
            os.makedirs(os.path.join(tree, os.path.dirname(path)), exist_ok=True)
            with open(os.path.join(tree, path), "w", encoding="utf-8"):
                pass
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, self.archive], check=True, capture_output=True)
        shutil.rmtree(tree)

    def entry(self, name):
        """Of the archive's index."""
        path = os.path.join(self.archive, name)
        with open(path, "rb") as file:
            content = file.read()
        control = subprocess.run(["dpkg-deb", "--field", path], check=True, capture_output=True, text=True).stdout
        return f"{control}Filename: ./{name}\nSize: {len(content)}\nSHA256: {hashlib.sha256(content).hexdigest()}\n\n"

    def check(self, versions=None):
        self.archive = os.path.join(self.folder, "archive")
        os.makedirs(self.archive, exist_ok=True)
        for name in self.packages:
            self.package(name, (versions or {}).get(name, "1.0"))
        with open(os.path.join(self.archive, "Packages"), "w", encoding="utf-8") as index:
            for name in sorted(os.listdir(self.archive)):
                if name.endswith(".deb"):
                    index.write(self.entry(name))
        return ask("arm64", "check", APT_SOURCES=f"deb [trusted=yes] file:{self.archive} ./", RASPBERRYPI_MIRROR=f"file:{self.archive}")

    def test_an_archive_that_has_all_is_well(self):
        done = self.check()
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertNotIn("missing", done.stdout)
        self.assertRegex(done.stdout, r"(?m)^taken raspi-firmware 1\.0 file:")
        self.assertRegex(done.stdout, r"(?m)^there raspi-firmware \*/start4\.elf$")

    def test_a_file_that_is_gone_is_named(self):
        self.files["raspi-firmware"].remove("start4.elf")
        done = self.check()
        self.assertEqual(done.returncode, 1)
        self.assertEqual(re.findall("(?m)^missing.*$", done.stdout), ["missing: */start4.elf in raspi-firmware"])

    def test_libraries_and_headers_of_two_versions_are_named(self):
        done = self.check({"libcamera-ipa": "2.0"})
        self.assertEqual(done.returncode, 1)
        self.assertEqual(re.findall("(?m)^missing.*$", done.stdout), ["missing: libcamera-ipa and libcamera-dev of one version"])

    def test_a_package_that_is_gone_ends_it_with_apt_s_words(self):
        self.packages.remove("libcamera-dev")
        done = self.check()
        self.assertEqual(done.returncode, 1)
        self.assertIn("libcamera-dev", done.stderr)


if __name__ == "__main__":
    unittest.main()
