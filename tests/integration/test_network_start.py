"""The trigger port: what stops the start, tokens, addresses."""

import os
import re
import socket
import subprocess
import tempfile
import unittest

from harness import BINARY, PATIENCE_S, Daemon, connect, exchange, main, read_all, wait_until


class Start(unittest.TestCase):
    """What stops the start is said in one line: with exit code 2 where the configuration decides it, else with 44."""

    def refused(self, options):
        daemon = Daemon(options)
        try:
            code = daemon.wait_exit()
            return code, daemon.log()
        finally:
            daemon.__exit__()

    def assert_refused(self, options, pattern, expected=2):
        code, log = self.refused(options)
        self.assertEqual(code, expected, log)
        self.assertRegex(log, pattern)

    def test_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.assert_refused({"network.trigger_port": port},
                                f"port {port} on 127.0.0.1 is already in use: is another pastcam running", 44)

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
            self.assert_refused({"network.token_file": file.name}, "others than its owner have access .* chmod 600", 44)
            os.chmod(file.name, 0o600)
            os.truncate(file.name, 15)
            self.assert_refused({"network.token_file": file.name}, "must have 16 to 256 bytes", 44)


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
            self.assertRegex(self.exchange_from("127.0.0.2", text), "^pastcam ")

    def exchange_from(self, address, text):
        """A wrong token makes the next from its address wait, so each test has one of its own."""
        with socket.create_connection(("127.0.0.1", self.daemon.port), PATIENCE_S, (address, 0)) as client:
            client.sendall(text.encode())
            return read_all(client).decode()

    def test_the_wrong_token(self):
        for text in ("version\n", "auth\n", "auth x version\n", f"auth {self.token[:-1]}\nversion\n",
                     f"auth {self.token}0\nversion\n"):
            self.assertEqual(self.exchange_from("127.0.0.3", text), "UNAUTHORISED\n")

    def test_a_guessing_loop_holds_up_nobody_else(self):
        before = self.count("unauthorised")
        guesses = [connect(self.daemon) for _ in range(12)]
        for client in guesses:
            client.sendall(b"auth 0123456789abcdef save\n")
        wait_until(lambda: self.count("unauthorised") > before, "a guess to be judged")
        self.assertLess(self.count("unauthorised"), before + 12, "the others wait for their time")
        for client in guesses:
            client.close()
        # Said once a minute: of whichever test was the first.
        self.assertRegex(self.daemon.log(), r"commands without the right token, .* the last from 127\.0\.0\.[13]")

    def count(self, name):
        reply = self.exchange_from("127.0.0.2", f"auth {self.token} status\n")
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
