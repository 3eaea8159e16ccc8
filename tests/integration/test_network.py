"""The trigger port under all that a network does to it: odd lines, slow and rude clients, floods, wrong tokens."""

import collections
import json
import os
import re
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest

from harness import BINARY, PATIENCE_S, Daemon, main, paths_of, read_all, wait_until

TOO_LONG = "UNKNOWN_COMMAND the line is longer than 1024 bytes\n"


def connect(daemon, host="127.0.0.1"):
    return socket.create_connection((host, daemon.port), PATIENCE_S)


def exchange(daemon, data, half_close=False, host="127.0.0.1"):
    """Sends data and reads to the end of the stream."""
    with connect(daemon, host) as client:
        client.sendall(data)
        if half_close:
            client.shutdown(socket.SHUT_WR)
        return read_all(client).decode()


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
            "past at=-1e99": "NOT_SAVED at=-1e99 is not a number of seconds: write at=-5 or at=-0.5\n",
            "past at=nan": "NOT_SAVED at=nan is not a number of seconds: write at=-5 or at=-0.5\n",
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
        with connect(self.daemon) as client:
            client.sendall(b"ver")
            client.sendall(b"sion\n")
            self.assertRegex(read_all(client).decode(), "^pastcam ")


class Abuse(unittest.TestCase):
    """Each test ends with the same look at the daemon: nothing lost, nothing leaked, a normal client served."""

    @classmethod
    def setUpClass(cls):
        # 200 ms a frame: what a busy machine's scheduler takes now and then is no lost frame of ours.
        cls.daemon = Daemon({"camera.framerate": 5}).__enter__()
        cls.daemon.wait_frames(2)

    @classmethod
    def tearDownClass(cls):
        cls.daemon.__exit__()

    def setUp(self):
        self.before = self.daemon.status()
        wait_until(lambda: self.daemon.status()["network"]["clients"] == 1, "the others to leave")
        self.descriptors = descriptors(self.daemon)

    def tearDown(self):
        started = time.monotonic()
        self.assertRegex(self.daemon.ask("night_level"), "^LEVEL=")
        self.assertLess(time.monotonic() - started, 1, "a normal client is answered within a second")
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
        replies = [read_all(client).decode() for client in clients]
        for client in clients:
            client.close()
        for reply in replies:
            self.assertRegex(reply, "^(BUSY|UNKNOWN_COMMAND.*)\n$")

    def test_silent_clients_lock_nobody_out(self):
        clients = [connect(self.daemon) for _ in range(64)]
        self.assertRegex(self.daemon.ask("night_level"), "^LEVEL=")
        for client in clients:
            client.close()

    def test_leaving_before_the_reply(self):
        for number in range(50):
            client = connect(self.daemon)
            client.send(b"save\n")
            if number % 2:
                reset(client)
            else:
                client.close()
        exports = wait_until(self.idle_exports, "the exports to end")
        self.assertGreater(exports["kept"], 0)

    def idle_exports(self):
        reply = self.daemon.ask("status")
        if reply == "BUSY\n":  # those who have left hang on until their pictures are taken
            return None
        exports = json.loads(reply)["exports"]
        return exports if exports["waiting"] == exports["running"] == 0 else None

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
        options = {"network.max_clients": 4, "camera.synthetic.faults": "stall@1+8/12", "camera.capture_timeout_s": 600}
        with Daemon(options) as daemon:
            daemon.wait_frames(5)
            wait_until(lambda: (daemon.status()["camera"]["last_frame_age_s"] or 0) > 0.5, "the camera to stall")
            waiting = []
            while len(waiting) < 3:  # as many exports as there may be at once: one client fewer
                client = connect(daemon)
                client.sendall(b"save\n")
                waiting.append(client)
            wait_until(lambda: daemon.status()["exports"]["asked"] == 3, "all to be asked")  # and questions find a place
            replies = [exchange(daemon, b"save\n") for _ in range(3)]
            self.assertEqual(replies, ["BUSY\n"] * 3)
            for client in waiting:  # the camera comes back, and all get what they waited for
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
            self.assertNotIn("WARNING", daemon.log())

    def test_stopping_under_fire(self):
        with Daemon() as daemon:
            daemon.wait_frames(5)
            stopping = threading.Event()

            def fire():
                while not stopping.is_set():
                    for line in (b"status\n", b"past count=3\n", b"save png\n", b"health\n"):
                        try:
                            exchange(daemon, line)
                        except OSError:
                            pass
            threads = [threading.Thread(target=fire) for _ in range(6)]
            for thread in threads:
                thread.start()
            time.sleep(0.5)
            code = daemon.stop()
            stopping.set()
            for thread in threads:
                thread.join()
            self.assertEqual(code, 0, daemon.log())
            self.assertFalse([name for name in daemon.files() if name.startswith(".")])


class Start(unittest.TestCase):
    """What stops the start is said in one line, with exit code 2."""

    def refused(self, options):
        daemon = Daemon(options)
        try:
            code = daemon.wait_exit()
            return code, daemon.log()
        finally:
            daemon.__exit__()

    def assert_refused(self, options, pattern):
        code, log = self.refused(options)
        self.assertEqual(code, 2, log)
        self.assertRegex(log, pattern)

    def test_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.assert_refused({"network.trigger_port": port},
                                f"port {port} on 127.0.0.1 is already in use: is another pastcam running")

    def test_beyond_loopback_without_token(self):
        for address in ("0.0.0.0", "::", "192.0.2.1"):
            self.assert_refused({"network.bind": address}, "can be reached by other machines: set network.token_file")

    def test_no_address(self):
        self.assert_refused({"network.bind": "localhost"}, '"localhost" is not an IPv4 or IPv6 address')

    def test_token_file_that_others_can_read(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"0123456789abcdef\n")
            file.flush()
            os.chmod(file.name, 0o644)
            self.assert_refused({"network.token_file": file.name}, "others than its owner have access .* chmod 600")
            os.chmod(file.name, 0o600)
            os.truncate(file.name, 15)
            self.assert_refused({"network.token_file": file.name}, "must have 16 to 256 bytes")


class Token(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="pastcam-token-")
        path = os.path.join(cls.folder.name, "token")
        subprocess.run([BINARY, "token", path], check=True, capture_output=True)
        with open(path, encoding="ascii") as file:
            cls.token = file.read().strip()
        cls.path = path
        cls.daemon = Daemon({"network.bind": "0.0.0.0", "network.token_file": path}).__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.daemon.__exit__()
        cls.folder.cleanup()

    def test_made_by_pastcam(self):
        self.assertRegex(self.token, "^[0-9a-f]{64}$")
        self.assertEqual(os.stat(self.path).st_mode & 0o7777, 0o600)
        again = subprocess.run([BINARY, "token", self.path], capture_output=True, check=False)
        self.assertNotEqual(again.returncode, 0)
        self.assertIn("is there already", again.stderr.decode())

    def test_the_right_token(self):
        for text in (f"auth {self.token} version\n", f"auth {self.token}\nversion\n", f"auth {self.token}\r\nversion"):
            self.assertRegex(exchange(self.daemon, text.encode()), "^pastcam ")

    def test_the_wrong_token(self):
        for text in ("version\n", "auth\n", "auth x version\n", f"auth {self.token[:-1]}\nversion\n",
                     f"auth {self.token}0\nversion\n"):
            self.assertEqual(exchange(self.daemon, text.encode()), "UNAUTHORISED\n")

    def test_a_guessing_loop_holds_up_nobody_else(self):
        guesses = [connect(self.daemon) for _ in range(12)]
        for client in guesses:
            client.sendall(b"auth 0123456789abcdef save\n")
        wait_until(lambda: self.count("unauthorised") >= 12, "the guesses to be seen")
        for client in guesses:
            client.close()
        self.assertRegex(self.daemon.log(), "127.0.0.1 sent a command without the right token")

    def count(self, name):
        reply = exchange(self.daemon, f"auth {self.token} status\n".encode())
        return int(re.search(rf'"{name}":(\d+)', reply).group(1))


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


class Addresses(unittest.TestCase):
    def test_ipv6_loopback(self):
        daemon = Daemon({"network.bind": "::1"})
        if has_ipv6():
            with daemon:
                self.assertRegex(exchange(daemon, b"version\n", host="::1"), "^pastcam ")
        else:
            wait_until(lambda: re.search("no IPv6 for ::1|no interface has the address ::1 yet", daemon.log()),
                       "a word about IPv6")
            daemon.__exit__()

    def test_all_addresses_at_once(self):
        bind = "::" if has_ipv6() else "0.0.0.0"
        with Daemon({"network.bind": bind, "network.allow_unauthenticated": "true"}) as daemon:
            for host in ("::1", "127.0.0.1", "127.0.0.2") if has_ipv6() else ("127.0.0.1", "127.0.0.2"):
                self.assertRegex(exchange(daemon, b"version\n", host=host), "^pastcam ")

    def test_loopback_by_default(self):
        with Daemon() as daemon:
            self.assertIn(f"answers on 127.0.0.1 port {daemon.port}", daemon.log())
            with socket.socket() as other:  # another address of this machine: nobody listens there
                with self.assertRaises(ConnectionRefusedError):
                    other.connect(("127.0.0.2", daemon.port))


if __name__ == "__main__":
    main()
