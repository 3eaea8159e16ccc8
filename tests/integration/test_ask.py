"""`pastcam ask`: a line to a running pastcam, for people without nc."""

import json
import os
import pty
import socket
import subprocess
import tempfile
import threading
import unittest

from harness import BINARY, PATIENCE_S, Daemon, bind_free_port, main

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 400


def ask(port, *words, options=(), stdout=subprocess.PIPE, config=None):
    """Runs pastcam ask against a port; returns exit code, standard output and standard error."""
    with tempfile.TemporaryDirectory(prefix="pastcam-ask-") as folder:
        path = os.path.join(folder, "config.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config or {"network": {"trigger_port": port, "socket_dir": ""}}, file)
        done = subprocess.run([BINARY, "-c", path, *options, "ask", *words], stdin=subprocess.DEVNULL, stdout=stdout,
                              stderr=subprocess.PIPE, timeout=PATIENCE_S, check=False)
        return done.returncode, done.stdout, done.stderr.decode()


class Peer:
    """A server that takes one line, answers with bytes, and closes."""

    def __init__(self, reply):
        self.reply = reply
        self.request = b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.thread.join(PATIENCE_S)
        self.listener.close()

    def serve(self):
        self.listener.settimeout(PATIENCE_S)
        client, _ = self.listener.accept()
        with client:
            client.settimeout(PATIENCE_S)
            while not self.request.endswith(b"\n"):
                self.request += client.recv(4096)
            client.sendall(self.reply)


class Ask(unittest.TestCase):
    def test_a_running_pastcam(self):
        with Daemon() as daemon:
            daemon.wait_frames(2)
            code, out, error = ask(daemon.port, "past", "at=-0.1", "png")
            self.assertEqual((code, error), (0, ""))
            self.assertRegex(out.decode(), r"^Saved 1 separate images .*\.png\n$")
            code, out, _ = ask(daemon.port, "past at=-0.1 count=2")
            self.assertRegex(out.decode(), "^Saved 2 separate images")

    def test_what_does_not_work_goes_to_standard_error(self):
        with Daemon() as daemon:
            daemon.wait_frames(1)
            code, out, error = ask(daemon.port, "save", "gif")
            self.assertEqual((code, out), (1, b""))
            self.assertRegex(error, "^NOT_SAVED .*gif")
            code, out, error = ask(daemon.port, "get", "at=-900000")
            self.assertEqual((code, out), (1, b""))
            self.assertRegex(error, "^NO_FRAMES: the past reaches back")

    def test_the_token_of_the_configuration(self):
        with tempfile.TemporaryDirectory(prefix="pastcam-ask-") as folder:
            token = os.path.join(folder, "token")
            subprocess.run([BINARY, "token", token], check=True, capture_output=True)
            with Daemon({"network.token_file": token}) as daemon:
                network = {"trigger_port": daemon.port, "token_file": token, "socket_dir": ""}
                self.assertEqual(ask(0, "version", config={"network": network})[0], 0)
                self.assertEqual(ask(daemon.port, "version"), (1, b"", "UNAUTHORISED\n"))
                network["token_file"] = os.path.join(folder, "none")
                code, _, error = ask(0, "version", config={"network": network})
                self.assertEqual(code, 1)
                self.assertIn("network.token_file", error)

    def test_bytes_are_copied_as_they_are(self):
        with Peer(PNG) as peer:
            code, out, error = ask(peer.port, "get", "png")
        self.assertEqual((code, error, out == PNG), (0, "", True))
        self.assertEqual(peer.request, b"get png\n")

    def test_no_picture_into_a_terminal(self):
        master, slave = pty.openpty()
        try:
            with Peer(PNG) as peer:
                code, _, error = ask(peer.port, "get", stdout=slave)
        finally:
            os.close(slave)
            os.close(master)
        self.assertEqual(code, 1)
        self.assertIn("pastcam ask get > past.jpg", error)

    def test_the_socket_comes_before_the_port_and_needs_no_token(self):
        with tempfile.TemporaryDirectory(prefix="pastcam-ask-") as folder:
            network = {"trigger_port": 1, "socket_dir": folder, "token_file": "/nowhere"}
            with Daemon({"network.socket_dir": folder}):
                code, out, error = ask(0, "version", config={"network": network})
                self.assertEqual((code, error), (0, ""))
                self.assertRegex(out.decode(), "^pastcam ")
            code, _, error = ask(0, "version", config={"network": network})
            self.assertEqual(code, 1)
            self.assertIn(f"nobody answers on {folder}/camera.sock, and network.token_file", error)
            with Daemon() as daemon:  # which has no socket
                network.update(trigger_port=daemon.port, token_file="")
                self.assertEqual(ask(0, "version", config={"network": network})[0], 0)

    def test_nobody_there(self):
        with bind_free_port() as nobody:
            code, out, error = ask(nobody.getsockname()[1], "save")
        self.assertEqual((code, out), (3, b""))
        self.assertRegex(error, "nobody answers on 127.0.0.1 port .*: is pastcam running")

    def test_a_reply_that_does_not_come(self):
        with Peer(b"") as peer:
            code, _, error = ask(peer.port, "save")
        self.assertEqual(code, 1)
        self.assertIn("closed without a reply", error)

    def test_a_full_disk(self):
        with Peer(PNG) as peer, open("/dev/full", "wb") as full:
            code, _, error = ask(peer.port, "get", stdout=full)
        self.assertEqual(code, 1)
        self.assertIn("No space left", error)

    def test_lines_that_are_none(self):
        self.assertEqual(ask(1, "two\nlines")[0], 1)
        self.assertEqual(ask(1, "x" * 1025)[0], 1)
        self.assertEqual(ask(1, "x" * 3000)[0], 2)
        self.assertEqual(ask(1)[0], 2)

    def test_several_cameras(self):
        nobody = bind_free_port()
        self.addCleanup(nobody.close)
        port = nobody.getsockname()[1]
        cameras = {"camera": {"backend": "synthetic"}, "network": {"socket_dir": ""}, "cameras": {"a": {}, "b": {"network": {"trigger_port": port}}}}
        code, _, error = ask(0, "save", config=cameras)
        self.assertEqual(code, 2)
        self.assertIn("say which, as in --camera a (a, b)", error)
        self.assertEqual(ask(0, "save", config=cameras, options=("--camera", "c"))[0], 2)
        code, _, error = ask(0, "save", config=cameras, options=("--camera", "b"))
        self.assertEqual(code, 3)
        self.assertIn(f"port {port}", error)


if __name__ == "__main__":
    main()
