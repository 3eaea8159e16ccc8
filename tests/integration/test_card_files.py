"""The card's own scripts that read what its owner wrote: files from any editor, and wifi.conf."""

import hashlib
import json
import os
import subprocess
import tempfile
import unittest

SCRIPTS = os.path.join(os.path.dirname(__file__), "..", "..", "overlay", "usr", "lib", "pastcam")


def run(script, *arguments, **options):
    return subprocess.run([os.path.join(SCRIPTS, script), *arguments], capture_output=True, check=False, **options)


class CardRead(unittest.TestCase):
    def read(self, content):
        with tempfile.TemporaryDirectory(prefix="pastcam-card-") as folder:
            with open(os.path.join(folder, "file"), "wb") as file:
                file.write(content)
            return run("card-read", "file", env=dict(os.environ, PASTCAM_CARD=folder))

    def test_every_editor_s_file_reads_the_same(self):
        text = "ssid=Müller\npassword=geheim!!\n"
        windows = text.replace("\n", "\r\n")
        for content in (text.encode(), windows.encode(), windows.encode("utf-8-sig"), windows.encode("utf-16"),
                        b"\xfe\xff" + windows.encode("utf-16-be")):
            self.assertEqual(self.read(content).stdout.decode(), text, content)

    def test_an_empty_file_is_empty(self):
        self.assertEqual(self.read(b"").stdout, b"")

    def test_one_that_is_not_there_or_far_too_large_fails(self):
        self.assertNotEqual(run("card-read", "nothing", env=dict(os.environ, PASTCAM_CARD="/nonexistent")).returncode, 0)
        large = self.read(bytes(1 << 20))
        self.assertNotEqual(large.returncode, 0)
        self.assertIn(b"larger than 64 KiB", large.stderr)


# wpasupplicant's program, for machines without it: prints the key of WPA's passphrase, in its words.
PASSPHRASE = """#!/usr/bin/python3
import hashlib, sys
secret = sys.stdin.buffer.readline().rstrip(b"\\n")
print('network={\\n\\tssid="…"\\n\\t#psk="…"\\n\\tpsk=' + hashlib.pbkdf2_hmac("sha1", secret, sys.argv[1].encode(errors="surrogateescape"), 4096, 32).hex() + '\\n}')
"""


def secret_of(ssid, password):
    """The lines for a password."""
    key = hashlib.pbkdf2_hmac("sha1", password.encode(), ssid.encode(), 4096, 32).hex()
    return ["\tkey_mgmt=WPA-PSK WPA-PSK-SHA256 SAE", f"\tpsk={key}", f"\tsae_password={password.encode().hex()}"]


class BoardConfig(unittest.TestCase):
    def config_of(self, machine, kib):
        with tempfile.NamedTemporaryFile("w", prefix="pastcam-meminfo-") as meminfo:
            meminfo.write(f"MemTotal:       {kib} kB\nMemFree:            1000 kB\n")
            meminfo.flush()
            return json.loads(run("board-config", env=dict(os.environ, PASTCAM_MACHINE=machine, PASTCAM_MEMINFO=meminfo.name)).stdout)

    def test_a_board_with_one_small_core_takes_smaller_pictures(self):
        self.assertEqual(self.config_of("armv6l", 900000)["camera"], {"width": 640, "height": 480})

    def test_a_board_with_512_mb_leaves_room_for_the_page_and_the_hub(self):
        self.assertEqual(self.config_of("aarch64", 439000), {"camera": {}, "memory": {"available_fraction": 0.6}})

    def test_all_others_keep_the_defaults(self):
        for machine in ("armv7l", "aarch64", "x86_64"):
            self.assertEqual(self.config_of(machine, 900000), {"camera": {}, "memory": {}}, machine)


class WifiConfig(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="pastcam-wifi-")
        self.addCleanup(folder.cleanup)
        program = os.path.join(folder.name, "wpa_passphrase")
        with open(program, "w", encoding="utf-8") as file:
            file.write(PASSPHRASE)
        os.chmod(program, 0o755)
        self.environment = dict(os.environ, PATH=f"{folder.name}:{os.environ['PATH']}", PYTHONIOENCODING="utf-8")

    def good(self, text):
        done = run("wifi-config", input=text if isinstance(text, bytes) else text.encode(), env=self.environment)
        self.assertEqual((done.returncode, done.stderr), (0, b""), text)
        return done.stdout.decode().splitlines()

    def bad(self, text, words):
        done = run("wifi-config", input=text.encode(), env=self.environment)
        self.assertEqual((done.returncode, done.stdout), (1, b""), text)
        self.assertIn(words, done.stderr.decode())
        return done.stderr.decode()

    def test_the_three_lines(self):
        self.assertEqual(self.good("ssid=Home\npassword=12345678\ncountry=de\n"),
                         ["country=DE", "network={", "\tssid=486f6d65", "\tscan_ssid=1", *secret_of("Home", "12345678"), "\tieee80211w=1", "}"])

    def test_as_people_write_them(self):
        plain = self.good("ssid=Home\npassword=12345678\ncountry=DE")
        for text in (' ssid = Home \n\tpassword = 12345678\t\ncountry = DE', 'ssid="Home"\npassword="12345678"\ncountry="de"',
                     "# my own\n\nPassword=12345678\nSSID=Home\nCountry=De\nssid=Other\n"):
            self.assertEqual(self.good(text), plain, text)

    def test_an_empty_password_is_an_open_network(self):
        for text in ("ssid=Café\npassword=", "ssid=Café\n PassWord = \n", 'ssid=Café\npassword=""\n'):
            self.assertEqual(self.good(text), ["network={", "\tssid=436166c3a9", "\tscan_ssid=1", "\tkey_mgmt=NONE", "}"], text)

    def test_no_character_means_anything(self):
        ssid, password = 'a"b}#\\ $(id) `id`', 'p"a}#\\ $(id)%s\''
        lines = self.good(f"ssid={ssid}\npassword={password}\n")
        self.assertEqual(lines[1:6], [f"\tssid={ssid.encode().hex()}", "\tscan_ssid=1", *secret_of(ssid, password)])

    def test_spaces_within_quotation_marks_count(self):
        lines = self.good('ssid=" Home "\npassword=" 1234567 "\n')
        self.assertEqual(lines[1:6], ["\tssid=" + b" Home ".hex(), "\tscan_ssid=1", *secret_of(" Home ", " 1234567 ")])

    def test_names_in_other_encodings_are_kept(self):
        self.assertIn("\tssid=436166e9", self.good(b"ssid=Caf\xe9\npassword=\n"))

    def test_a_key_of_64_digits_is_no_passphrase(self):
        lines = self.good(f"ssid=Home\npassword={'0aF9' * 16}\n")
        self.assertIn(f"\tpsk={'0aF9' * 16}", lines)
        self.assertIn("\tkey_mgmt=WPA-PSK WPA-PSK-SHA256", lines)

    def test_no_line_for_a_password_is_no_open_network(self):
        for text in ("ssid=Home", "ssid=Home\ncountry=DE\n", "ssid=Home\n#password=12345678\n", "ssid=Home password=12345678\n"):
            self.bad(text, "there is no line password=")

    def test_a_key_that_is_not_known_is_named_and_its_value_is_not(self):
        for key in ("passwort", "psk", "pass word", "wpa_passphrase", "key_mgmt", "hidden", "Passwrd"):
            for text in (f"ssid=Home\n{key}=secret-12\n", f"# mine\n\n {key} = secret-12\nssid=Home\npassword=\n"):
                said = self.bad(text, f'"{key.lower()}=" is not known: use ssid=, password= and country=')
                self.assertNotIn("secret-12", said)
        self.assertIn("line 3:", self.bad("\n#x\npsk=1\n", "psk="))

    def test_a_line_without_a_key_is_told_and_not_repeated(self):
        for line in ("secret-12", "password secret-12", "=secret-12", "network={"):
            said = self.bad(f"ssid=Home\npassword=\n{line}\n", "line 3")
            self.assertNotIn("secret-12", said)

    def test_what_cannot_work_is_told(self):
        self.bad("", "there is no line ssid=NAME")
        self.bad("ssid=\npassword=12345678\n", "there is no line ssid=NAME")
        self.bad("ssid=Home\npassword=1234567\n", "8 to 63 characters, this one has 7")
        self.bad(f"ssid=Home\npassword={'x' * 64}\n", "8 to 63 characters, this one has 64")
        self.bad(f"ssid={'ä' * 17}\n", "32 bytes at most, this one has 34")
        self.bad("ssid=Home\ncountry=Germany\n", "two letters")


if __name__ == "__main__":
    unittest.main(verbosity=2)
