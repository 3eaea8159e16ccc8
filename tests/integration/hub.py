"""Starts pastcam-hub beside real daemons, or beside a daemon of the test's own that says what the test wants."""

import contextlib
import json
import os
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time

from harness import BINARY, PATIENCE_S, Daemon, wait_until
from program import Program, assignments

HUB = os.environ.get("PASTCAM_HUB", os.path.join(os.path.dirname(BINARY), "pastcam-hub"))


# libmosquitto takes its own locks in two orders, though all of it is on one thread.
ENVIRONMENT = {"TSAN_OPTIONS": os.environ.get("TSAN_OPTIONS", "") + " detect_deadlocks=0"}


class Hub(Program):
    """One pastcam-hub over the sockets in folder; options override anything."""

    READY = "Looking for cameras"

    def __init__(self, folder, options=None, config=None):
        self.data = os.path.join(folder, "hub")
        self.config_path = os.path.join(folder, "hub.json")
        if config is not None or not os.path.exists(self.config_path):
            with open(self.config_path, "w", encoding="utf-8") as file:
                json.dump(config or {}, file)
        merged = {"hub.data_dir": self.data, "network.socket_dir": os.path.join(folder, "sockets"),
                  "export.base_dir": os.path.join(folder, "captures"), **(options or {})}
        super().__init__(folder, "hub.log", [HUB, "-c", self.config_path, *assignments(merged)], ENVIRONMENT)

    def run(self, *words, check=True):
        return subprocess.run([*self.command, *words], cwd=self.folder, stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=PATIENCE_S, check=check)

    def events(self, *words):
        """What `pastcam-hub events` tells; none while there is no store."""
        done = self.run("events", "--json", *words, check=False)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def wait_event(self, name, count=1):
        def there():
            found = [event for event in self.events() if event["event"] == name]
            return found if len(found) >= count else None
        return wait_until(there, f"{count} {name} in the store")

    def query(self, text):
        with contextlib.closing(sqlite3.connect(f"file:{self.data}/hub.db?mode=ro", timeout=PATIENCE_S, uri=True)) as database:
            return database.execute(text).fetchall()


class Camera:
    """A socket that speaks the line protocol as the test says: it sends events, keeps the lines it is asked, and answers."""

    def __init__(self, folder, name="yard", run="aaaaaaaaaaaa"):
        os.makedirs(os.path.join(folder, "sockets"), exist_ok=True)
        self.name, self.run = name, run
        self.path = os.path.join(folder, "sockets", f"{name}.sock")
        self.kept = []
        self.asked = []
        self.sinces = []
        self.readers = []
        self.answers = {}
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.lock = threading.Lock()
        self.listener = None

    def __enter__(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(16)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()
        return self

    def __exit__(self, *_):
        with self.lock:
            if self.listener is None:
                return
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None
            for reader in self.readers:
                reader.close()
            self.readers = []
            if os.path.exists(self.path):
                os.unlink(self.path)

    def accept(self, listener):
        while True:
            try:
                client = listener.accept()[0]
            except OSError:
                return
            line = client.makefile().readline().strip()  # here, so that they are known in the order in which they came
            if not line:  # killed before it had asked
                client.close()
                continue
            if not line.startswith("events"):
                self.asked.append(line)
            threading.Thread(target=self.serve, args=(client, line), daemon=True).start()

    def serve(self, client, line):
        if line.startswith("events"):
            since = line.partition("since=")[2]
            with self.lock:
                self.sinces.append(since)
                run, _, number = since.partition("-")
                first = int(number) if run == self.run else 0
                self.readers.append(client)
                for event in self.kept[first:]:
                    self.put(client, event)
            return
        self.may_answer.wait(PATIENCE_S)
        answer = self.answers.get((line.split() or [""])[0], "{}" if line == "status" else "DONE")
        try:
            client.sendall(answer.encode() + b"\n")
        except OSError:
            pass
        client.close()

    @staticmethod
    def put(client, event):
        try:
            client.sendall(json.dumps(event).encode() + b"\n")
        except OSError:
            pass

    def make(self, name, epoch=None, **fields):
        number = len(self.kept) + 1
        return {"event": name, "id": f"{self.run}-{number}", "epoch": round(epoch or time.time(), 3), "monotonic": time.monotonic(), "camera": "",
                **fields}

    def say(self, name, epoch=None, **fields):
        """An event, to all who read, and kept."""
        with self.lock:
            event = self.make(name, epoch, **fields)
            self.kept.append(event)
            for reader in self.readers:
                self.put(reader, event)
        return event

    def say_raw(self, text):
        with self.lock:
            for reader in self.readers:
                reader.sendall(text.encode())

    def wait_reader(self):
        wait_until(lambda: self.readers, "the hub to follow")


class Place:
    """A folder for a hub and cameras, and what is to be stopped with it."""

    def __init__(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="pastcam-hub-test-")
        self.folder = self.temporary.name
        self.captures = os.path.join(self.folder, "captures")
        os.mkdir(os.path.join(self.folder, "sockets"))
        self.parts = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        while self.parts:
            self.parts.pop().__exit__()
        self.temporary.cleanup()

    def add(self, part):
        part.__enter__()
        self.parts.append(part)
        return part

    def hub(self, options=None, config=None):
        return self.add(Hub(self.folder, options, config))

    def camera(self, name="yard", run="aaaaaaaaaaaa"):
        return self.add(Camera(self.folder, name, run))

    def daemon(self, options=None):
        folder = os.path.join(self.folder, "camera")
        os.makedirs(folder, exist_ok=True)
        return self.add(Daemon({"network.socket_dir": os.path.join(self.folder, "sockets"),
                                "export.base_dir": self.captures, **(options or {})}, folder=folder))
