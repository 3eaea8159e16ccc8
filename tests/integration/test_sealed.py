"""Sealed recordings: only who has the key opens them, whatever becomes of the daemon."""

import json
import os
import re
import signal
import subprocess

import numpy as np

import harness
from harness import BINARY, EventReader, wait_until
from moments import ago, missing
from pictures import load
from sealed import FPS, VIDEO, Sealed, age_d, count_frames_of_piece, sealed_paths
from videos import frames_of
from web import Site

SECRET = re.compile(rb"AGE-SECRET-KEY-1[0-9A-Z]+")


class Files(Sealed):
    def test_pictures_of_all_formats_are_sealed_and_opened(self):
        daemon = self.daemon()
        jpg, png, npy = (self.open(path) for path in sealed_paths(daemon.ask(f"past jpg png npy at={ago(daemon, 0.2)}")))
        pixels = np.load(npy)
        np.testing.assert_array_equal(load(png), pixels)
        self.assertLess(np.abs(load(jpg).astype(int) - pixels).mean(), 5)
        stack = sealed_paths(daemon.ask(f"pastStack png count=4 at={ago(daemon, 0.3)}"))
        self.assertEqual(load(self.open(stack[0])).shape, (240, 320, 3))
        self.assertEqual([name for name in daemon.files() if not name.endswith(".age")], [])

    def test_each_recipient_opens_them_and_nobody_else(self):
        other, stranger = self.path("other"), self.path("stranger")
        with open(self.path("list"), "w", encoding="utf-8") as file:
            file.write("# those who may look\n")
            for path in (other, stranger):
                made = subprocess.run([BINARY, "seal-key", path], capture_output=True, text=True, check=True)
                if path == other:
                    file.write(re.search(r"age1[0-9a-z]{58}", made.stderr)[0] + "\n")
        daemon = self.daemon({"seal.recipients": json.dumps([self.recipient, self.path("list")])})
        path = sealed_paths(daemon.ask("save jpg"))[0]
        self.assertEqual(age_d(self.key, path)[0:2], age_d(other, path)[0:2])
        code, data, said = age_d(stranger, path)
        self.assertEqual((code, data), (1, b""))
        self.assertIn("no identity matched", said)

    def test_what_was_altered_or_cut_off_is_refused(self):
        daemon = self.daemon()
        path = sealed_paths(daemon.ask("save npy"))[0]
        with open(path, "rb") as file:
            data = file.read()
        for at in (30, 120, len(data) // 2, len(data) - 1):
            changed = bytearray(data)
            changed[at] ^= 1
            self.assertNotEqual(self.refused(changed), data)
        for length in (len(data) - 1, len(data) - 40000, 250):
            self.refused(data[:length])

    def refused(self, data):
        with open(self.path("changed"), "wb") as file:
            file.write(data)
        code, _, said = age_d(self.key, self.path("changed"))
        self.assertEqual(code, 1, said)
        return data

    def test_a_clip_and_its_picture_are_sealed(self):
        daemon = self.daemon(VIDEO)
        with EventReader(daemon) as events:
            clip = sealed_paths(daemon.ask("clip wait"))[0]
            self.assertEqual(events.next("clip.end")["path"], clip)
        numbers, _ = frames_of(self.open(clip))
        lost = daemon.status()["camera"]["lost"]
        self.assertLessEqual(missing(numbers), lost)
        self.assertGreater(len(numbers) + lost, FPS)
        poster = clip.removesuffix(".mp4.age") + ".jpg.age"
        self.assertEqual(load(self.open(poster)).shape, (240, 320, 3))
        self.assertEqual([name for name in daemon.files() if not name.endswith(".age")], [])

    def test_a_killed_process_leaves_a_clip_that_opens_as_far_as_it_came(self):
        daemon = self.daemon(VIDEO)
        self.assertRegex(daemon.ask("clip after=600"), "^CLIP 1 ")

        def large():
            return [name for name in daemon.files() if name.startswith(".clip-") and
                    os.path.getsize(os.path.join(daemon.captures, name)) > 400000]
        wait_until(large, "a clip of 400 kB")
        daemon.process.send_signal(signal.SIGKILL)
        daemon.process.wait()
        self.assertEqual([name for name in daemon.files() if not name.endswith(".age")], [])
        daemon = self.daemon(VIDEO)
        name = wait_until(lambda: [one for one in daemon.files() if one.endswith("-recovered.mp4.age")], "the clip")[0]
        code, data, said = age_d(self.key, os.path.join(daemon.captures, name))
        self.assertEqual(code, 1, said)
        self.assertGreaterEqual(len(data), 400000 // 65552 * 65536)
        with open(self.path("cut.mp4"), "wb") as file:
            file.write(data[:len(data) // 65536 * 65536])
        self.assertGreater(count_frames_of_piece(self.path("cut.mp4")), FPS)
        wait_until(lambda: "sealed clip that was left unfinished" in daemon.log(), "the log")


class Page(Sealed):
    def test_the_page_hands_them_out_as_they_are_and_makes_no_thumbnail(self):
        with Site(options=self.recipients) as site:
            site.wait_frames(FPS // 2)
            name = site.web.ask("/api/save?wait=1", "POST", {"formats": ["jpg"]}).json()["files"][0]
            self.assertRegex(name, r"\.jpg\.age$")
            self.assertEqual([one["name"] for one in site.web.ask("/api/captures").json()["files"]], [name])
            answer = site.web.ask(f"/captures/{name}")
            self.assertEqual(answer.headers["Content-Type"], "application/octet-stream")
            with open(self.path(name), "wb") as file:
                file.write(answer.body)
            self.assertEqual(load(self.open(self.path(name))).shape, (240, 320, 3))
            small = site.web.ask(f"/captures/{name}?width=160")
            self.assertEqual(small.status, 422)
            self.assertIn("sealed", small.detail())


class Keys(Sealed):
    def check(self, recipients):
        return subprocess.run([BINARY, "-o", f"seal.recipients={json.dumps(recipients)}", "--check-config"],
                              capture_output=True, text=True, cwd=self.folder, check=False)

    def test_what_is_no_recipient_is_told(self):
        self.assertEqual(self.check([self.recipient]).returncode, 0)
        wrong = self.recipient[:-1] + ("q" if self.recipient[-1] != "q" else "p")
        for word, says in ((wrong, "is no key"), ("ssh-ed25519 AAAA", "SSH key"), (7, "list of texts")):
            done = self.check([word])
            self.assertEqual(done.returncode, 2)
            self.assertIn(says, done.stderr)
        done = self.check(["/nowhere/keys"])
        self.assertEqual(done.returncode, 44)
        self.assertIn("cannot read the recipients in /nowhere/keys", done.stderr)

    def test_a_secret_key_is_refused_and_never_shown(self):
        with open(self.key, "rb") as file:
            secret = SECRET.search(file.read())[0].decode()
        for recipients, code in (([secret], 2), ([secret.lower()], 2), ([self.key], 44)):
            done = self.check(recipients)
            self.assertEqual(done.returncode, code)
            self.assertIn("secret key is given as a recipient", done.stderr)
            self.assertNotIn(secret[20:].lower(), (done.stdout + done.stderr).lower())

    def test_a_new_key_is_for_its_owner_and_replaces_none(self):
        self.assertEqual(os.stat(self.key).st_mode & 0o777, 0o600)
        again = subprocess.run([BINARY, "seal-key", self.key], capture_output=True, text=True, check=False)
        self.assertEqual(again.returncode, 2)
        self.assertIn("there already", again.stderr)
        printed = subprocess.run([BINARY, "seal-key"], capture_output=True, check=True)
        self.assertRegex(printed.stdout, SECRET)
        self.assertNotRegex(printed.stderr, SECRET)
        public = subprocess.run(["age-keygen", "-y", self.key], capture_output=True, text=True, check=True)
        self.assertEqual(public.stdout.strip(), self.recipient)


if __name__ == "__main__":
    harness.main()
