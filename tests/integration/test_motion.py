"""Motion as a user meets it: the line protocol, `status`, the configuration, and motion-sim."""

import csv
import json
import os
import subprocess
import tempfile

import numpy
from PIL import Image

from harness import BINARY, PATIENCE_S, Daemon, EventReader, connect, main, read_all, unittest, wait_until

WALKER = "still,noise,walker=2@1+2/5"


def run(*arguments):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=PATIENCE_S, cwd=tempfile.gettempdir())


def wall(width, height):
    """Texture that a change of light keeps."""
    x, y = numpy.meshgrid(numpy.arange(width), numpy.arange(height))
    return 90 + 30 * numpy.sin(x / 5.0) * numpy.cos(y / 7.0)


def save_pictures(folder, frames):
    generator = numpy.random.default_rng(1)
    for i, grey in enumerate(frames):
        noisy = numpy.clip(grey + generator.normal(0, 2, grey.shape), 0, 255).astype("uint8")
        Image.fromarray(noisy).convert("RGB").save(os.path.join(folder, f"{i}.png"),
                                                       compress_level=1)


def square_walks(count, begin, light=lambda i: 1.0):
    for i in range(count):
        grey = wall(320, 240) * light(i)
        if begin <= i < begin + 12:
            x = 40 + 12 * (i - begin)
            grey[100:150, x:x + 40] = 220
        yield grey


class Daemons(unittest.TestCase):
    def test_a_walker_is_told_by_command_status_and_log(self):
        with tempfile.TemporaryDirectory() as folder:
            truth = os.path.join(folder, "truth.csv")
            options = {"camera.synthetic.effects": WALKER, "camera.synthetic.truth": truth, "motion.hold_s": 0.5}
            with Daemon(options) as daemon:
                wait_until(lambda: daemon.ask("motion_level").startswith("STATUS=MOTION all="), "motion")
                wait_until(lambda: daemon.ask("motion_level") == "STATUS=STILL all=0.00,STILL\n", "its end")
                motion = daemon.status()["motion"]
                self.assertTrue(motion["enabled"])
                self.assertGreaterEqual(motion["events"], 1)
                self.assertEqual([zone["name"] for zone in motion["zones"]], ["all"])
                with open(truth, encoding="ascii") as file:
                    boxes = list(csv.DictReader(file))
                self.assertTrue(all(0 <= int(box["x"]) and int(box["x"]) + int(box["width"]) <= 320 for box in boxes))
                self.assertGreater(len(boxes), 3)

    def test_the_cameras_smaller_pictures_tell_the_same(self):
        for second, source in [("false", "frame"), ("true", "second")]:
            options = {"camera.synthetic.effects": WALKER, "motion.hold_s": 0.5, "camera.second.enable": second}
            with Daemon(options) as daemon:
                wait_until(lambda d=daemon: d.ask("motion_level").startswith("STATUS=MOTION all="), "motion")
                wait_until(lambda d=daemon: d.ask("motion_level") == "STATUS=STILL all=0.00,STILL\n", "its end")
                status = daemon.status()
                self.assertEqual(status["motion"]["source"], source)
                self.assertEqual(status["camera"]["second"], "80x60 YUV420" if source == "second" else "")
                self.assertEqual(daemon.stop(), 0, daemon.log())

    def test_pictures_that_are_turned_are_looked_at_themselves(self):
        for options in ({"camera.rotation": 90}, {"camera.roi": "0,0,0.5,0.5"},
                        {"camera.second.width": 100, "camera.second.height": 76},
                        {"camera.second.width": 640, "camera.second.height": 480}):
            with Daemon({"camera.second.enable": "true", **options}) as daemon:
                daemon.wait_frames(5)
                self.assertEqual(daemon.status()["motion"]["source"], "frame")
                self.assertEqual(daemon.log().count("no second picture (camera.second): a second picture of 640x480 is too large"),
                                 options.get("camera.second.width") == 640)

    IDLE = {"camera.idle_framerate": 2, "camera.idle_after_s": 0.5, "motion.hold_s": 0.5}

    @staticmethod
    def ask_bytes(daemon, line):
        with connect(daemon) as client:
            client.sendall(line.encode() + b"\n")
            return read_all(client)

    def moments(self, daemon, begin):
        """The frames from begin, a time of day, until now: number and time."""
        found = {}
        at, now = begin, json.loads(daemon.ask("timeline"))["now"]
        while at < now - 0.6:
            meta = json.loads(self.ask_bytes(daemon, f"get at={at:.3f} width=16 meta").splitlines()[0])
            found[meta["id"]] = meta["epoch"]
            at += 0.025
        return found

    def test_capture_is_slow_while_nothing_stirs_and_a_trigger_wakes_it(self):
        with Daemon({"camera.synthetic.effects": "still,noise", **self.IDLE, "camera.idle_after_s": 4, "ring.size": 400}) as daemon:
            wait_until(lambda: daemon.status()["capture"]["idle"], "nothing to stir")
            daemon.wait_newer_frames(3)
            begin = json.loads(daemon.ask("timeline"))["now"]
            daemon.ask("trigger")
            end = json.loads(daemon.ask("timeline"))["now"]
            wait_until(lambda: not daemon.status()["capture"]["idle"], "the full rate")
            daemon.wait_newer_frames(30)
            moments = sorted(self.moments(daemon, begin - 1.5).values())
            before = [moment for moment in moments if moment < begin]
            after = [moment for moment in moments if moment > end]
            self.assertGreater(before[-1] - before[-2], 0.4)
            self.assertLess(after[2] - after[1], 0.3)
            self.assertEqual(daemon.status()["camera"]["stalls"], 0)
            wait_until(lambda: daemon.status()["capture"]["idle"], "nothing to stir again")

    def test_what_moves_wakes_it(self):
        with Daemon({"camera.synthetic.effects": "still,noise,walker=4@2.5+2/6", **self.IDLE}) as daemon:
            wait_until(lambda: daemon.status()["capture"]["idle"], "nothing to stir")
            wait_until(lambda: daemon.status()["motion"]["events"], "motion")
            wait_until(lambda: not daemon.status()["capture"]["idle"], "the full rate")
            wait_until(lambda: daemon.status()["capture"]["idle"], "nothing to stir again")

    def test_pictures_are_saved_when_motion_starts(self):
        for choice, least, most in [("stack", 1, 1), ("stills", 3, 100)]:
            options = {"camera.synthetic.effects": WALKER, "export.on_motion": choice, "export.save_before_s": 0.5}
            with Daemon(options) as daemon:
                def saved(daemon=daemon, least=least, most=most):
                    """For each start; another walker comes five seconds later."""
                    starts = daemon.log().count("pictures from before it are saved")
                    return starts and least * starts <= len(daemon.files()) <= most * starts
                wait_until(saved, choice)
        with Daemon({"camera.synthetic.effects": WALKER}) as daemon:
            wait_until(lambda: daemon.status()["motion"]["events"], "motion")
            self.assertEqual(daemon.files(), [])

    def test_other_settings_are_tried_on_the_past(self):
        with Daemon({"camera.synthetic.effects": WALKER}) as daemon:
            def tried():
                reply = daemon.ask("motion try hold_s=0.1 motion.min_area=0.5")
                return "motion.start" in reply and reply
            first, *lines = wait_until(tried, "a walker in the past").splitlines()
            self.assertRegex(first, r"^TRIED frames=\d+ seconds=[\d.]+ events=\d+$")
            events = [json.loads(line) for line in lines]
            self.assertEqual(events[0]["event"], "motion.start")
            self.assertLess(events[0]["at"], 0)
            self.assertTrue(daemon.ask("motion try min_area=90").endswith("events=0\n"))
            for line, why in [("motion try", "say what to try"),
                              ("motion try hold_s=x", "motion.hold_s must be a number"),
                              ("motion try camera.width=64", "unknown key"),
                              ('motion try zones=[{"name": "a", "polygon": [[0,0],[1,0],[1,1]]}]', '""a"," is not KEY=VALUE'),
                              ('motion try zones=[{"name":"a","polygon":[[0,0],[1,1]]}]', "2 points")]:
                reply = daemon.ask(line)
                self.assertTrue(reply.startswith("NOT_TRIED ") and why in reply, reply)

    def test_a_zone_that_nobody_walks_through_stays_still(self):
        zones = [{"name": "sky", "polygon": [[0, 0], [1, 0], [1, 0.4], [0, 0.4]]},
                 {"name": "road", "polygon": [[0, 0.6], [1, 0.6], [1, 1], [0, 1]], "sensitivity": 60}]
        with Daemon({"camera.synthetic.effects": WALKER}, {"motion": {"zones": zones}}) as daemon:
            wait_until(lambda: ",MOTION" in daemon.ask("motion_level").split(" road=")[1], "motion on the road")
            self.assertIn(" sky=0.00,STILL ", daemon.ask("motion_level"))

    def test_motion_ends_with_the_camera(self):
        options = {"camera.synthetic.effects": WALKER, "motion.hold_s": 3600, "camera.synthetic.faults": "error@3/8",
                   "logging.level": "debug"}
        with Daemon(options) as daemon:
            wait_until(lambda: "Motion in all ended" in daemon.log(), "the end")

    def test_motion_is_switched_off_and_on(self):
        options = {"camera.synthetic.effects": "still,noise,walker=2@1+2/3", "motion.hold_s": 3600}
        with Daemon(options) as daemon, EventReader(daemon) as events:
            events.next("motion.start")
            self.assertEqual(daemon.ask("motion off"), "MOTION OFF\n")
            self.assertEqual(daemon.ask("motion off"), "MOTION OFF\n")
            self.assertEqual(daemon.ask("motion_level"), "STATUS=OFF all=0.00,STILL\n")
            motion = daemon.status()["motion"]
            self.assertEqual((motion["enabled"], motion["on"], motion["status"]), (True, False, "OFF"))
            frames = motion["frames"]
            daemon.wait_newer_frames(6)
            self.assertEqual(daemon.status()["motion"]["frames"], frames)
            self.assertEqual(daemon.ask("motion on"), "MOTION ON\n")
            events.next("motion.start")
            self.assertEqual([event["event"] for event in events.seen if event["event"].startswith("motion.")],
                             ["motion.start", "motion.end", "motion.off", "motion.on", "motion.start"])
            end = events.seen[[event["event"] for event in events.seen].index("motion.end")]
            self.assertTrue(end["box"][2] > 0 and end["box"][3] > 0, end)
            for line in ("motion", "motion offf", "motion on now"):
                self.assertTrue(daemon.ask(line).startswith("NOT_SWITCHED say motion on, motion off"), line)

    def test_it_can_be_off_and_pictures_may_be_tiny(self):
        with Daemon({"motion.enable": "false"}) as daemon:
            self.assertEqual(daemon.ask("motion_level"), "STATUS=OFF\n")
            self.assertIn("motion.enable is false", daemon.ask("motion on"))
            self.assertEqual(daemon.status()["motion"]["status"], "OFF")
        with Daemon({"camera.width": 16, "camera.height": 16}) as daemon:
            self.assertRegex(daemon.ask("motion_level"), r"^STATUS=(STILL|SETTLING) all=0\.00,STILL\n$")


class Configuration(unittest.TestCase):
    def check(self, *assignments):
        arguments = [word for assignment in assignments for word in ("-o", assignment)]
        return run(*arguments, "--check-config")

    def test_bad_zones_stop_the_start_with_a_reason(self):
        for assignment, why in [
                ('motion.zones=[{"name":"a","polygon":[[0,0],[1,1],[1,0],[0,1]]}]', "crosses"),
                ('motion.zones=[{"name":"a","polygon":[[0,0],[1,1]]}]', "2 points"),
                ('motion.zones=[{"name":"a","polygon":[[0,0],[2,0],[1,1]]}]', "outside"),
                ('motion.zones={"name":"a"}', "must be a list"),
                ("motion.zones=nonsense", "must be a list"),
                ("motion.scale=3", "1, 2, 4 or 8"),
                ("motion.sensitivity=101", "from 0 to 100"),
                ('motion.ignore=[[[0,0],[1,1]]]', "motion.ignore: polygon 1"),
                ('motion.ignore=[[0,0],[1,0],[1,1],[0,1]]', "a list of polygons"),
                ("motion.zones=[" + ",".join(
                    f'{{"name":"z{i}","polygon":[[0,0],[1,0],[1,1]]}}' for i in range(65)) + "]", "65 entries"),
                ("motion.zones=[" + "1," * 10000 + "1]", "longer than"),
                ("motion.ignore=[[[0,0],[1,0],[1,1],[0,1]]]", '"all" covers none of the 256x192 cells'),
                ('motion.zones=[{"name":"t","polygon":[[0.5,0.5],[0.502,0.5],[0.502,0.501]]}]', '"t" covers none'),
        ]:
            done = self.check(assignment)
            self.assertEqual(done.returncode, 2, assignment[:60])
            self.assertIn(why, done.stderr)

    def test_a_zone_without_cells_ends_the_start_as_the_check_told(self):
        nowhere = "motion.ignore=[[[0,0],[1,0],[1,1],[0,1]]]"
        done = run("-o", "camera.backend=synthetic", "-o", "network.trigger_port=1", "-o", nowhere)
        self.assertEqual(done.returncode, 2)
        self.assertIn('"all" covers none', done.stderr)
        self.assertEqual(self.check(nowhere, "motion.enable=false").returncode, 0)

    def test_zones_survive_a_dump(self):
        zones = 'motion.zones=[{"name":"Tür","polygon":[[0,0],[1,0],[0.5,1]],"min_area":1.5}]'
        dumped = run("-o", zones, "--dump-config").stdout
        self.assertEqual(json.loads(dumped)["motion"]["zones"],
                         [{"name": "Tür", "polygon": [[0, 0], [1, 0], [0.5, 1]], "min_area": 1.5}])
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "config.json")
            with open(path, "w", encoding="utf-8") as file:
                file.write(dumped)
            self.assertEqual(run("-c", path, "--dump-config").stdout, dumped)


class Simulation(unittest.TestCase):
    def simulate(self, frames, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            save_pictures(folder, frames)
            done = run(*arguments, "motion-sim", folder)
            self.assertEqual(done.returncode, 0, done.stderr)
            return [json.loads(line) for line in done.stdout.splitlines()]

    def test_a_square_that_walks_is_one_motion(self):
        events = self.simulate(square_walks(40, 20), "-o", "camera.framerate=10", "-o", "motion.hold_s=0.5")
        self.assertEqual([event["event"] for event in events], ["motion.start", "motion.end"])
        self.assertEqual([event["zone"] for event in events], ["all", "all"])
        start = events[0]
        self.assertAlmostEqual(start["t"], 2.2)
        self.assertEqual(start["picture"], "22.png")
        self.assertTrue(1.5 < start["score"] < 4, start)
        x, y, width, height = start["box"]
        self.assertTrue(50 <= x <= 70 and 92 <= y <= 104 and 30 <= width <= 64 and 44 <= height <= 60, start)

    def test_what_was_looked_at_is_told_though_nothing_moved(self):
        with tempfile.TemporaryDirectory() as folder:
            save_pictures(folder, square_walks(12, 20))
            done = run("-o", "camera.framerate=10", "motion-sim", folder)
            self.assertEqual(done.stdout, "")
            self.assertIn("motion started 0 times in 12 pictures of 320x240, 1.2 s, looked at in 80x60 cells", done.stderr)

    def test_light_is_no_motion(self):
        light = [1, 1.5, 0.6, 2, 1]
        self.assertEqual(self.simulate(square_walks(60, 100, lambda i: light[i // 12])), [])

    def test_scores_and_overlays(self):
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as views:
            save_pictures(folder, square_walks(26, 20))
            done = run("motion-sim", "--scores", "--overlay", os.path.join(views, "made"), folder)
            lines = [json.loads(line) for line in done.stdout.splitlines()]
            self.assertEqual(sum("event" not in line for line in lines), 26)
            pictures = sorted(os.listdir(os.path.join(views, "made")))
            self.assertEqual(len(pictures), 26)
            with Image.open(os.path.join(views, "made", "25.jpg")) as view:
                self.assertEqual(view.size, (320, 240))
                red, green, _ = view.getpixel((110, 125))
                self.assertGreater(red, green)

    def test_a_clip_instead_of_pictures(self):
        with tempfile.TemporaryDirectory() as folder:
            save_pictures(folder, square_walks(40, 20))
            clip = os.path.join(folder, "clip.mp4")
            subprocess.run(["ffmpeg", "-v", "error", "-framerate", "10", "-i", os.path.join(folder, "%d.png"), "-c:v", "libx264", "-bf", "0",
                            "-pix_fmt", "yuv420p", clip], check=True)
            done = run("-o", "motion.hold_s=0.5", "motion-sim", clip)
            events = [json.loads(line) for line in done.stdout.splitlines()]
            self.assertEqual([event["event"] for event in events], ["motion.start", "motion.end"], done.stderr)
            self.assertAlmostEqual(events[0]["t"], 2.2, delta=0.101)
            self.assertEqual(events[0]["picture"], f"frame-{round(events[0]['t'] * 10) + 1:05d}")
            views = os.path.join(folder, "views")
            self.assertEqual(len(run("motion-sim", "--scores", "--overlay", views, clip).stdout.splitlines()), 40 + len(events))
            self.assertEqual(len(os.listdir(views)), 40)
            with open(clip, "r+b") as file:
                file.truncate(os.path.getsize(clip) // 2)
            done = run("motion-sim", clip)
            self.assertEqual(done.returncode, 2)
            self.assertIn("clip.mp4 cannot be played", done.stderr)

    def test_no_folder_is_asked_for(self):
        done = run("motion-sim")
        self.assertEqual(done.returncode, 2)
        self.assertIn("needs a folder of pictures, or a clip", done.stderr)

    def test_folders_without_use_are_told(self):
        with tempfile.TemporaryDirectory() as folder:
            done = run("motion-sim", folder)
            self.assertEqual(done.returncode, 2)
            self.assertIn("no JPEG or PNG picture", done.stderr)
            done = run("motion-sim", os.path.join(folder, "missing"))
            self.assertIn("cannot read the folder", done.stderr)
            with open(os.path.join(folder, "broken.jpg"), "wb") as file:
                file.write(b"\xff\xd8nonsense")
            done = run("motion-sim", folder)
            self.assertEqual(done.returncode, 2)
            self.assertIn("broken.jpg passed over", done.stderr)
            Image.new("RGB", (320, 240)).save(os.path.join(folder, "c.png"))
            Image.new("RGB", (160, 240)).save(os.path.join(folder, "d.png"))
            done = run("motion-sim", folder)
            self.assertEqual(done.returncode, 0)
            self.assertIn("160x240 pixels, not 320x240", done.stderr)
            Image.new("RGB", (8, 8)).save(os.path.join(folder, "a.png"))
            done = run("motion-sim", folder)
            self.assertEqual(done.returncode, 2)
            self.assertIn("too small", done.stderr)


if __name__ == "__main__":
    main()
