"""The configuration and the command line: what is taken, and how what is wrong is said."""

import json
import os
import re
import socket
import subprocess

from PIL import Image

import harness
from faults import Folder
from harness import BINARY, ROOT, Daemon, wait_until

# What the Python service that came before was configured with, unchanged.
SEED_CONFIG = {
    "camera": {"width": 1024, "height": 768, "framerate": 10, "codec": "rgb", "video_mode": "stream"},
    "ring": {"size": 300, "downscale": {"enable": False, "width": 256, "height": 192}},
    "night": {"enable": True, "dark_threshold": 35, "bright_threshold": 55, "min_dark_frames": 20, "mode": "still",
              "exposure_us": 2000000, "gain": 6.0},
    "export": {"auto_save_use_ring": False, "base_dir": "./captures", "formats": ["jpg", "png"], "save_before_s": 5,
               "stack_dark_frames": True, "stack_count": 4, "auto_save_interval_s": 900},
    "network": {"trigger_port": 9999},
    "logging": {"level": "INFO"},
}


def run(*arguments, **options):
    done = subprocess.run([BINARY, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=harness.PATIENCE_S, check=False, **options)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class Configuration(Folder):
    def check(self, content, code, *words):
        path = self.write("config.json", content)
        got, out, err = run("-c", path, "--check-config")
        self.assertEqual(got, code, err)
        for word in words:
            self.assertIn(word, out + err)

    def test_the_seed_configuration_is_good_without_a_warning(self):
        path = self.write("config.json", json.dumps(SEED_CONFIG))
        code, out, err = run("-c", path, "--check-config")
        self.assertEqual((code, out, err), (0, "The configuration is good.\n", ""))
        code, out, _ = run("-c", path, "--dump-config")
        self.assertEqual(code, 0)
        dumped = json.loads(out)
        for section, keys in SEED_CONFIG.items():
            for key, value in keys.items():
                got = dumped[section][key]
                self.assertEqual(got if key not in ("level", "downscale") else value, value, key)

    def test_bad_configurations_name_what_is_wrong(self):
        self.check('{\n  "camera": 7,,\n}', 2, "line 2, column 16")
        self.check('{"camera": {"framerate": 0}}', 2, "camera.framerate is 0, but must be from 0.1 to 240")
        self.check('{"camera": {"backend": "webcam"}}', 2, "libcamera|replay|synthetic")
        self.check('{"night": {"dark_threshold": 80}}', 2, "must be below night.bright_threshold")
        self.check('{"camra": {}}', 0, 'unknown key "camra"', "good")
        self.check(b"\xff\xfe\x00", 2, "not valid JSON")
        self.check("x" * 2000000, 2, "larger than 1 MiB")

    def test_usage_errors(self):
        for arguments in (["-o", "nonsense"], ["-o", "camera.widht=4"], ["--nonsense"],
                          ["frobnicate"], ["token"]):
            code, _, err = run(*arguments, cwd=self.folder)
            self.assertEqual(code, 2, arguments)
            self.assertGreater(len(err), 20)

    def test_the_reference_page_is_the_table(self):
        code, out, _ = run("--config-reference")
        self.assertEqual(code, 0)
        with open(os.path.join(ROOT, "docs", "config.md"), encoding="utf-8") as page:
            self.assertEqual(page.read(), out, "run: build/pastcam --config-reference > docs/config.md")

    def test_the_page_of_the_status_is_its_table(self):
        code, out, _ = run("--status-reference")
        self.assertEqual(code, 0)
        with open(os.path.join(ROOT, "docs", "status.md"), encoding="utf-8") as page:
            self.assertEqual(page.read(), out, "run: build/pastcam --status-reference > docs/status.md")

    def test_the_status_has_the_keys_of_its_page(self):
        code, out, _ = run("--status-reference")
        self.assertEqual(code, 0)
        with Daemon() as daemon:
            status = daemon.status()
        keys = [f"{section}.{key}" if isinstance(value, dict) else section
                for section, value in status.items() for key in (value if isinstance(value, dict) else [""])]
        self.assertEqual(keys, re.findall(r"^\| `([^`]+)` \|", out, re.MULTILINE))

    def options(self, **options):
        merged = {"camera.backend": "synthetic", "network.trigger_port": 0,
                  **{key.replace("__", "."): value for key, value in options.items()}}
        return [word for key, value in merged.items() for word in ("-o", f"{key}={value}")]

    def assert_neither_starts_nor_is_good(self, code, words, **options):
        """--check-config and the start say the same."""
        for check in ([], ["--check-config"]):
            got, out, err = run(*self.options(**options), *check, cwd=self.folder)
            self.assertEqual(got, code, (options, check, err))
            self.assertRegex(err, words)
            self.assertNotIn("is good.", out)

    def test_what_the_configuration_decides_is_exit_code_2(self):
        refused = self.assert_neither_starts_nor_is_good
        refused(2, "set network.token_file", network__bind="0.0.0.0")
        refused(2, '"localhost" is not an IPv4', network__bind="localhost")
        refused(2, "set camera.replay.path", camera__backend="replay")
        refused(2, 'camera fault "stall" is not', camera__synthetic__faults="stall")
        refused(2, "must not be larger than the camera's", ring__downscale__enable="true", ring__downscale__width=5000)

    def test_what_may_pass_is_exit_code_44(self):
        refused = self.assert_neither_starts_nor_is_good
        token = os.path.join(self.folder, "not-mounted-yet", "token")
        refused(44, "network.token_file: cannot read .*: No such file", network__token_file=token)
        os.mkdir(os.path.dirname(token))
        refused(44, "No such file", network__token_file=token)
        run("token", token)
        os.chmod(token, 0o644)
        refused(44, "chmod 600", network__token_file=token)

    def test_a_configuration_file_that_is_not_there_yet_is_exit_code_44(self):
        path = os.path.join(self.folder, "not-mounted-yet", "config.json")
        for action in ([], ["--check-config"]):
            code, _, err = run("-c", path, *action, cwd=self.folder)
            self.assertEqual(code, 44, action)
            self.assertIn(f"cannot read {path}: No such file", err)

    def test_a_port_in_use_is_exit_code_44_and_no_fault_of_the_configuration(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            options = self.options(network__trigger_port=taken.getsockname()[1])
            code, _, err = run(*options, cwd=self.folder)
            self.assertEqual(code, 44)
            self.assertIn("already in use", err)
            code, out, _ = run(*options, "--check-config", cwd=self.folder)
            self.assertEqual((code, out), (0, "The configuration is good.\n"))

    def test_what_is_not_there_yet_and_not_needed_is_waited_for(self):
        later = os.path.join(self.folder, "not-mounted-yet")
        for key, name in (("logging.file", "log"), ("camera.replay.path", "pictures")):
            options = {key: os.path.join(later, name)}
            if name == "pictures":
                options["camera.backend"] = "replay"
            code, out, err = run(*self.options(**options), "--check-config", cwd=self.folder)
            self.assertEqual((code, out), (0, "The configuration is good.\n"))
            self.assertRegex(err, f"WARNING As things are: {key}: cannot .*No such file")
            with Daemon(options) as daemon:
                wait_until(lambda d=daemon: any("not-mounted-yet" in error["text"] for error in d.status()["last_errors"]),
                           "a word about it")
                if name == "log":
                    os.mkdir(later)
                    self.assertRegex(daemon.ask("save"), "^Saved")
                    self.assertEqual(daemon.stop(), 0)
                    with open(options[key], encoding="utf-8") as log:
                        self.assertIn("Stopped", log.read())
                else:
                    self.assertEqual(daemon.status()["camera"]["state"], "absent")
                    os.mkdir(options[key])
                    Image.new("RGB", (320, 240), (200, 100, 50)).save(os.path.join(options[key], "1.png"))
                    wait_until(lambda d=daemon: d.status()["camera"]["state"] == "running", "the pictures")
                    self.assertRegex(daemon.ask("save"), "^Saved")

    def test_no_place_for_the_log_prevents_a_start(self):
        for path in (self.folder, "/proc/pastcam.log", "/dev/full"):  # a folder, a refusal, a full disk
            with Daemon({"logging.file": path}) as daemon:
                wait_until(lambda d=daemon: "cannot write the log file" in d.log(), "a word about it")
                self.assertRegex(daemon.ask("save"), "^Saved")
                self.assertEqual(daemon.stop(), 0)

    def test_a_ring_that_cannot_fit_is_refused_clearly(self):
        code, _, err = run("-o", "camera.width=4000", "-o", "camera.height=3000", "-o", "memory.max_rss_mb=64", "-o",
                           "camera.backend=synthetic", "-o", "network.trigger_port=0", cwd=self.folder)
        self.assertEqual(code, 42)
        self.assertIn("memory.max_rss_mb", err)


if __name__ == "__main__":
    harness.main()
