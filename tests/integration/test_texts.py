"""What people write into paths, notes and commands, in any encoding: replies, log and `status` are valid UTF-8 always."""

import json
import os
import shutil
import tempfile
import unittest

import harness
from harness import Daemon, exchange, read_all, connect

LONG = "Bücher/" + "写真" * 20 + "/" + "ä" * 100


def exchange_bytes(daemon, line):
    with connect(daemon) as client:
        client.sendall(line + b"\n")
        return read_all(client)


class Texts(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="pastcam-test-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def assert_all_valid(self, daemon):
        """Strictly: a byte that is no UTF-8 raises."""
        status = json.loads(exchange_bytes(daemon, b"status").decode())
        with open(daemon.log_path, "rb") as file:
            file.read().decode()
        return status

    def test_a_note_in_latin_1(self):
        with Daemon(arguments=["--note", b"Caf\xe9 am Platz"]) as daemon:
            self.assertEqual(self.assert_all_valid(daemon)["note"], "Caf? am Platz")

    def test_errors_about_long_paths_are_cut_between_characters(self):
        for shift in range(3):  # so that one of them ends within a character
            with self.subTest(shift):
                with open(os.path.join(self.folder, f"file{'x' * shift}"), "wb"):
                    pass
                path = os.path.join(self.folder, f"file{'x' * shift}", LONG)
                with Daemon({"export.base_dir": path, "logging.file": os.path.join(self.folder, "pastcam.log")}) as daemon:
                    daemon.wait_frames(2)
                    reply = exchange_bytes(daemon, b"save").decode()
                    self.assertRegex(reply, "^NOT_SAVED .*[写真ä/]: Not a directory")
                    self.assertNotIn("?", reply)
                    status = self.assert_all_valid(daemon)
                    self.assertIn("Not a directory", status["exports"]["last_error"])
                    self.assertNotIn("?", json.dumps(status, ensure_ascii=False))

    def test_a_path_in_latin_1(self):
        path = os.path.join(os.fsencode(self.folder), b"Caf\xe9")
        with Daemon({"export.base_dir": os.fsdecode(path)}) as daemon:
            daemon.wait_frames(2)
            self.assertRegex(exchange_bytes(daemon, b"save").decode(), r"^Saved .*Caf\?/")
            self.assertEqual(len(os.listdir(path)), 1)
            self.assert_all_valid(daemon)

    def test_commands_of_strangers(self):
        with Daemon() as daemon:
            for line in (b"past at=-\xe9\xff", "past at=".encode() + "ä".encode() * 40, b"save \xf0\x9f\x93\xb7" * 12,
                         b"past " + b"\xc3" * 100, b"\xc2\x9b31m", b"past mode=\xc2\x9b31m"):
                exchange_bytes(daemon, line).decode()
            self.assertIn('at=' + "ä" * 20 + " is not", exchange(daemon, ("past at=" + "ä" * 30 + "\n").encode()))
            self.assert_all_valid(daemon)


if __name__ == "__main__":
    harness.main()
