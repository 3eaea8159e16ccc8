"""What the reliability tests and the soak share: mounts of their own, shims for LD_PRELOAD, checks of pictures."""

import atexit
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

from harness import SANITIZED, Daemon, names_in, paths_of
from pictures import load
from place import own_mounts

# Two frames a second: a machine that stands still for less than two seconds, as busy ones do, loses none of them.
UNHURRIED = {"camera.framerate": 2}
HERE = os.path.dirname(os.path.abspath(__file__))
COMMANDS = ("save jpg png npy", "save", "past png at=-0.3 count=6", "past npy at=-0.2", "pastStack npy at=-0.3 count=4",
            "pastStack jpg at=-0.5 mode=median", "past jpg at=-1 count=12")


def enter_own_mounts():
    """Starts this program once more where its mounts are nobody else's; without root in a user namespace."""
    if "PASTCAM_OWN_MOUNTS" in os.environ:
        return
    command, why = own_mounts()
    if command is None:
        sys.exit(f"{sys.argv[0]} needs {why}")
    os.environ["PASTCAM_OWN_MOUNTS"] = "1"
    os.execvp(command[0], [*command, sys.executable, *sys.argv])


class Shims:
    """Compiled on first use, into a folder that goes with this process."""
    LIBRARIES = {"v4l2_encoder": ("-lopenh264",)}
    folder = None

    @classmethod
    def path(cls, name):
        if cls.folder is None:
            cls.folder = tempfile.mkdtemp(prefix="pastcam-shims-")
            atexit.register(shutil.rmtree, cls.folder, ignore_errors=True)
        library = os.path.join(cls.folder, name + ".so")
        source = os.path.join(HERE, "shims", name + ".c")
        compiler = os.environ.get("CC", "cc").split()
        if not os.path.exists(source):
            source += "pp"
            flags = subprocess.check_output(["pkg-config", "--cflags", "libcamera"], text=True).split()
            compiler = [*os.environ.get("CXX", "c++").split(), "-std=c++17", *flags]
        if not os.path.exists(library):
            subprocess.run([*compiler, "-D_GNU_SOURCE", "-O2", "-shared", "-fPIC", "-o", library, source, "-ldl", "-pthread",
                            *cls.LIBRARIES.get(name, ())], check=True)
        return library


def preload(*names, **settings):
    """The environment of a daemon with these shims."""
    return {"LD_PRELOAD": " ".join(Shims.path(name) for name in names), "ASAN_OPTIONS": "verify_asan_link_order=0",
            **{key: str(value) for key, value in settings.items()}}


def put(path, value):
    """Writes a shim's file, never half."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(str(value))
    os.rename(path + ".new", path)


class Tmpfs:
    """A disk of its own at path, that can fill up, become read-only and vanish."""

    def __init__(self, path, mib, options=""):
        self.path, self.options = path, f"size={mib}m,mode=0755{options}"
        os.makedirs(path, exist_ok=True)
        self.mount()

    def mount(self):
        subprocess.run(["mount", "-t", "tmpfs", "-o", self.options, "tmpfs", self.path], check=True)

    def read_only(self, yes):
        """False when the kernel refuses, which it does while a file is open for writing."""
        return subprocess.run(["mount", "-o", "remount,bind,ro" if yes else "remount,bind,rw", self.path],
                              stderr=subprocess.DEVNULL, check=False).returncode == 0

    def vanish(self):
        subprocess.run(["umount", "-l", self.path], check=True)


def finished(folder):
    """Paths of all files that have a final name."""
    return [os.path.join(folder, name) for name in names_in(folder) if not name.startswith(".")]


def leftovers(folder):
    return [name for name in names_in(folder) if name.startswith(".pastcam-")]


def torn(paths):
    """Those of paths that are not whole pictures."""
    bad = []
    for path in paths:
        try:
            load(path)
        except Exception as reason:  # pylint: disable=broad-except # whatever the decoder says, it is torn
            bad.append(f"{path}: {reason}")
    return bad


def usage(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        text = file.read()
    return {"rss_mib": int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024,
            "threads": int(re.search(r"Threads:\s+(\d+)", text)[1]),
            "fds": len(os.listdir(f"/proc/{pid}/fd"))}


class Clients:
    """Clients that ask for pictures all the time, each in a thread, until told to stop or the daemon is gone."""

    def __init__(self, daemon: Daemon, commands=COMMANDS, count=3):
        self.daemon, self.commands = daemon, commands
        self.replies = []  # whole ones
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.work, args=(i,)) for i in range(count)]
        for thread in self.threads:
            thread.start()

    def work(self, turn):
        while not self.over.is_set():
            try:
                reply = self.daemon.ask(self.commands[turn % len(self.commands)])
            except OSError:
                return
            if reply.endswith("\n"):
                self.replies.append(reply)
            turn += 1

    def stop(self):
        """Returns all whole replies."""
        self.over.set()
        for thread in self.threads:
            thread.join()
        return self.replies


def promised(replies):
    """What the replies said is saved, also in part."""
    return [path for reply in replies for path in paths_of(reply)]


class Folder(unittest.TestCase):
    """A folder for each test, and disks in it."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="pastcam-test-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return self.path(name)

    def disk(self, name, mib, options=""):
        tmpfs = Tmpfs(self.path(name), mib, options)
        self.addCleanup(subprocess.run, ["umount", "-l", tmpfs.path], stderr=subprocess.DEVNULL, check=False)
        return tmpfs

    def ask_in_background(self, daemon, line):
        replies = []
        thread = threading.Thread(target=lambda: replies.append(daemon.ask(line)))
        thread.start()
        self.addCleanup(thread.join)
        return thread, replies

    def assert_lost_nothing(self, daemon):
        """Of one that is UNHURRIED: what is lost is not the machine's doing."""
        status = daemon.status()
        self.assertEqual((status["ring"]["dropped"], status["camera"]["stalls"]), (0, 0))
        if not SANITIZED:  # which are too slow for every frame to be in time
            self.assertEqual(status["camera"]["lost"], 0)

    def assert_whole(self, paths):
        self.assertEqual([path for path in paths if not os.path.exists(path)], [])
        self.assertEqual(torn(paths), [])
