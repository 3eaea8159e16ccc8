"""Signed recordings: `pastcam verify` tells what is missing, altered or out of order."""

import json
import os
import re
import shutil
import subprocess

import harness
from faults import Folder
from harness import BINARY, Daemon, paths_of, wait_until
from moments import ago
from videos import clip_of

FPS = 20


class Signed(Folder):
    def setUp(self):
        super().setUp()
        self.key = self.path("sign-key")
        made = subprocess.run([BINARY, "sign-key", self.key], capture_output=True, text=True, check=True)
        self.public = re.search(r"pastcam-sign1[0-9a-z]+", made.stdout)[0]
        self.captures = self.path("captures")

    def daemon(self, options=None, **more):
        options = {"seal.sign_key_file": self.key, "encoder.kind": "mjpeg", "clip.before_s": 0.5, "clip.after_s": 0.5, **(options or {})}
        daemon = Daemon(options, folder=self.folder, **more)
        self.addCleanup(daemon.__exit__)
        daemon.__enter__()
        daemon.wait_frames(FPS // 2)
        return daemon

    def verify(self, *more):
        done = subprocess.run([BINARY, "verify", self.captures, *(more or (self.public,))], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def lines(self, name="manifest.jsonl"):
        with open(os.path.join(self.captures, name), encoding="utf-8") as file:
            return file.read().splitlines(keepends=True)

    def put_lines(self, lines):
        with open(os.path.join(self.captures, "manifest.jsonl"), "w", encoding="utf-8") as file:
            file.writelines(lines)

    def assert_wrong(self, says):
        code, said = self.verify()
        self.assertEqual(code, 1, said)
        self.assertRegex(said, says)

    def record(self):
        daemon = self.daemon()
        pictures = [path for line in ("save jpg png", "past npy at={}", "past jpg at={} count=5")
                    for path in paths_of(daemon.ask(line.format(ago(daemon, 0.3))))]
        self.assertEqual(len(pictures), 8)
        clip = clip_of(daemon.ask("clip wait"))
        poster = os.path.basename(clip).replace(".mp4", ".jpg")
        wait_until(lambda: any(poster in line for line in self.lines()), "the clip's picture to be signed")
        self.assertEqual(daemon.stop(), 0)
        return pictures, clip

    def test_each_file_is_signed_and_whatever_happens_to_one_is_told(self):
        pictures, clip = self.record()
        self.assertEqual([json.loads(line)["n"] for line in self.lines()], list(range(1, len(self.lines()) + 1)))
        code, said = self.verify()
        self.assertEqual(code, 0, said)
        self.assertIn(f"{len(os.listdir(self.captures)) - 1} files are as they were signed", said)
        shutil.copytree(self.captures, self.path("kept"))

        def again():
            shutil.rmtree(self.captures)
            shutil.copytree(self.path("kept"), self.captures)
        for path in (pictures[1], clip):
            os.unlink(path)
            self.assert_wrong(f"(?m)^missing: {os.path.basename(path)}$")
            again()
            with open(path, "r+b") as file:
                file.seek(os.path.getsize(path) // 2)
                byte = file.read(1)[0]
                file.seek(-1, os.SEEK_CUR)
                file.write(bytes([byte ^ 1]))
            self.assert_wrong(f"(?m)^altered: {os.path.basename(path)}$")
            again()
        shutil.copy(clip, os.path.join(self.captures, "20200101_000000_f00000001.mp4"))
        self.assert_wrong(r"(?m)^not signed: 20200101_000000_f00000001\.mp4$")
        again()
        lines = self.lines()
        for changed, says in ((lines[:2] + lines[3:], "line 3 is out of order"), (lines[:2] + [lines[3], lines[2]] + lines[4:], "line 3 is out of order"),
                              ([line.replace('"bytes":', '"bytes":1', 1) if i == 2 else line for i, line in enumerate(lines)], "line 3 was altered")):
            self.put_lines(changed)
            self.assert_wrong(says)
        again()
        other = subprocess.run([BINARY, "sign-key", self.path("other")], capture_output=True, text=True, check=True).stdout
        code, said = self.verify(re.search(r"pastcam-sign1[0-9a-z]+", other)[0])
        self.assertEqual(code, 2)
        self.assertIn("another key", said)

    def test_the_chain_goes_on_after_a_restart_and_a_torn_line(self):
        self.record()
        with open(os.path.join(self.captures, "manifest.jsonl"), "a", encoding="utf-8") as file:
            file.write('{"n":99,"time":"2026')
        pictures, _ = self.record()
        self.assertEqual(len([line for line in self.lines() if os.path.basename(pictures[0]) in line]), 1)
        code, said = self.verify()
        self.assertEqual(code, 0, said)

    def test_what_retention_deletes_is_not_missing(self):
        daemon = self.daemon()
        first = paths_of(daemon.ask("save npy"))[0]
        self.assertEqual(len(paths_of(daemon.ask(f"past npy at={ago(daemon, 0.3)} count=5"))), 5)
        self.assertEqual(daemon.stop(), 0)
        os.utime(first, (1577836800, 1577836800))
        daemon = self.daemon({"storage.max_total_mb": 1})
        wait_until(lambda: not os.path.exists(first), "the old one to go")
        wait_until(lambda: '"deleted"' in self.lines()[-1], "its line")
        self.assertEqual(daemon.stop(), 0)
        code, said = self.verify()
        self.assertEqual(code, 0, said)

    def test_a_key_that_others_can_read_is_refused(self):
        os.chmod(self.key, 0o644)
        done = subprocess.run([BINARY, "-o", f"seal.sign_key_file={self.key}", "--check-config"], capture_output=True, text=True, cwd=self.folder, check=False)
        self.assertEqual(done.returncode, 44)
        self.assertIn("others than its owner have access", done.stderr)
        os.chmod(self.key, 0o600)
        with open(self.key, "w", encoding="utf-8") as file:
            file.write("0123456789abcdef0123456789abcdef\n")
        done = subprocess.run([BINARY, "-o", f"seal.sign_key_file={self.key}", "--check-config"], capture_output=True, text=True, cwd=self.folder, check=False)
        self.assertEqual(done.returncode, 44)
        self.assertIn("is no key of `pastcam sign-key`", done.stderr)
        self.assertEqual(self.verify("age1x")[0], 2)


if __name__ == "__main__":
    harness.main()
