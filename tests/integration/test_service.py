"""The service as a whole: starting, stopping, configurations, cameras, automatic pictures."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import numpy as np
from PIL import Image

import harness
from harness import BINARY, ROOT, Daemon, paths_of, wait_until
from moments import ago, missing
from pictures import load, patch_colour, psnr, read_number

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


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="pastcam-test-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def write(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return path


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


class Running(Folder):
    def test_a_note_is_shown_and_an_empty_one_is_none(self):
        for arguments, note in ((["--note", "two words"], "two words"), (["--note", ""], ""), ([], "")):
            with Daemon(arguments=arguments) as pastcam:
                self.assertEqual(pastcam.status()["note"], note)

    def test_the_seed_configuration_runs_within_its_limit(self):
        config = json.loads(json.dumps(SEED_CONFIG))
        options = {key: None for key in Daemon.DEFAULTS}
        options.update({"camera.backend": "synthetic", "network.trigger_port": 0, "export.base_dir": None, "storage.min_free_mb": 0})
        if harness.SANITIZED:  # whose own memory counts too, many times over; the rest of this test stands
            options["memory.max_rss_mb"] = 100000
        with Daemon(options, config=config) as daemon:
            slots = daemon.status()["ring"]["slots"]
            self.assertGreater(slots, 50)
            wait_until(lambda: daemon.status()["memory"]["rss_mib"] > slots * 2.2, "the whole ring to be there", 60)
            wait_until(lambda: daemon.status()["ring"]["seconds"] > 1.5, "the moment that is asked for")
            for command in ("save jpg png npy", "pastStack at={} count=50 npy", "past at={} count=30 png"):
                self.assertRegex(daemon.ask(command.format(ago(daemon, 1))), "^Saved")
            status = daemon.status()
            self.assertLess(status["memory"]["rss_mib"], status["memory"]["max_rss_mib"])
            self.assertEqual(status["memory"]["slots_asked"], 300)
            self.assertEqual({os.path.splitext(name)[1] for name in daemon.files()}, {".jpg", ".png", ".npy"})
            self.assertEqual(daemon.stop(), 0)

    def test_stops_within_a_second_with_exports_in_flight_finished(self):
        with Daemon() as daemon:
            daemon.wait_frames(30)
            clients = []
            for line in (f"past png at={ago(daemon, 1)} count=10\n", "save png\n"):
                client = socket.create_connection(("127.0.0.1", daemon.port), harness.PATIENCE_S)
                client.sendall(line.encode())
                clients.append(client)
            wait_until(lambda: daemon.status()["exports"]["files"] > 0, "an export to be under way")
            begun = time.monotonic()
            self.assertEqual(daemon.stop(), 0)
            self.assertLess(time.monotonic() - begun, 5)  # a second by design; this machine may be busy
            for client in clients:
                reply = harness.read_all(client).decode()
                client.close()
                self.assertRegex(reply, r"^(Saved|NOT_SAVED pastcam is stopping)")
                for path in paths_of(reply):
                    load(path)
            if "did not finish in time" not in daemon.log():  # what takes longer than a second is left behind
                self.assertEqual([name for name in daemon.files() if name.startswith(".")], [])

    def test_other_signals_stop_too(self):
        for number in (signal.SIGINT, signal.SIGHUP):
            # env: whatever started this test may have had them ignored
            with Daemon(wrapper=["env", "--default-signal"]) as daemon:
                daemon.process.send_signal(number)
                self.assertEqual(daemon.wait_exit(), 0)
                self.assertIn("Stopped", daemon.log())

    def test_signals_that_were_ignored_at_the_start_stay_ignored(self):
        """nohup pastcam &"""
        for number in (signal.SIGINT, signal.SIGHUP):
            with Daemon(wrapper=["env", "--default-signal", f"--ignore-signal={signal.Signals(number).name[3:]}"]) as daemon:
                daemon.process.send_signal(number)
                daemon.wait_newer_frames(5)
                self.assertRegex(daemon.ask("save"), "^Saved")
                self.assertEqual(daemon.stop(), 0)

    def test_frames_that_cost_more_than_their_time_leave_the_processor_to_others(self):
        """Drawn in NV12, a picture of this size takes far longer than a 240th of a second."""
        def used(daemon):  # by the capture thread, seconds
            with open(f"/proc/{daemon.process.pid}/task/{daemon.process.pid}/stat", encoding="ascii") as file:
                return sum(int(ticks) for ticks in file.read().rsplit(")", 1)[1].split()[11:13]) / os.sysconf("SC_CLK_TCK")
        options = {"camera.width": 1600, "camera.height": 1200, "camera.framerate": 240, "camera.synthetic.format": "nv12",
                   "ring.size": 6, "encoder.kind": "none"}  # little for a sanitizer to shadow
        with Daemon(options) as daemon:
            wait_until(lambda: daemon.status()["capture"]["state"] == "slowed", "the pace")
            self.assertIn("1600x1200 NV12 takes", daemon.status()["capture"]["reason"])
            before, begun = used(daemon), time.monotonic()
            time.sleep(3)
            share = (used(daemon) - before) / (time.monotonic() - begun)
            self.assertLess(share, 0.85)  # 0.7 of one processor, and what the rest of the loop does
            self.assertRegex(daemon.ask("save"), "^Saved")
            self.assertEqual(daemon.log().count("Capture takes"), 1)
            self.assertGreater(daemon.status()["camera"]["skipped"], 0)

    def test_automatic_pictures(self):
        for use_ring in ("true", "false"):
            with Daemon({"export.auto_save_interval_s": 0.3, "export.auto_save_use_ring": use_ring, "export.formats": "png"}) as daemon:
                wait_until(lambda d=daemon: len(d.files()) >= 3, "three automatic pictures")
                for name in (name for name in daemon.files() if not name.startswith(".")):  # not those being written
                    self.assertRegex(name, r"\.jpg$")
                    self.assertIsNotNone(read_number(load(os.path.join(daemon.captures, name))))

    def test_logging_to_a_file(self):
        path = os.path.join(self.folder, "service.log")
        with Daemon({"logging.file": path}) as daemon:
            daemon.ask("health")
            self.assertEqual(daemon.stop(), 0)  # the log's own thread must not take the signal
            with open(path, encoding="utf-8") as log:
                text = log.read()
        self.assertIn("answers on 127.0.0.1", text)
        self.assertIn("Stopped", text)

    def test_sd_notify(self):
        address = os.path.join(self.folder, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(address)
            manager.settimeout(harness.PATIENCE_S)
            # Pings each second: what a test that stands still leaves lying must not take the place of what it waits for.
            with Daemon(environment={"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "2000000"}) as daemon:
                seen = set()
                while not {"READY=1", "WATCHDOG=1"} <= seen or not any(m.startswith("STATUS=Camera running") for m in seen):
                    seen.add(manager.recv(4096).decode())
                daemon.process.send_signal(signal.SIGTERM)
                while "STOPPING=1" not in seen:
                    seen.add(manager.recv(4096).decode())
                self.assertEqual(daemon.wait_exit(), 0)

    def test_the_pictures_folder_may_vanish_and_is_made_again(self):
        with Daemon() as daemon:
            daemon.wait_frames(2)
            self.assertRegex(daemon.ask("save"), "^Saved")
            shutil.rmtree(daemon.captures)
            self.assertRegex(daemon.ask("save"), "^Saved")
            self.assertEqual(len(daemon.files()), 1)

    def test_past_stack_without_stacking_saves_the_window(self):
        with Daemon({"export.stack_dark_frames": "false", "export.save_before_s": 3}) as daemon:
            daemon.wait_frames(80)
            newest = daemon.status()["ring"]["newest_id"]
            reply = daemon.ask("pastStack jpg")
            age = re.match(r"^Saved \d+ separate images from ring buffer, starting at timestamp: \d+\.\d{3} "
                           r"\(age: ([0-3]\.\d\d)s\)\(export\.save_before_s: 3\.000 s\) \| /", reply)
            self.assertTrue(age, reply)
            ids = [int(re.search(r"_f(\d+)", path)[1]) for path in paths_of(reply)]
            self.assertEqual(missing(ids), 0)
            self.assertGreaterEqual(ids[-1], newest)
            lost = daemon.status()["camera"]["lost"]
            self.assertGreater(float(age[1]), 2.9 - 0.05 * lost)
            self.assertGreaterEqual(len(ids) + lost, 55)  # some may still be on their way
            self.assertLess(len(ids), 63)


class Cameras(Folder):
    def test_red_is_red_from_every_input_format(self):
        for pixel_format in ("rgb", "bgr", "rgbx", "bgrx", "nv12", "yuv420", "yuyv"):
            with Daemon({"camera.synthetic.format": pixel_format}) as daemon:
                daemon.wait_frames(2)
                for path in paths_of(daemon.ask("save jpg png npy")):
                    pixels = load(path)
                    for channel, colour in enumerate(("red", "green", "blue")):
                        mean = patch_colour(pixels, colour)
                        self.assertEqual(int(mean.argmax()), channel, (pixel_format, path, colour, mean))
                        self.assertGreater(mean[channel], 3 * sorted(mean)[1], (pixel_format, path, colour, mean))

    def test_a_downscaled_ring_still_saves_full_size(self):
        with Daemon({"camera.width": 640, "camera.height": 480, "ring.downscale.enable": "true", "ring.downscale.width": 160,
                     "ring.downscale.height": 120}) as daemon:
            daemon.wait_frames(10)
            (full,) = paths_of(daemon.ask("save png"))
            self.assertEqual(load(full).shape, (480, 640, 3))
            (small,) = paths_of(daemon.ask(f"past png at={ago(daemon, 0)}"))
            self.assertEqual(load(small).shape, (120, 160, 3))
            self.assertIsNotNone(read_number(load(small), camera_width=640))
            (stack,) = paths_of(daemon.ask(f"pastStack png at={ago(daemon, 0.2)}"))
            self.assertEqual(load(stack).shape, (120, 160, 3))

    def test_replay_shows_the_pictures_in_their_order(self):
        pictures = os.path.join(self.folder, "pictures")
        os.mkdir(pictures)
        for i in range(12):
            pixels = np.zeros((48, 64, 3), np.uint8)
            pixels[:, :] = (20 * i, 255 - 20 * i, 128)
            Image.fromarray(pixels).save(os.path.join(pictures, f"{i}.png"))
        with Daemon({"camera.backend": "replay", "camera.replay.path": pictures, "camera.width": 64, "camera.height": 48}) as daemon:
            daemon.wait_frames(30)
            reds = [load(path)[0, 0, 0] for path in paths_of(daemon.ask(f"past png at={ago(daemon, 0.7)} count=14"))]
            self.assertEqual([(int(b) - int(a)) % 240 for a, b in zip(reds, reds[1:])], [20] * 13)

    def test_replay_scales_pictures_of_another_size(self):
        pictures = os.path.join(self.folder, "pictures")
        os.mkdir(pictures)
        gradient = np.zeros((100, 200, 3), np.uint8)
        gradient[:, :, 0] = np.arange(200)
        gradient[:, :, 1] = np.arange(100)[:, None]
        Image.fromarray(gradient).save(os.path.join(pictures, "a.png"))
        for width, height in ((100, 50), (400, 300)):
            with Daemon({"camera.backend": "replay", "camera.replay.path": pictures, "camera.fit": "stretch",
                         "camera.width": width, "camera.height": height}) as daemon:
                daemon.wait_frames(2)
                (path,) = paths_of(daemon.ask("save png"))
                expected = np.asarray(Image.fromarray(gradient).resize((width, height), Image.BILINEAR))
                self.assertGreater(psnr(load(path), expected), 35)

    def test_replay_of_nothing_is_refused_or_reported(self):
        code, _, err = run("-o", "camera.backend=replay", "-o", "network.trigger_port=0", cwd=self.folder)
        self.assertEqual(code, 2)
        self.assertIn("camera.replay.path", err)

    def test_a_missing_camera_is_a_state(self):
        with Daemon({"camera.backend": "libcamera", "camera.id": "no such camera"}) as daemon:
            status = daemon.status()
            self.assertEqual(status["camera"]["state"], "absent")
            self.assertGreater(len(status["camera"]["trouble"]), 10)
            self.assertRegex(daemon.ask("save"), "^NOT_SAVED no camera")
            self.assertEqual(daemon.ask("pastStack"), "NO_FRAMES\n")
            self.assertEqual(daemon.ask("past"), "NO_FRAMES\n")
            self.assertEqual(daemon.ask("night_level"), "NO_DATA\n")
            self.assertRegex(daemon.ask("health"), "^RSS=")
            self.assertEqual(daemon.stop(), 0)

    def test_night_switches_and_comes_back(self):
        trace = self.write("trace.csv", "t_s,lux\n0,100\n2,100\n2.5,0.3\n11,0.3\n11.5,100\n1000,100\n")
        with Daemon({"night.enable": "true", "night.min_dark_frames": 3, "night.min_bright_frames": 3, "night.min_dwell_s": 0.5,
                     "night.exposure_us": 200000, "camera.synthetic.trace": trace}) as daemon:
            wait_until(lambda: daemon.ask("night_level").endswith("STATUS=NIGHT\n"), "the night")
            wait_until(lambda: daemon.status()["night"]["switches"] >= 2, "the day")
            night = daemon.status()["night"]
            self.assertEqual((night["switches"], night["status"]), (2, "DAY"))
            self.assertIn("Night detected", daemon.log())
            self.assertIn("Day detected", daemon.log())


if __name__ == "__main__":
    harness.main()
