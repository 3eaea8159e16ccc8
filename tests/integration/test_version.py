"""The version stands in config.mk; whatever else names it says the same."""

import os
import re
import subprocess
import unittest

import harness

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


class Version(unittest.TestCase):
    VERSION = re.search(r"^VERSION = (\S+)$", read("config.mk"), re.M)[1]

    def test_the_programs_tell_it(self):
        said = subprocess.run([harness.BINARY, "--version"], capture_output=True, text=True, check=True).stdout
        self.assertEqual(said.split()[1], self.VERSION)

    def test_the_documents_tell_it(self):
        for page in "pastcam", "pastcam-web", "pastcam-hub":
            self.assertRegex(read("docs", f"{page}.1").splitlines()[0], rf'"pastcam {re.escape(self.VERSION)}"$')
        self.assertEqual(re.search(r"^## (\S+)", read("CHANGELOG.md"), re.M)[1], self.VERSION)
        self.assertEqual(re.search(r"^pastcam \((.*)-\d+\)", read("packaging", "debian", "changelog"))[1], self.VERSION)
        self.assertEqual(re.search(r'"version": "(.*?)"', read("web", "openapi.json"))[1], self.VERSION)
        for text in read("README.md"), read("board", "README.md"):
            self.assertEqual(set(re.findall(r"pastcam-(\d+\.\d+\.\d+)-", text)), {self.VERSION})


if __name__ == "__main__":
    unittest.main()
