"""What the tests of sealed recordings share: a key, daemons that seal for it, and `age`, which opens what they wrote."""

import json
import os
import re
import subprocess

from faults import Folder
from harness import BINARY, Daemon

FPS = 20
VIDEO = {"encoder.kind": "mjpeg", "clip.before_s": 1, "clip.after_s": 1}


def sealed_paths(reply):
    return re.findall(r"/\S+?\.age", reply)


def count_frames_of_piece(path):
    """How many frames can be decoded of a video that may break off."""
    command = ["ffprobe", "-v", "quiet", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", path]
    return int(subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip(",\n"))


def age_d(key, path):
    """What `age -d` makes of the file: its exit code, the bytes that it gave, and what it said."""
    done = subprocess.run(["age", "-d", "-i", key, path], capture_output=True, check=False)
    return done.returncode, done.stdout, done.stderr.decode()


class Sealed(Folder):
    def setUp(self):
        super().setUp()
        self.key = self.path("key")
        made = subprocess.run([BINARY, "seal-key", self.key], capture_output=True, text=True, check=True)
        self.recipient = re.search(r"age1[0-9a-z]{58}", made.stderr)[0]
        self.recipients = {"seal.recipients": json.dumps([self.recipient])}

    def daemon(self, options=None):
        daemon = Daemon(dict(self.recipients, **(options or {})), folder=self.folder)
        self.addCleanup(daemon.__exit__)
        daemon.__enter__()
        daemon.wait_frames(FPS // 2)
        return daemon

    def open(self, path):
        """The path of the opened file."""
        code, data, said = age_d(self.key, path)
        self.assertEqual((code, said), (0, ""))
        plain = os.path.join(self.folder, os.path.basename(path).removesuffix(".age"))
        with open(plain, "wb") as file:
            file.write(data)
        return plain
