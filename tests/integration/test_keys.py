"""The keys that sign updates for cards: nothing of ours loses one, and one that is lost is said."""

import os
import shutil
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Keys(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="pastcam-test-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.tree, self.home = os.path.join(self.folder, "tree"), os.path.join(self.folder, "home")
        for folder in ("board", "src"):
            os.makedirs(os.path.join(self.tree, folder))
        for name in ("Makefile", "config.mk", "board/image.mk", "board/make-keys", "board/build-bundle"):
            shutil.copy(os.path.join(ROOT, name), os.path.join(self.tree, name))
        self.environment = {"PATH": os.environ["PATH"], "HOME": self.home}

    def put(self, *names):
        path = os.path.join(*names)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="ascii") as file:
            file.write("key")
        return path

    def run_in_tree(self, *command, **environment):
        return subprocess.run(command, cwd=self.tree, env=dict(self.environment, **environment), capture_output=True,
                              text=True, check=False)

    def test_keys_are_made_outside_of_what_clean_removes(self):
        said = self.run_in_tree("make", "-n", "card").stdout
        self.assertIn(f"board/make-keys {self.home}/.config/pastcam/keys/update-key.pem", said)
        self.assertNotIn("build/keys", self.run_in_tree("env", "-u", "HOME", "make", "-n", "card").stdout)
        said = self.run_in_tree("make", "-n", "card", XDG_CONFIG_HOME="/elsewhere").stdout
        self.assertIn("board/make-keys /elsewhere/pastcam/keys/update-key.pem", said)

    def test_clean_removes_what_was_built_and_no_key(self):
        key = self.put(self.tree, "build", "keys", "update-key.pem")  # where 0.1.0 put it
        self.put(self.tree, "build", "src", "a.o")
        self.put(self.tree, "build", ".stamp")
        home_key = self.put(self.home, ".config", "pastcam", "keys", "update-key.pem")
        done = self.run_in_tree("make", "clean")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(os.listdir(os.path.join(self.tree, "build")), ["keys"])
        self.assertTrue(os.path.exists(key) and os.path.exists(home_key))
        self.assertIn("kept build/keys", done.stdout)

    def test_clean_of_a_tree_without_keys_leaves_nothing(self):
        self.put(self.tree, "build", "src", "a.o")
        for _ in range(2):  # and of a clean one
            done = self.run_in_tree("make", "clean")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertFalse(os.path.exists(os.path.join(self.tree, "build")))

    def test_an_old_key_is_not_replaced_by_a_new_one(self):
        self.put(self.tree, "build", "keys", "update-key.pem")
        key = os.path.join(self.home, ".config", "pastcam", "keys", "update-key.pem")
        done = self.run_in_tree("board/make-keys", key, key + ".crt")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, "the key of your cards is in .*/build/keys, and belongs to .*/keys now: mkdir")
        self.assertFalse(os.path.exists(key))
        move = done.stderr.split("now: ")[1]
        self.assertEqual(self.run_in_tree("sh", "-c", move).returncode, 0)
        self.assertTrue(os.path.exists(key))

    def test_a_key_that_is_lost_is_said(self):
        certificate = self.put(self.home, "certificate.pem")
        done = self.run_in_tree("board/build-bundle", "arm64", "slot", "bundle", VERSION="1", RAUC_CERTIFICATE=certificate,
                                RAUC_KEY=os.path.join(self.home, "key.pem"))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, "key.pem is lost, and cards made with .*certificate.pem accept updates that it signed and no others")


if __name__ == "__main__":
    unittest.main(verbosity=2)
