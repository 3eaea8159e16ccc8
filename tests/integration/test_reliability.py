"""Faults of the process, the camera, memory and the clock. (Those of the disk: test_reliability_disk.py, test_reliability_slow_disk.py.)

PASTCAM_KILLS sets how often the daemon is killed; 30 without it."""

import json
import os
import random
import re
import shutil
import signal
import tempfile
import time
import unittest

from PIL import Image

import harness
from faults import Clients, finished, leftovers, preload, promised, put, torn, usage
from harness import SANITIZED, Daemon, paths_of, wait_until
from moments import ago, missing
from pictures import load, read_number

KILLS = int(os.environ.get("PASTCAM_KILLS", "30"))


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="pastcam-test-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def assert_whole(self, replies):
        """Every picture that was promised is there and whole."""
        paths = promised(replies)
        self.assertEqual([path for path in paths if not os.path.exists(path)], [])
        self.assertEqual(torn(paths), [])
        return len(paths)


class Killed(Folder):
    def test_a_promised_picture_survives_kill_9_at_any_moment(self):
        captures = self.path("captures")
        rng = random.Random(5)
        kept = checked = swept = 0
        for _ in range(KILLS):
            with Daemon({"camera.framerate": 30}, folder=self.folder) as daemon:
                left_before = leftovers(captures)
                clients = Clients(daemon)
                wait_until(lambda: not left_before or not set(left_before) & set(leftovers(captures)), "the sweep of leftovers")
                swept += len(left_before)
                answered = rng.randrange(4)
                wait_until(lambda: len(promised(list(clients.replies))) >= answered, "pictures")
                time.sleep(rng.uniform(0, 0.1))
                daemon.process.send_signal(signal.SIGKILL)
                daemon.wait_exit()
                kept += self.assert_whole(clients.stop())
            whole = finished(captures)
            self.assertEqual(torn(whole), [])
            checked += len(whole)
            for path in whole:
                os.unlink(path)
        print(f"kill -9: {KILLS} times, {kept} files promised and whole, {checked} in all and none torn, "
              f"{swept} leftovers swept")
        self.assertGreaterEqual(kept, KILLS)

    def test_a_reply_comes_after_everything_is_synced(self):
        """What a power cut needs: data synced before the name is given, the folder after it, the reply after that."""
        log = self.path("disk.log")
        with Daemon(environment=preload("slow_disk", SHIM_DISK_LOG=log)) as daemon:
            daemon.wait_frames(10)
            for command in ("save jpg png npy", "past png at={} count=4", "pastStack npy at={}"):
                paths = paths_of(daemon.ask(command.format(ago(daemon, 0.2))))
                with open(log, encoding="utf-8") as file:
                    lines = file.read().splitlines()
                self.assertGreater(len(paths), 0)
                for path in paths:
                    named = next(i for i, line in enumerate(lines) if line.startswith("rename ") and line.endswith(" " + path))
                    temporary = lines[named].split()[1]
                    self.assertIn(f"fsync {temporary}", lines[:named])
                    self.assertIn(f"fsync {daemon.captures}", lines[named:])


class Stopped(Folder):
    def test_stopping_under_load_is_clean(self):
        delay = self.path("delay")
        put(delay, 100)
        for _ in range(10):
            with Daemon({"export.auto_save_interval_s": 0.1, "camera.framerate": 30}, folder=self.folder,
                        environment=preload("slow_disk", SHIM_FSYNC_MS=delay)) as daemon:
                clients = Clients(daemon, count=6)
                wait_until(lambda: promised(list(clients.replies)), "a picture, with others under way")
                self.assertEqual(daemon.stop(), 0, daemon.log())
                replies = clients.stop()
                self.assert_whole(replies)
                for reply in replies:
                    self.assertRegex(reply, "^(Saved|NO_FRAMES|BUSY|NOT_SAVED pastcam is stopping)")
                if "did not finish in time" not in daemon.log():
                    self.assertEqual(leftovers(daemon.captures), [])


class Shared(Folder):
    def test_two_in_one_folder_never_give_a_name_twice(self):
        commands = ("save jpg png npy", "past png at=-0.3 count=5")
        with Daemon(folder=self.folder) as one, Daemon({"export.base_dir": one.captures}) as other:
            both = [Clients(daemon, commands, 2) for daemon in (one, other)]
            wait_until(lambda: all(len(promised(list(clients.replies))) > 20 for clients in both), "pictures")
            replies = [reply for clients in both for reply in clients.stop()]
            for reply in replies:
                self.assertRegex(reply, "^(Saved|BUSY|NO_FRAMES)")
            self.assertEqual(len(set(promised(replies))), len(promised(replies)))
            self.assert_whole(replies)


class Paused(Folder):
    def test_a_process_that_was_stopped_for_a_while_goes_on(self):
        """As under a debugger, in a frozen container or a virtual machine that was suspended."""
        with Daemon({"camera.capture_timeout_s": 0.5}) as daemon:
            daemon.wait_frames(40)
            clients = Clients(daemon)
            wait_until(lambda: promised(list(clients.replies)), "a picture")
            daemon.process.send_signal(signal.SIGSTOP)
            time.sleep(3)
            daemon.process.send_signal(signal.SIGCONT)
            self.assertRegex(daemon.ask("save"), "^Saved")
            self.assertRegex(daemon.ask("past png at=-4 count=3"), "^Saved 3 ")
            self.assert_whole(clients.stop())
            camera = daemon.status()["camera"]
            self.assertEqual((camera["state"], camera["stalls"], camera["restarts"]), ("running", 0, 0))


def threads(pid):
    names = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{thread}/comm", encoding="utf-8") as file:
                names.append(file.read().strip())
        except OSError:  # it has ended
            pass
    return names


class Camera(Folder):
    def trouble(self, faults, **options):
        return Daemon({"camera.synthetic.faults": faults, "camera.capture_timeout_s": 0.3, **options})

    def assert_one_line_each(self, log, outages):
        self.assertEqual(len(re.findall(r"ERROR +Camera: ", log)), outages, log)
        self.assertEqual(log.count("Camera: frames come again"), outages, log)

    def test_a_stall_restarts_the_stream_and_keeps_the_past(self):
        with self.trouble("stall@1.5") as daemon:
            wait_until(lambda: daemon.status()["camera"]["stalls"] == 1, "the stall")
            oldest = json.loads(daemon.ask("timeline"))["tiers"][0]["from"]
            self.assertRegex(daemon.ask(f"past png at={oldest + 0.5:.3f} count=3"), "^Saved 3 ")
            wait_until(lambda: "frames come again" in daemon.log(), "the recovery")
            status = daemon.status()
            self.assertEqual(status["camera"]["state"], "running")
            self.assertGreaterEqual(status["camera"]["restarts"], 1)
            self.assertEqual(status["ring"]["dropped"], 0)
            self.assertRegex(daemon.ask("save"), "^Saved")
            self.assert_one_line_each(daemon.log(), 1)

    def test_a_camera_error_is_survived(self):
        with self.trouble("error@0.5") as daemon:
            wait_until(lambda: "frames come again" in daemon.log(), "the recovery")
            self.assertGreaterEqual(daemon.status()["camera"]["failures"], 1)
            self.assertRegex(daemon.ask("save"), "^Saved")
            self.assert_one_line_each(daemon.log(), 1)

    def test_a_camera_that_vanishes_is_looked_for_until_it_is_back(self):
        with self.trouble("vanish@1.5+6") as daemon:  # it is looked for after 1, 3 and 7 seconds
            wait_until(lambda: daemon.status()["camera"]["state"] == "absent", "the absence")
            self.assertRegex(daemon.ask("save"), "^NOT_SAVED no camera: ")
            frames = paths_of(daemon.ask(f"past png at={ago(daemon, 0.2)} count=5"))
            self.assertEqual(len(frames), 5)
            numbers = [read_number(load(path)) for path in frames]
            self.assertLessEqual(missing(numbers), daemon.status()["camera"]["lost"])
            wait_until(lambda: "frames come again" in daemon.log(), "the return")
            self.assertGreaterEqual(daemon.status()["camera"]["reopens"], 1)
            self.assertRegex(daemon.ask("save"), "^Saved")
            self.assert_one_line_each(daemon.log(), 1)

    def test_a_slow_camera_is_no_stall(self):
        with self.trouble("slow@0.5+2", **{"camera.capture_timeout_s": 1}) as daemon:
            daemon.wait_frames(40)
            camera = daemon.status()["camera"]
            self.assertEqual((camera["stalls"], camera["restarts"], camera["trouble"]), (0, 0, ""))

    def test_pictures_of_a_wrong_size_are_left_out_and_said_once(self):
        with self.trouble("garbage@0.5+4,garbage@6") as daemon:
            wait_until(lambda: daemon.status()["camera"]["rejected"] >= 5, "the garbage")
            wait_until(lambda: daemon.log().count("agreed size again") == 2, "the end of it")
            log = daemon.log()
            self.assertEqual(log.count("not taken in"), 2, log)
            self.assertRegex(daemon.ask("save"), "^Saved")

    def test_what_faults_cost_does_not_add_up(self):
        """Outages far enough apart that each is the first rung of the ladder, and small faults all the time."""
        faults = "error@0.5/10.5,stall@0.7+0.2/1,garbage@0.9+0.1/1,black@0.3/1,white@0.4/1,slow@0.1+0.2/1"
        with self.trouble(faults, **{"camera.framerate": 60, "camera.capture_timeout_s": 1}) as daemon:
            def outages():
                return daemon.log().count("frames come again")
            wait_until(lambda: outages() >= 2, "two outages")
            wait_until(lambda: "ring" not in threads(daemon.process.pid), "all of the ring to be there")
            before = usage(daemon.process.pid)
            wait_until(lambda: outages() >= 4, "four outages", 120)
            few = lambda use: use["fds"] <= before["fds"] and use["threads"] <= before["threads"]
            wait_until(lambda: few(usage(daemon.process.pid)), f"no more than {before}")  # one may just be open
            self.assertLess(usage(daemon.process.pid)["rss_mib"], before["rss_mib"] + 4)
            camera = daemon.status()["camera"]
            self.assertEqual((camera["dropped"], camera["stalls"]), (0, 0))
            self.assertGreater(camera["rejected"], 10)
            self.assertRegex(daemon.ask("save"), "^Saved")

    def test_a_camera_lost_for_good_ends_with_43(self):
        with self.trouble("vanish@3+1000", **{"camera.lost_after_s": 5}) as daemon:  # it has to have worked
            self.assertEqual(daemon.wait_exit(), 43)
            self.assertIn("fresh process", daemon.log())


class Memory(Folder):
    LIMIT_MIB = 800 if SANITIZED else 120
    OPTIONS = {"memory.max_rss_mb": LIMIT_MIB, "ring.size": 40000}

    def runtime(self):
        os.makedirs(self.path("run"), exist_ok=True)
        return {"RUNTIME_DIRECTORY": self.path("run")}

    def wait_first_frames(self, daemon):
        """Not for all of the ring, which by itself is over the limit where a sanitizer counts."""
        wait_until(lambda: daemon.status()["ring"]["frames"] >= 20, "frames")

    def slots(self):
        with Daemon(self.OPTIONS, folder=self.folder, environment=self.runtime()) as daemon:
            slots, log = daemon.status()["ring"]["slots"], daemon.log()
            self.assertEqual(daemon.stop(), 0)
            return slots, log

    def test_an_exit_for_memory_that_takes_long_counts_once(self):
        hog = self.path("hog")
        environment = {**self.runtime(), **preload("hog", SHIM_HOG_MIB=hog)}
        with Daemon(self.OPTIONS, folder=self.folder, environment=environment) as daemon:
            self.wait_first_frames(daemon)
            put(hog, self.LIMIT_MIB)
            wait_until(lambda: "over memory.max_rss_mb" in daemon.log(), "the memory to be taken")
            daemon.process.send_signal(signal.SIGSTOP)
            time.sleep(1.2)  # longer than from one look at the memory to the next
            daemon.process.send_signal(signal.SIGCONT)
            self.assertEqual(daemon.wait_exit(), 42, daemon.log())
            self.assertEqual(daemon.log().count("over memory.max_rss_mb"), 1)
        with open(self.path("run/memory-exits"), encoding="utf-8") as state:
            self.assertEqual(state.read().split()[0], "1")

    def test_over_the_limit_it_exits_42_and_comes_back_smaller(self):
        full, _ = self.slots()
        hog = self.path("hog")
        environment = {**self.runtime(), **preload("hog", SHIM_HOG_MIB=hog)}
        with Daemon(self.OPTIONS, folder=self.folder, environment=environment) as daemon:
            self.wait_first_frames(daemon)
            clients = Clients(daemon)
            put(hog, self.LIMIT_MIB)
            wait_until(lambda: usage_over(daemon, self.LIMIT_MIB), "the memory to be taken")
            begun = time.monotonic()
            self.assertEqual(daemon.wait_exit(), 42, daemon.log())
            took = time.monotonic() - begun
            replies = clients.stop()
            self.assert_whole(replies)
            for reply in replies:
                self.assertRegex(reply, "^(Saved|NO_FRAMES|BUSY|NOT_SAVED (memory ran out|pastcam is stopping))", reply)
            self.assertIn("over memory.max_rss_mb", daemon.log())
        print(f"memory: exited {took:.2f} s after the limit was passed")
        self.assertLess(took, 10)  # two seconds by design; this machine may be busy

        smaller, log = self.slots()
        self.assertAlmostEqual(smaller / full, 0.75, delta=0.02)  # RSS at the start varies
        self.assertIn("smaller after an exit for memory", log)

        with open(self.path("run/memory-exits"), "w", encoding="utf-8") as state:  # as if that were two days ago
            state.write(f"1 {int(time.clock_gettime(time.CLOCK_BOOTTIME)) - 2 * 86400}\n")
        again, _ = self.slots()
        self.assertAlmostEqual(again / full, 1, delta=0.02)


def usage_over(daemon, mib):
    try:
        return usage(daemon.process.pid)["rss_mib"] > mib or daemon.process.poll() is not None
    except (FileNotFoundError, TypeError):
        return True  # gone already


class Clock(Folder):
    def test_the_clock_may_jump_by_years(self):
        jump = self.path("jump")
        put(jump, 0)
        environment = preload("clock", SHIM_CLOCK_S=jump)
        options = {"camera.framerate": 30, "storage.max_age_days": 30, "storage.min_free_mb": -1, "ring.size": 150}
        with Daemon(options, folder=self.folder, environment=environment) as daemon:
            daemon.wait_frames(60)
            saved = []
            for years in (0, 10, -10, -40, 0):
                put(jump, int(years * 365.25 * 86400))
                begun = time.monotonic()
                frames = [daemon.ask("past png at=-1 count=3"), daemon.ask("save png")]
                took_s = time.monotonic() - begun
                expected = time.time() + years * 365.25 * 86400
                for reply in frames:
                    self.assertRegex(reply, "^Saved")
                    self.assertLess(abs(float(re.search(r"timestamp: (-?[\d.]+)", reply)[1]) - expected), 5 + took_s)
                (path,) = paths_of(frames[1])
                self.assertTrue(os.path.basename(path).startswith(time.strftime("%Y", time.localtime(expected - 60))) or
                                os.path.basename(path).startswith(time.strftime("%Y", time.localtime(expected + 60))), path)
                numbers = [read_number(load(p)) for p in paths_of(frames[0])]
                now = read_number(load(path))
                lost = daemon.status()["camera"]["lost"]
                self.assertLessEqual(missing(numbers), lost)
                # A second ago by frames, whatever the clock says, and what the two took.
                self.assertIn(now - numbers[1], range(25 - lost, 33 + lost + int(30 * took_s)))
                with Image.open(path) as image:
                    self.assertIn("not synchronised", str(image.text), image.text)
                saved += promised(frames)
            self.assertEqual(len(saved), len(set(saved)))
            self.assertEqual(torn(saved), [])  # and all are still there: nobody deleted them for their age
            self.assertEqual(daemon.status()["clock"]["synchronised"], False)

    def test_names_stay_in_order_at_the_end_of_summer_time(self):
        jump = self.path("jump")
        put(jump, 1792889990 - int(time.time()))  # 2026-10-25 02:59:50 summer time
        environment = {**preload("clock", SHIM_CLOCK_S=jump), "TZ": "CET-1CEST,M3.5.0,M10.5.0/3"}
        with Daemon(environment=environment) as daemon:
            names = []
            for later_s in (0, 30, 1800, 3540, 3700):
                put(jump, 1792889990 + later_s - int(time.time()))
                names += [os.path.basename(path) for path in paths_of(daemon.ask("save"))]
            self.assertEqual(len(names), 5)
            self.assertEqual(names, sorted(names))

    def test_a_time_before_1970_has_no_negative_fraction(self):
        jump = self.path("jump")
        put(jump, -int(time.time()) - 100000)
        log = self.path("service.log")
        with Daemon({"logging.file": log}, environment=preload("clock", SHIM_CLOCK_S=jump)) as daemon:
            self.assertEqual(daemon.stop(), 0)
            with open(log, encoding="utf-8") as file:
                lines = (daemon.log() + file.read()).splitlines()
        for line in lines:
            self.assertRegex(line, r"^19(69|70)-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} ")

    def test_names_are_unique_and_in_order_within_a_second(self):
        with Daemon({"camera.framerate": 60}) as daemon:
            daemon.wait_frames(20)
            names = []
            for _ in range(20):
                names += [os.path.basename(path) for path in paths_of(daemon.ask("save jpg"))]
            names += [os.path.basename(path) for path in paths_of(daemon.ask(f"past jpg at={ago(daemon, 0)} count=20"))]
            self.assertEqual(len(set(names)), 40)
            self.assertEqual([names[:20], names[20:]], [sorted(names[:20]), sorted(names[20:])])
            self.assertLess(len({name[:15] for name in names[20:]}), 20)  # several within one second


if __name__ == "__main__":
    harness.main()
