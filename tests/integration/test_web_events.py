"""Events over HTTP: one connection to each daemon, however many listen, and whoever reads slowly."""

import json
import os
import re
import socket
import tempfile
import threading
import time
import unittest

from harness import PATIENCE_S, main, wait_until
from web import Web

KEPT = 1024


def event(number, boot="64570ff31f04", **fields):
    return json.dumps({"event": "trigger", "id": f"{boot}-{number}", "camera": "", **fields}) + "\n"


class Daemon:
    """The socket of a camera that answers `events` and `log` as a test has it."""

    def __init__(self, folder, name="yard"):
        self.lines, self.events, self.followers = [], [], []  # asked for; kept; connections without an end
        self.refusal = None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(os.path.join(folder, "sockets", f"{name}.sock"))
        self.listener.listen(16)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            client.settimeout(PATIENCE_S)
            line = client.makefile("r").readline().split()
            self.lines.append(line)
            if self.refusal:
                client.sendall(self.refusal.encode())
            elif "once" in line:
                after = int(line[1].rpartition("-")[2])
                client.sendall(("" if after else '{"event":"lost","count":null}\n').encode() + "".join(self.events[after:]).encode())
            else:
                self.followers.append(client)
                continue
            client.close()

    def tell(self, *events):
        wait_until(lambda: self.followers, "one that follows")
        self.events += events
        self.followers[-1].sendall("".join(events).encode())

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()
        for client in self.followers:
            client.close()


class Listener:
    def __init__(self, web, path="/api/events", headers="", bytes_unread=0):
        self.client = socket.socket()
        self.client.settimeout(PATIENCE_S)
        if bytes_unread:
            self.client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, bytes_unread)
        self.client.connect(("127.0.0.1", web.port))
        self.client.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n{headers}\r\n".encode())
        self.data = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()

    def read_until(self, text):
        deadline = time.monotonic() + PATIENCE_S  # there is a heartbeat each 10 s
        while text not in self.data:
            chunk = self.client.recv(65536)
            assert chunk and time.monotonic() < deadline, self.data[-500:]
            self.data += chunk
        return self.data.decode()


def numbers(text):
    return [int(number) for number in re.findall(r'data: .*"event":"trigger".*?-(\d+)"', text)]


def lost(text):
    return [json.loads(data)["count"] for data in re.findall(r"event: lost\n(?:id: .*\n)?data: (.*)\n", text)]


class OneUpstream(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="pastcam-web-test-")
        self.addCleanup(temporary.cleanup)
        self.folder = temporary.name
        os.mkdir(os.path.join(self.folder, "sockets"))
        self.daemon = Daemon(self.folder)
        self.addCleanup(self.daemon.close)
        self.web = Web(self.folder)
        self.addCleanup(self.web.__exit__)
        self.web.wait_ready()
        wait_until(lambda: self.web.ask("/api/cameras").json()["cameras"], "the camera")

    def test_the_daemon_is_followed_once_however_many_listen(self):
        self.daemon.events = [event(1), event(2)]
        with Listener(self.web, "/api/events?since=all") as first, Listener(self.web, headers="Last-Event-ID: yard=64570ff31f04-1\r\n") as second:
            first.read_until(b"f04-2")
            second.read_until(b"f04-2")
            with Listener(self.web) as third:
                third.read_until(b"event: cameras")
                self.daemon.tell(event(3))
                texts = [listener.read_until(b'f04-3"') for listener in (first, second, third)]
            self.assertEqual([numbers(text) for text in texts], [[1, 2, 3], [2, 3], [3]])
            self.assertEqual([lost(text) for text in texts], [[], [], []])
            self.assertIn("\nid: yard=64570ff31f04-3\n", texts[0])
            self.assertEqual(self.daemon.lines, [["events", "since=000000000000-0", "once"], ["events", "since=64570ff31f04-2"]])
        self.assertEqual(self.daemon.followers[0].recv(1), b"")  # it goes with the last of them

    def test_the_log_is_followed_apart_from_the_events(self):
        line = json.dumps({"event": "log", "id": "64570ff31f04-1", "text": "hello"}) + "\n"
        self.daemon.events = [line]
        with Listener(self.web, "/api/log?since=all") as log:
            text = log.read_until(b"hello")
        self.assertIn("event: log\n", text)
        self.assertEqual(self.daemon.lines[0][0], "log")

    def test_who_reads_slowly_is_told_how_many_were_lost(self):
        self.daemon.events = [event(1)]
        with Listener(self.web, "/api/events?since=all", bytes_unread=4096) as slow, Listener(self.web) as quick:
            slow.read_until(b"f04-1")
            count = 12 * KEPT
            for first in range(2, count, KEPT // 2):
                self.daemon.tell(*(event(number, label="x" * 500) for number in range(first, first + KEPT // 2)))
                quick.read_until(f"f04-{first + KEPT // 2 - 1}\"".encode())
            last = first + KEPT // 2 - 1
            slow.client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            text = slow.read_until(f"f04-{last}\"".encode())
            quick.client.close()
        self.assertEqual((numbers(quick.data.decode()), lost(quick.data.decode())), (list(range(2, last + 1)), []))
        got, missed = numbers(text), lost(text)
        self.assertEqual(len(missed), 1, missed)
        self.assertEqual(len(got) + missed[0], last)
        self.assertEqual(got[-KEPT:][0] + len(got[-KEPT:]) - 1, last)

    def test_an_id_that_is_not_kept_any_more_is_told_as_lost(self):
        self.daemon.events = [event(number) for number in range(1, 5)]
        with Listener(self.web, headers="Last-Event-ID: 0123456789ab-7\r\n") as strange:
            text = strange.read_until(b'f04-4"')
        self.assertEqual((numbers(text), lost(text)), ([1, 2, 3, 4], [None]))

    def test_a_daemon_that_refuses_is_away_with_its_own_reason(self):
        self.daemon.refusal = "BUSY all places for streams are taken\n"
        with Listener(self.web, "/api/events?since=all") as listener:
            listener.read_until(b'"reason":"BUSY all places for streams are taken"}')
            self.daemon.events, self.daemon.refusal = [event(1)], None
            listener.read_until(b"event: back")
            with Listener(self.web, "/api/events?since=all") as later:  # not told what was long ago
                self.assertNotIn("away", later.read_until(b'f04-1"'))
            text = listener.read_until(b'f04-1"')
        self.assertEqual((text.count("event: away"), numbers(text)), (1, [1]))

    def test_it_goes_on_when_the_connection_is_lost_and_nothing_new_is_kept(self):
        self.daemon.events = [event(1)]
        with Listener(self.web, "/api/events?since=all") as listener:
            listener.read_until(b'f04-1"')
            wait_until(lambda: self.daemon.followers, "one that follows")
            self.daemon.followers.pop().close()
            listener.read_until(b"event: away")
            wait_until(lambda: self.daemon.followers, "one that follows again")
            self.assertNotIn(b"back", listener.data)
            self.daemon.followers[-1].sendall(b'{"event":"heartbeat"}\n')
            listener.read_until(b"event: back")
            self.daemon.tell(event(2))
            text = listener.read_until(b'f04-2"')
        self.assertEqual((numbers(text), lost(text)), ([1, 2], []))
        self.assertEqual([line[1] for line in self.daemon.lines], ["since=000000000000-0", "since=64570ff31f04-1", "since=64570ff31f04-1"])

    def test_who_comes_while_a_daemon_is_away_is_told(self):
        self.daemon.refusal = "BUSY not now\n"
        with Listener(self.web) as first:
            first.read_until(b"event: away")
            with Listener(self.web) as second:
                self.assertIn('{"camera":"yard","reason":"BUSY not now"}', second.read_until(b"event: away\ndata: {\"camera\":\"yard\",\"reason\":\"BUSY not now\"}"))

    def test_what_is_no_event_is_left_out(self):
        self.daemon.events = [event(1), "nonsense\n", '{"event":"heartbeat"}\n', '{"event":7}\n', '{"event":"a\\nb"}\n', "[[[[\n", event(2)]
        with Listener(self.web, "/api/events?since=all") as listener:
            text = listener.read_until(b'f04-2"')
        self.assertEqual(re.findall("event: (.*)\n", text), ["cameras", "trigger", "trigger"])


if __name__ == "__main__":
    main()
