"""Starts pastcam-web beside real daemons, and asks it as a browser or a program would."""

import http.client
import json
import os
import socket
import tempfile

from harness import BINARY, PATIENCE_S, Daemon, wait_until
from program import Program, assignments

WEB = os.environ.get("PASTCAM_WEB", os.path.join(os.path.dirname(BINARY), "pastcam-web"))


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)

    def detail(self):
        return self.json()["detail"]


def read_until(client, done):
    data = b""
    client.settimeout(PATIENCE_S)
    while not done(data):
        chunk = client.recv(65536)
        if not chunk:
            break
        data += chunk
    return data


class Web(Program):
    """One pastcam-web on a free port, over the sockets in folder; options override anything."""

    READY = r"The page is at https?://[^:\s]+:(\d+)"

    def __init__(self, folder, options=None, config=None):
        self.config_path = os.path.join(folder, "web.json")
        if config is not None or not os.path.exists(self.config_path):
            with open(self.config_path, "w", encoding="utf-8") as file:
                json.dump(config or {}, file)
        merged = {"web.port": 0, "network.socket_dir": os.path.join(folder, "sockets"),
                  "export.base_dir": os.path.join(folder, "captures"), **(options or {})}
        super().__init__(folder, "web.log", [WEB, "-c", self.config_path, *assignments(merged)])

    def ask(self, path, method="GET", body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        headers = dict(headers or {})
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, body=body, headers=headers)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def raw(self, data):
        """Sends bytes as they are, and reads to the end."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE_S) as client:
            reply = b""
            try:
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)
                while chunk := client.recv(65536):
                    reply += chunk
            except OSError:  # it has closed already, for what was wrong with the first bytes
                pass
            return reply

    def stream(self, path, headers=""):
        """A connection on which path was asked for."""
        client = socket.create_connection(("127.0.0.1", self.port), PATIENCE_S)
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode())
        return client


class Site:
    """A folder with a daemon for each name ("" is one without) and a pastcam-web over them."""

    def __init__(self, names=("",), options=None, web_options=None, config=None, wait=True):
        self.wait = wait  # until the page has all cameras
        self.temporary = tempfile.TemporaryDirectory(prefix="pastcam-web-test-")
        self.folder = self.temporary.name
        os.mkdir(os.path.join(self.folder, "sockets"))
        self.options = options or {}
        self.daemons = {name: self.make(name) for name in names}
        self.web = Web(self.folder, web_options, config)

    def make(self, name):
        folder = os.path.join(self.folder, f"camera-{name}")
        os.makedirs(folder, exist_ok=True)
        options = {"network.socket_dir": os.path.join(self.folder, "sockets"),
                   "export.base_dir": os.path.join(self.folder, "captures"), **self.options}
        return Daemon(options, {"cameras": {name: {}}} if name else {}, folder=folder,
                      arguments=["--camera", name] if name else [])

    def __enter__(self):
        try:
            for daemon in self.daemons.values():
                daemon.wait_ready()
            if not self.wait:
                return self
            self.web.wait_ready()
            count = len(self.daemons)
            wait_until(lambda: len(self.web.ask("/api/cameras").json()["cameras"]) == count or
                       self.web.ask("/api/cameras").status == 401, "the cameras")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.web.__exit__()
        for daemon in self.daemons.values():
            daemon.__exit__()
        self.temporary.cleanup()

    @property
    def daemon(self):
        return next(iter(self.daemons.values()))

    def wait_frames(self, count):
        for daemon in self.daemons.values():
            daemon.wait_frames(count)
