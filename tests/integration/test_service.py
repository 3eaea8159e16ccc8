"""The service as a whole: starting, stopping, configurations, cameras, automatic pictures."""

import json
import os
import re
import shutil
import signal
import socket
import time

import numpy as np
from PIL import Image

import harness
from faults import Folder
from harness import Daemon, paths_of, wait_until
from moments import ago, missing
from test_configuration import SEED_CONFIG, run
from pictures import load, patch_colour, psnr, read_number


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
