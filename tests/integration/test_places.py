"""A plain container or chroot, as package builders have: what it forbids is found out first, and left out by name."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
RUN = os.path.join(HERE, "..", "run")
NEEDY = os.path.join(HERE, "test_reliability_zone.py")
REFUSALS = ("unshare: unshare failed: Operation not permitted", "unshare: cannot change root filesystem propagation: Invalid argument",
            "mount: /tmp/x: permission denied.")


class Places(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="pastcam-test-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def script(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o755)
        return path

    def run_here(self, *command, **environment):
        environment = {key: value for key, value in dict(os.environ, **environment).items() if key != "PASTCAM_OWN_MOUNTS"}
        return subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True, check=False)

    def plain(self, refusal):
        """PATH of a place where nobody may mount."""
        self.script("unshare", f"#!/bin/sh\necho '{refusal}' >&2\nexit 1\n")
        return f"{self.folder}:{os.environ['PATH']}"

    def test_what_cannot_run_is_named_with_the_reason_and_the_rest_passes(self):
        other = self.script("test_other.sh", "exit 0\n")
        for refusal in REFUSALS:
            done = self.run_here(RUN, NEEDY, other, PATH=self.plain(refusal))
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn(f"left out here: {NEEDY} needs mounts of its own: {refusal}", done.stdout)
            self.assertIn("1 passed, 0 failed, 1 files left out here", done.stdout)

    def test_leaving_all_out_is_no_success(self):
        done = self.run_here(RUN, NEEDY, PATH=self.plain(REFUSALS[0]))
        self.assertEqual(done.returncode, 1)

    def test_a_place_without_unshare(self):
        for name in ("python3", "sh", "mount", "mkdir"):
            os.symlink(shutil.which(name), os.path.join(self.folder, name))
        self.assertIn("unshare: No such file", self.run_here(RUN, NEEDY, PATH=self.folder).stdout)

    def test_a_file_run_by_itself_says_why_it_cannot(self):
        done = self.run_here(NEEDY, PATH=self.plain(REFUSALS[0]))
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"needs mounts of its own: {REFUSALS[0]}", done.stderr)

    def test_files_that_mount_say_so(self):
        for name in os.listdir(HERE):
            if not name.startswith("test_") or name == os.path.basename(__file__):
                continue
            with open(os.path.join(HERE, name), encoding="utf-8") as file:
                text = file.read()
            if re.search(r'enter_own_mounts\(|\["(un)?mount"|"unshare"', text):
                self.assertRegex(text, r"(?m)^Needs: .*own mounts", name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
