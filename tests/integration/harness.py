"""Starts the real daemon in a folder of its own and talks to it as a client would."""

import json
import os
import random
import re
import shutil
import socket
import tempfile
import unittest

from program import BINARY, PATIENCE_S, ROOT, SANITIZED, Program, assignments, wait_until

# Stopping leaves an export behind that a slow disk (or a sanitizer) holds up, and its threads with it.
os.environ.setdefault("TSAN_OPTIONS", "report_thread_leaks=0")


def bind_free_port(host="127.0.0.1"):
    """A socket on a port that the kernel gives to no connection and to nobody who asks for any: who is told its number may
    take it later."""
    while True:
        probe = socket.socket()
        try:
            probe.bind((host, random.randrange(12000, 32000)))
            return probe
        except OSError:
            probe.close()


def free_port():
    with bind_free_port() as probe:
        return probe.getsockname()[1]


def names_in(folder):
    """Sorted. A folder is made with the first file in it, so one that is not there is empty."""
    try:
        return sorted(os.listdir(folder))
    except FileNotFoundError:
        return []


class Daemon(Program):
    """One pastcam with the synthetic camera, small pictures and a free port; options override anything."""

    DEFAULTS = {
        "camera.backend": "synthetic",
        "camera.width": 320,
        "camera.height": 240,
        "camera.framerate": 20,
        "ring.size": 100,
        "network.trigger_port": 0,
        "network.socket_dir": "",
        "storage.min_free_mb": 0,
        "night.enable": "false",
        **({"memory.max_rss_mb": 8000} if SANITIZED else {}),  # sanitizers take several bytes for each of the daemon's
    }

    READY = r"answers on \S+ port (\d+)"

    def __init__(self, options=None, config=None, folder=None, environment=None, arguments=(), wrapper=()):
        self.own_folder = folder is None
        folder = folder or tempfile.mkdtemp(prefix="pastcam-test-")
        self.captures = os.path.join(folder, "captures")
        config_path = os.path.join(folder, "config.json")
        with open(config_path, "w", encoding="utf-8") as file:
            json.dump(config or {}, file)
        merged = {**self.DEFAULTS, "export.base_dir": self.captures, **(options or {})}
        super().__init__(folder, "log", [*wrapper, BINARY, "-c", config_path, *arguments, *assignments(merged)], environment)

    def __exit__(self, *_):
        super().__exit__()
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self, line, newline=True, timeout=PATIENCE_S):
        """Sends one line and reads to the end of the stream."""
        with socket.create_connection(("127.0.0.1", self.port), timeout) as client:
            client.sendall(line.encode() + (b"\n" if newline else b""))
            if not newline:
                client.shutdown(socket.SHUT_WR)
            return read_all(client).decode()

    def status(self):
        return json.loads(self.ask("status"))

    def threads(self):
        """Of each name, how many seconds it has waited for a processor; 0 where the kernel does not count them."""
        waited = {}
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            try:
                with open(f"/proc/{self.process.pid}/task/{task}/comm", encoding="ascii") as file:
                    name = file.read().strip()
                waited[name] = 0
                with open(f"/proc/{self.process.pid}/task/{task}/schedstat", encoding="ascii") as file:
                    waited[name] = int(file.read().split()[1]) / 1e9
            except OSError:  # it has just ended
                pass
        return waited

    def wait_frames(self, count):
        """Until so many frames are in the ring, and nothing but its size limits it: while the thread "ring" has not touched all
        of its memory, which takes a busy machine seconds, the slots that are there are used again."""
        wait_until(lambda: "ring" not in self.threads(), "the ring's memory", 3 * PATIENCE_S)
        return wait_until(lambda: self.status()["ring"]["frames"] >= count, f"{count} frames")

    def wait_newer_frames(self, count):
        """Until so many frames have come after the newest one of now."""
        until = self.status()["ring"]["newest_id"] + count
        wait_until(lambda: self.status()["ring"]["newest_id"] >= until, f"{count} more frames")

    def files(self):
        return names_in(self.captures)


class EventReader:
    """A client that reads events from the first one on."""

    def __init__(self, daemon):
        self.socket = socket.create_connection(("127.0.0.1", daemon.port), PATIENCE_S)
        self.socket.sendall(b"events since=000000000000-0\n")  # an earlier life's: all that is kept
        self.lines = self.socket.makefile(encoding="utf-8")
        self.seen = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lines.close()
        self.socket.close()

    def next(self, name):
        """The next event of that name; what comes before is kept in seen."""
        for line in self.lines:
            event = json.loads(line)
            self.seen.append(event)
            if event["event"] == name:
                return event
        raise AssertionError(f"the stream ended before {name}: {[event['event'] for event in self.seen]}")

    def names(self, *of):
        """Those of these names that came so far, in their order."""
        return [event["event"] for event in self.seen if event["event"] in of]


def read_all(client):
    reply = b""
    while chunk := client.recv(65536):
        reply += chunk
    return reply


def what_came(client):
    """As read_all, for who may be reset at the end: who went on sending after the answer, or whose daemon has stopped."""
    reply = b""
    try:
        while chunk := client.recv(65536):
            reply += chunk
    except ConnectionError:
        pass
    return reply


def connect(daemon, host="127.0.0.1"):
    return socket.create_connection((host, daemon.port), PATIENCE_S)


def exchange(daemon, data, half_close=False, host="127.0.0.1"):
    """Sends data and reads to the end of the stream."""
    with connect(daemon, host) as client:
        client.sendall(data)
        if half_close:
            client.shutdown(socket.SHUT_WR)
        return read_all(client).decode()


def paths_of(reply):
    """The files that a reply names."""
    return re.findall(r"/[^\s,|()]+\.(?:jpg|png|npy)", reply)


def main():
    unittest.main(verbosity=2)
