"""Faults of the disk that the pictures go to: full, read-only, gone; retention on a real filesystem; cgroups.

Needs: own mounts.
"""

import os
import shutil
import subprocess
import time

import harness
from faults import UNHURRIED, Clients, Folder, enter_own_mounts, finished, leftovers, preload, promised, put, torn
from harness import Daemon, EventReader, paths_of, wait_until
from moments import ago

FRAME_MIB = 320 * 240 * 3 / 2 ** 20


class Full(Folder):
    def test_a_full_disk_says_so_tears_nothing_and_recovers(self):
        self.disk("captures", 8)
        with Daemon(UNHURRIED, folder=self.folder) as daemon:
            daemon.wait_frames(4)
            clients = Clients(daemon)
            wait_until(lambda: any("disk full" in reply for reply in list(clients.replies)), "the disk to be full")
            before = len(clients.replies)
            wait_until(lambda: len(clients.replies) > before + 10, "more on the full one")
            replies = clients.stop()
            for reply in replies:
                self.assertRegex(reply, r"^(Saved|BUSY|NO_FRAMES|NOT_SAVED disk full: )", reply)
            self.assert_whole(promised(replies))
            self.assertEqual(torn(finished(daemon.captures)), [])
            self.assertEqual(leftovers(daemon.captures), [])
            self.assertIn("disk full", daemon.status()["exports"]["last_error"])
            for path in finished(daemon.captures):
                os.unlink(path)
            self.assertRegex(daemon.ask("save jpg png npy"), "^Saved")
            self.assert_lost_nothing(daemon)

    def test_too_little_room_is_an_event_and_so_is_its_end(self):
        disk = self.disk("captures", 64)
        with Daemon({"storage.min_free_mb": 20}, folder=self.folder) as daemon, EventReader(daemon) as events:
            daemon.wait_frames(5)
            put(os.path.join(disk.path, "ballast"), "x" * (50 << 20))
            self.assertRegex(daemon.ask("save"), "^Saved")  # and has retention look, since room is short
            low = events.next("storage.low")
            self.assertRegex(low["reason"], "no picture is old enough to be deleted")
            self.assertLess(low["free_mib"], 20)
            os.unlink(os.path.join(disk.path, "ballast"))
            self.assertRegex(daemon.ask("save"), "^Saved")
            self.assertGreater(events.next("storage.ok")["free_mib"], 20)

    def test_the_oldest_pictures_make_room(self):
        disk = self.disk("captures", 24)
        put(self.path("ahead"), 3600)  # so that no picture is so young as to be spared
        with Daemon({"storage.min_free_mb": -1, **UNHURRIED}, folder=self.folder,
                    environment=preload("clock", SHIM_CLOCK_S=self.path("ahead"))) as daemon:
            daemon.wait_frames(10)
            saved = []
            for _ in range(3 * int(24 / FRAME_MIB / 10)):
                reply = daemon.ask(f"past npy at={ago(daemon, 0.4)} count=10")
                self.assertRegex(reply, "^Saved 10 ", f"after {len(saved)} files:\n{daemon.log()}")
                self.assert_whole(paths_of(reply))  # what was promised is there, full or not
                saved += paths_of(reply)
            wait_until(lambda: os.statvfs(disk.path).f_bavail / os.statvfs(disk.path).f_blocks > 0.04, "room again")
            left = finished(daemon.captures)
            self.assertLessEqual(set(left), set(saved[-len(left) - 10:]))  # the newest, but for those of one series
            self.assertLess(len(left), len(saved) / 2)
            wait_until(lambda: "to keep space free" in daemon.log(), "the log")  # at the end of a pass
            self.assertGreater(daemon.status()["storage"]["deleted"], 0)
            self.assert_lost_nothing(daemon)

    def test_a_disk_may_run_out_of_files_before_it_runs_out_of_space(self):
        disk = self.disk("captures", 64, ",nr_inodes=100")
        put(self.path("ahead"), 3600)  # so that no picture is so young as to be spared
        with Daemon({"storage.min_free_mb": -1}, folder=self.folder,
                    environment=preload("clock", SHIM_CLOCK_S=self.path("ahead"))) as daemon:
            daemon.wait_frames(20)
            for _ in range(30):
                reply = daemon.ask(f"past jpg at={ago(daemon, 0.4)} count=10")
                self.assertRegex(reply, "^Saved 10 ", daemon.log())
                self.assert_whole(paths_of(reply))
            wait_until(lambda: os.statvfs(disk.path).f_favail >= 5, "room for files again")
            self.assertLess(os.statvfs(disk.path).f_favail, 30)  # of 100: no more than had to go
            self.assertGreater(daemon.status()["storage"]["deleted"], 200)
            wait_until(lambda: daemon.status()["storage"]["free_mib"] < 20, "the end of the pass")  # of 64: as much as of the files

    def test_a_picture_that_may_not_be_deleted_does_not_protect_the_others(self):
        os.makedirs(self.path("captures"))
        for i in range(40):
            path = self.path("captures", f"20250101_0000{i:02}_f{i:08}.npy")
            with open(path, "wb") as file:
                file.write(bytes(100000))
            os.utime(path, (1.7e9 + i, 1.7e9 + i))
        oldest = self.path("captures", "20250101_000000_f00000000.npy")
        subprocess.run(["mount", "--bind", oldest, oldest], check=True)
        self.addCleanup(subprocess.run, ["umount", oldest], check=True)
        with Daemon({"storage.max_total_mb": 2}, folder=self.folder) as daemon:
            wait_until(lambda: 0 < (daemon.status()["storage"]["pictures_mib"] or 0) <= 2, "the total to be kept")
            wait_until(lambda: "1 picture file(s) in" in daemon.log(), "the log")
            self.assertIn(len(daemon.files()), range(19, 23))
            self.assertIn(os.path.basename(oldest), daemon.files())

    def test_young_pictures_are_not_sacrificed(self):
        self.disk("captures", 12)
        with Daemon({"storage.min_free_mb": -1}, folder=self.folder) as daemon:
            daemon.wait_frames(20)
            replies = []
            while not replies or replies[-1].startswith("Saved"):
                replies.append(daemon.ask(f"past npy at={ago(daemon, 0.4)} count=5"))
            self.assertRegex(replies[-1], "^NOT_SAVED disk full: ")
            self.assert_whole(promised(replies))
            self.assertEqual(daemon.status()["storage"]["deleted"], 0)

    def test_total_and_only_own_files(self):
        os.makedirs(self.path("captures"))
        with open(self.path("captures", "holiday.jpg"), "wb") as file:
            file.write(bytes(100000))
        os.symlink("/etc/hostname", self.path("captures", "20200101_000000_f00000001.jpg"))
        for i in range(40):
            path = self.path("captures", f"20250101_0000{i:02}_f{i:08}.npy")
            with open(path, "wb") as file:
                file.write(bytes(100000))
            os.utime(path, (1.7e9 + i, 1.7e9 + i))
        with Daemon({"storage.max_total_mb": 2}, folder=self.folder) as daemon:
            wait_until(lambda: 0 < (daemon.status()["storage"]["pictures_mib"] or 0) <= 2, "the total to be kept")
            names = daemon.files()
        self.assertIn("holiday.jpg", names)
        self.assertIn("20200101_000000_f00000001.jpg", names)
        kept = [name for name in names if name.endswith(".npy")]
        self.assertEqual(kept, [f"20250101_0000{i:02}_f{i:08}.npy" for i in range(40 - len(kept), 40)])
        self.assertIn(len(kept), range(18, 22))

    def test_a_hundred_thousand_pictures_stall_nothing(self):
        self.disk("captures", 600)
        for i in range(100000):
            name = self.path("captures", f"20250101_{i // 3600 % 24:02}{i // 60 % 60:02}{i % 60:02}_f{i:08}.jpg")
            os.close(os.open(name, os.O_CREAT | os.O_WRONLY, 0o644))
        with Daemon({"storage.max_total_mb": 100000, "camera.framerate": 4}, folder=self.folder) as daemon:
            daemon.wait_frames(2)
            worst = 0
            for _ in range(30):
                begun = time.monotonic()
                self.assertRegex(daemon.ask("save"), "^Saved")
                worst = max(worst, time.monotonic() - begun)
            wait_until(lambda: daemon.status()["storage"]["pictures"] >= 100000, "the count")
            print(f"100,000 pictures: slowest of 30 saves {worst * 1000:.0f} ms")
            self.assertLess(worst, 5)
            self.assert_lost_nothing(daemon)


class ReadOnly(Folder):
    def test_a_read_only_disk_says_so_and_recovers(self):
        disk = self.disk("captures", 64)
        with Daemon(UNHURRIED, folder=self.folder) as daemon:
            daemon.wait_frames(4)
            clients = Clients(daemon, count=1)
            wait_until(lambda: len(promised(list(clients.replies))) > 3, "pictures")
            wait_until(lambda: disk.read_only(True), "the remount")  # refused while a picture is being written
            wait_until(lambda: any("read-only" in reply for reply in list(clients.replies)), "a reply that says so")
            self.assertRegex(daemon.ask("save"), "^NOT_SAVED disk is read-only: ")
            self.assertRegex(daemon.ask("status"), "read-only")
            self.assertTrue(disk.read_only(False))
            self.assertRegex(daemon.ask("save"), "^Saved")
            replies = clients.stop()
            self.assert_whole(promised(replies))
            self.assertEqual(torn(finished(daemon.captures)), [])
            self.assert_lost_nothing(daemon)


class Failing(Folder):
    def test_what_cannot_be_synced_is_not_promised(self):
        delay = self.path("delay")
        put(delay, -1)
        with Daemon(UNHURRIED, folder=self.folder, environment=preload("slow_disk", SHIM_FSYNC_MS=delay)) as daemon:
            daemon.wait_frames(4)
            for command in ("save jpg png npy", "past png at={} count=3", "pastStack npy at={}"):
                self.assertRegex(daemon.ask(command.format(ago(daemon, 0.2))), "^NOT_SAVED disk error in ")
            self.assertEqual(daemon.files(), [])
            put(delay, 0)
            self.assertRegex(daemon.ask("save"), "^Saved")
            self.assert_lost_nothing(daemon)


class Gone(Folder):
    def test_a_vanished_disk_is_not_replaced_by_the_one_beneath(self):
        drive = self.disk("drive", 64)
        captures = self.path("drive", "captures")
        with Daemon({"export.base_dir": captures, **UNHURRIED}, folder=self.folder) as daemon:
            daemon.wait_frames(4)
            clients = Clients(daemon)
            wait_until(lambda: len(promised(list(clients.replies))) > 3, "pictures")
            before = len(clients.replies)
            drive.vanish()
            wait_until(lambda: any("went away" in reply for reply in list(clients.replies)), "a reply that says so")
            self.assertRegex(daemon.ask("save"), "^NOT_SAVED the disk of .* went away: ")
            self.assertEqual(os.listdir(drive.path), [])  # nothing on the disk beneath, not even a folder
            wait_until(lambda: "went away" in daemon.log(), "the log")
            drive.mount()
            wait_until(lambda: daemon.ask("save").startswith("Saved"), "the return")
            self.assertGreater(len(clients.stop()), before)
            wait_until(lambda: "is there again" in daemon.log(), "the log")
            log = daemon.log()
            self.assertEqual((log.count("went away"), log.count("is there again")), (1, 1), log)
            self.assertEqual(torn(finished(captures)), [])
            self.assert_lost_nothing(daemon)

    def test_after_a_restart_fstab_tells_what_belongs_there(self):
        os.mkdir(self.path("drive"))
        table = self.path("fstab")
        shutil.copy("/etc/fstab", table) if os.path.exists("/etc/fstab") else open(table, "w", encoding="utf-8").close()
        with open(table, "a", encoding="utf-8") as file:
            file.write(f"tmpfs {self.path('drive')} tmpfs nofail 0 0\n")
        subprocess.run(["mount", "--bind", table, "/etc/fstab"], check=True)
        self.addCleanup(subprocess.run, ["umount", "/etc/fstab"], check=True)
        with Daemon({"export.base_dir": self.path("drive", "captures")}, folder=self.folder) as daemon:
            daemon.wait_frames(2)
            self.assertRegex(daemon.ask("save"), "^NOT_SAVED the disk for .* is not there: ")
            self.assertEqual(os.listdir(self.path("drive")), [])
            self.disk("drive", 16)
            self.assertRegex(daemon.ask("save"), "^Saved")
            wait_until(lambda: "is there again" in daemon.log(), "the log")

    def test_a_disk_mounted_over_the_folder_is_welcome(self):
        with Daemon(folder=self.folder) as daemon:
            daemon.wait_frames(2)
            self.assertRegex(daemon.ask("save"), "^Saved")
            self.disk("captures", 16)
            (path,) = paths_of(daemon.ask("save"))
            self.assertEqual(daemon.files(), [os.path.basename(path)])


class Wrong(Folder):
    def test_a_folder_that_cannot_be_one_is_said_at_the_start(self):
        with open(self.path("captures"), "wb"):
            pass
        with Daemon(folder=self.folder) as daemon:
            wait_until(lambda: "Not a directory" in daemon.log(), "the log")
            daemon.wait_frames(2)
            self.assertRegex(daemon.ask("save"), "^NOT_SAVED .*: Not a directory")
            storage = daemon.status()["storage"]
            self.assertEqual((storage["free_mib"], storage["pictures_mib"]), (None, None))
            os.unlink(self.path("captures"))
            self.assertRegex(daemon.ask("save"), "^Saved")
            wait_until(lambda: "can be looked after again" in daemon.log(), "the log")
            self.assertEqual(daemon.log().count("ERROR"), 1, daemon.log())


    def test_a_limit_on_the_size_of_files_is_an_error_and_no_crash(self):
        with Daemon(folder=self.folder, wrapper=["prlimit", "--fsize=20000"]) as daemon:
            daemon.wait_frames(2)
            self.assertRegex(daemon.ask("save npy"), "^NOT_SAVED .*: File too large")
            self.assertEqual(daemon.files(), [])
            self.assertEqual(daemon.stop(), 0)


class Cgroup(Folder):
    """A limit of the cgroup makes the ring smaller, whichever version the kernel has."""

    def fake(self, entry, files):
        """As if the kernel said so: a /sys/fs/cgroup and a /proc/self/cgroup of our own."""
        tmpfs = self.disk("cgroup", 1)
        for name, value in files.items():
            os.makedirs(os.path.dirname(os.path.join(tmpfs.path, name)), exist_ok=True)
            with open(os.path.join(tmpfs.path, name), "w", encoding="utf-8") as file:
                file.write(f"{value}\n")
        with open(self.path("self"), "w", encoding="utf-8") as file:
            file.write(entry)
        script = f'mount --bind "{tmpfs.path}" /sys/fs/cgroup && mount --bind "{self.path("self")}" /proc/$$/cgroup && exec "$@"'
        return ["unshare", "--mount", "sh", "-c", script, "sh"]

    def assert_ring(self, wrapper, mib):
        with Daemon({"ring.size": 4000, "memory.max_rss_mb": 1000}, folder=self.folder, wrapper=wrapper) as daemon:
            ring = daemon.status()["ring"]
            self.assertIn("limited by the cgroup's memory limit", daemon.log())
            self.assertGreater(ring["bytes"] / 2 ** 20, mib * 0.5)
            self.assertLess(ring["bytes"] / 2 ** 20, mib)
            wait_until(lambda: daemon.status()["ring"]["frames"] > 20, "frames")
            self.assertRegex(daemon.ask(f"past png at={ago(daemon, 0.5)} count=10"), "^Saved 10 ")
            self.assertEqual(daemon.stop(), 0)

    def test_version_2_and_the_tightest_of_its_levels(self):
        self.assert_ring(self.fake("0::/system.slice/pastcam.service\n", {
            "memory.max": "max", "system.slice/memory.max": 140 << 20, "system.slice/memory.current": 20 << 20,
            "system.slice/pastcam.service/memory.max": 300 << 20,
            "system.slice/pastcam.service/memory.current": 10 << 20}), 120)

    def test_version_1(self):
        self.assert_ring(self.fake("9:memory:/pastcam\n1:name=systemd:/x\n0::/\n", {
            "memory/pastcam/memory.limit_in_bytes": 130 << 20, "memory/pastcam/memory.usage_in_bytes": 10 << 20,
            "memory/memory.limit_in_bytes": 9223372036854771712}), 120)

    def test_page_cache_is_not_used_memory(self):
        """After a copy of a large file a cgroup is as full as it may be; the kernel gives that up first."""
        self.assert_ring(self.fake("0::/a\n", {
            "a/memory.max": 200 << 20, "a/memory.current": 199 << 20,
            "a/memory.stat": f"anon 1\ninactive_file {150 << 20}\nactive_file {20 << 20}\nslab_reclaimable {5 << 20}"}), 165)

    def test_page_cache_of_version_1(self):
        self.assert_ring(self.fake("9:memory:/pastcam\n", {
            "memory/pastcam/memory.limit_in_bytes": 200 << 20, "memory/pastcam/memory.usage_in_bytes": 199 << 20,
            "memory/pastcam/memory.stat": f"inactive_file 0\ntotal_inactive_file {150 << 20}"}), 150)

    def test_without_a_limit_the_ring_is_as_asked(self):
        wrapper = self.fake("0::/a\n", {"a/memory.max": "max", "a/memory.current": 1 << 20})
        with Daemon(folder=self.folder, wrapper=wrapper) as daemon:
            self.assertEqual(daemon.status()["ring"]["slots"], 100)


if __name__ == "__main__":
    enter_own_mounts()
    harness.main()
