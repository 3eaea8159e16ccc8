"""The trigger port under all that a network does to it: odd lines, slow and rude clients, floods. (Tokens, addresses
and what stops the start: test_network_start.py.)"""

import collections
import json
import os
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest

from faults import UNHURRIED, preload, put
from harness import PATIENCE_S, Daemon, connect, exchange, main, paths_of, read_all, wait_until, what_came

TOGETHER_S = 0.3  # a line ends when nothing follows for so long
TOO_LONG = "UNKNOWN_COMMAND the line is longer than 1024 bytes\n"


def reset(client):
    """Closes with a reset instead of an orderly end."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def descriptors(daemon):
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


def lost_frames(status):
    return status["camera"]["lost"] + status["camera"]["dropped"] + status["ring"]["dropped"]


class Lines(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon().__enter__()
        cls.daemon.wait_frames(5)

    @classmethod
    def tearDownClass(cls):
        cls.daemon.__exit__()

    def test_every_way_to_end_a_line(self):
        for data, half_close in ((b"version\n", False), (b"version\r\n", False), (b"  version \n", False),
                                 (b"version", True), (b"version", False), (b"version\nsave\n", False)):
            with self.subTest(data=data, half_close=half_close):
                self.assertRegex(exchange(self.daemon, data, half_close), r"^pastcam \S+\n$")

    def test_nc_with_and_without_a_newline(self):
        port = str(self.daemon.port)
        for text, options in (("save", []), ("save\n", []), ("save", ["-N"]), ("save jpg\n", ["-N"])):
            with self.subTest(text=text, options=options):
                done = subprocess.run(["nc", *options, "127.0.0.1", port], input=text.encode(), capture_output=True,
                                      timeout=PATIENCE_S, check=True)
                self.assertRegex(done.stdout.decode(), r"^Saved single full-resolution image: /.*\.jpg \(timestamp")

    def test_nc_that_keeps_its_input_open(self):
        nc = subprocess.Popen(["nc", "127.0.0.1", str(self.daemon.port)], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE)
        nc.stdin.write(b"version")
        nc.stdin.flush()
        self.assertRegex(nc.stdout.readline().decode(), r"^pastcam ")
        nc.stdin.close()  # only now does nc end
        nc.wait(PATIENCE_S)
        nc.stdout.close()

    def test_no_command_at_all(self):
        for data in (b"\n", b"\r\n", b"   \n", b"\n\n\n"):
            self.assertEqual(exchange(self.daemon, data), "UNKNOWN_COMMAND\n")
        self.assertEqual(exchange(self.daemon, b"", half_close=True), "")

    def test_unknown_commands(self):
        for data in (b"shoot\n", b"SAVE\n", b"saved\n", b"help me\x07\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                     b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\n", bytes(range(1, 10)) + b"\n", b"\x80\xff\xfe\n",
                     b"save\0png\n", b"save " + b"a " * 200 + b"\n"):
            with self.subTest(data=data):
                self.assertTrue(exchange(self.daemon, data).startswith("UNKNOWN_COMMAND"))

    def test_lines_too_long(self):
        self.assertEqual(exchange(self.daemon, b"x" * 1024 + b"\n"), "UNKNOWN_COMMAND\n")
        self.assertEqual(exchange(self.daemon, b"x" * 1025 + b"\n"), TOO_LONG)
        self.assertEqual(exchange(self.daemon, b"x" * 1_000_000, half_close=True), TOO_LONG)
        self.assertEqual(exchange(self.daemon, b"x" * 1_000_000 + b"\n"), TOO_LONG)
        self.assertEqual(exchange(self.daemon, os.urandom(1_000_000).replace(b"\n", b"?"), half_close=True), TOO_LONG)

    def test_wrong_arguments_are_explained(self):
        cases = {
            "save gif": 'NOT_SAVED unknown format "gif": use jpg, png or npy\n',
            "save at=-5": "NOT_SAVED save takes no at=\n",
            "past at=5": "NOT_SAVED at=5 lies in the future: at=-5 is that many seconds ago\n",
            "past at=-1e99": "NOT_SAVED at=-1e99 is not a moment: write seconds back (at=-5, at=-0.5), seconds since 1970 "
                              "or 2026-11-26T10:15:00Z\n",
            "past at=nan": "NOT_SAVED at=nan is not a moment: write seconds back (at=-5, at=-0.5), seconds since 1970 or "
                           "2026-11-26T10:15:00Z\n",
            "past count=0": "NOT_SAVED count=0 is not a whole number from 1 to 4096\n",
            "past count=99999999999": "NOT_SAVED count=99999999999 is not a whole number from 1 to 4096\n",
            "past mode=max": "NOT_SAVED past takes no mode=\n",
            "pastStack mode=average": 'NOT_SAVED unknown mode "average": use mean, median or max\n',
            "pastStack at=-1 at=-2": "NOT_SAVED at= is given twice\n",
        }
        for line, reply in cases.items():
            with self.subTest(line=line):
                self.assertEqual(self.daemon.ask(line), reply)

    def test_a_line_in_two_pieces(self):
        apart_s = TOGETHER_S
        while apart_s >= TOGETHER_S:  # until the machine does not stand still between them
            with connect(self.daemon) as client:
                begun = time.monotonic()
                client.sendall(b"ver")
                client.sendall(b"sion\n")
                apart_s = time.monotonic() - begun
                reply = read_all(client).decode()
        self.assertRegex(reply, "^pastcam ")


class Abuse(unittest.TestCase):
    """Each test ends with the same look at the daemon: nothing lost, nothing leaked, a normal client served."""

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(UNHURRIED).__enter__()
        cls.daemon.wait_frames(2)

    @classmethod
    def tearDownClass(cls):
        cls.daemon.__exit__()

    def setUp(self):
        self.before = self.daemon.status()
        wait_until(lambda: self.daemon.status()["network"]["clients"] == 1, "the others to leave")
        self.descriptors = descriptors(self.daemon)

    def tearDown(self):
        # BUSY while as many lines as may be under way are those of clients who left
        wait_until(lambda: self.daemon.ask("night_level") != "BUSY\n", "the lines of those who left to be worked off")
        self.assertRegex(self.daemon.ask("night_level"), "^LEVEL=")
        # BUSY while the disk still works off what those who left had asked for
        saved = wait_until(lambda: paths_of(self.daemon.ask("save")), "a picture")
        self.assertTrue(os.path.exists(saved[0]))
        after = self.daemon.status()
        self.assertEqual(lost_frames(after), lost_frames(self.before))
        self.assertGreater(after["ring"]["newest_id"], self.before["ring"]["newest_id"])
        wait_until(lambda: descriptors(self.daemon) <= self.descriptors, "the descriptors to be closed")

    def test_flood(self):
        open_clients = collections.deque()
        for number in range(10_000):
            client = socket.socket()
            client.settimeout(PATIENCE_S)
            client.connect(("127.0.0.1", self.daemon.port))
            if number % 4 == 1:
                client.send(b"night_level\n")
            elif number % 4 == 2:
                client.send(b"sav")
            elif number % 4 == 3:
                reset(client)
                continue
            open_clients.append(client)
            if len(open_clients) > 100:
                open_clients.popleft().close()
        for client in open_clients:
            client.close()

    def test_slow_clients_lock_nobody_out(self):
        clients = [connect(self.daemon) for _ in range(64)]
        for _ in range(5):
            for client in clients:
                try:
                    client.send(b"x")
                except OSError:
                    pass  # it was told BUSY, and left
            self.assertRegex(self.daemon.ask("night_level"), "^LEVEL=")
            time.sleep(0.1)
        for client in clients:
            with client:
                self.assertRegex(what_came(client).decode(), "^(BUSY|UNKNOWN_COMMAND.*)\n$")

    def test_silent_clients_lock_nobody_out(self):
        clients = [connect(self.daemon) for _ in range(64)]
        self.assertRegex(self.daemon.ask("night_level"), "^LEVEL=")
        for client in clients:
            client.close()

    def test_leaving_before_the_reply(self):
        kept = self.before["exports"]["kept"]
        for number in range(50):
            client = connect(self.daemon)
            client.send(b"save\n")
            if number % 2:
                reset(client)
            else:
                client.close()
        wait_until(lambda: self.exports()["kept"] > kept, "a picture of theirs")
        wait_until(lambda: self.exports()["waiting"] == 0, "the exports to end")

    def exports(self):
        """With as many waiting as wait for a worker or are at one."""
        reply = wait_until(lambda: (status := self.daemon.ask("status")) != "BUSY\n" and status, "those who have left to be done with")
        exports = json.loads(reply)["exports"]
        return {"kept": exports["kept"], "waiting": exports["waiting"] + exports["running"]}

    def test_half_closed_clients_get_their_reply(self):
        for _ in range(10):
            self.assertRegex(exchange(self.daemon, b"save", half_close=True), "^Saved ")

    def test_clients_that_do_not_read(self):
        clients = [connect(self.daemon) for _ in range(40)]
        for client in clients:
            client.send(b"status\n")
        self.assertRegex(wait_until(self.served, "a reply other than BUSY"), "^LEVEL=")
        for client in clients:
            client.close()

    def served(self):
        reply = self.daemon.ask("night_level")
        return None if reply == "BUSY\n" else reply

    def test_junk_from_many_at_once(self):
        def throw():
            for _ in range(50):
                try:
                    exchange(self.daemon, os.urandom(3000))
                except ConnectionError:
                    pass  # its end of the connection was thrown away with the junk
        threads = [threading.Thread(target=throw) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


class Limits(unittest.TestCase):
    def test_a_crowd_is_told_busy(self):
        folder = tempfile.TemporaryDirectory(prefix="pastcam-test-")
        self.addCleanup(folder.cleanup)
        delay = os.path.join(folder.name, "delay")
        put(delay, 600000)
        with Daemon({"network.max_clients": 4}, environment=preload("slow_disk", SHIM_FSYNC_MS=delay)) as daemon:
            daemon.wait_frames(5)
            waiting = []
            while len(waiting) < 3:  # as many exports as there may be at once: one client fewer
                client = connect(daemon)
                client.sendall(b"save\n")
                waiting.append(client)
            wait_until(lambda: daemon.status()["exports"]["asked"] == 3, "all to be asked")  # and questions find a place
            replies = [exchange(daemon, b"save\n") for _ in range(3)]
            self.assertEqual(replies, ["BUSY\n"] * 3)
            put(delay, 0)
            for client in waiting:  # all get what they waited for
                self.assertRegex(read_all(client).decode(), "^Saved ")
                client.close()
            self.assertRegex(daemon.ask("save"), "^Saved ")

    def test_few_descriptors_mean_fewer_clients(self):
        """And never a picture that cannot be written because clients hold them all."""
        with Daemon({"network.max_clients": 64}, wrapper=["prlimit", "--nofile=96:96"]) as daemon:
            daemon.wait_frames(2)
            self.assertRegex(daemon.log(), r"WARNING network\.max_clients: 16 clients at once instead of 64")
            silent = [connect(daemon) for _ in range(80)]
            for _ in range(5):
                self.assertRegex(daemon.ask("save jpg png npy"), "^Saved ")
            self.assertNotIn("Too many open files", daemon.log())
            for client in silent:
                client.close()
        with Daemon({"network.max_clients": 64}, wrapper=["prlimit", "--nofile=96:1024"]) as daemon:
            self.assertNotIn("WARNING network.max_clients", daemon.log())

    def test_stopping_under_fire(self):
        with Daemon() as daemon:
            daemon.wait_frames(5)
            stopping, answers = threading.Event(), []

            def fire():
                while not stopping.is_set():
                    for line in (b"status\n", b"past count=3\n", b"save png\n", b"health\n"):
                        try:
                            answers.append(exchange(daemon, line))
                        except OSError:
                            pass
            threads = [threading.Thread(target=fire) for _ in range(6)]
            for thread in threads:
                thread.start()
            wait_until(lambda: len(answers) > 50, "answers")
            code = daemon.stop()
            stopping.set()
            for thread in threads:
                thread.join()
            self.assertEqual(code, 0, daemon.log())
            if "did not finish in time" not in daemon.log():  # what took longer than a second is left behind
                self.assertFalse([name for name in daemon.files() if name.startswith(".")])


if __name__ == "__main__":
    main()
