"""Faults of a disk that takes its time: replies wait, and nothing else does.

Needs: own mounts.
"""

import os
import signal
import time

import harness
from faults import UNHURRIED, Clients, Folder, enter_own_mounts, finished, leftovers, preload, promised, put
from harness import Daemon, connect, paths_of, wait_until, what_came
from moments import ago


class Slow(Folder):
    def slow_disk(self, delay_ms):
        """The environment of a daemon whose disk takes as long to sync as self.delay says."""
        self.delay, self.disk_log = self.path("delay"), self.path("disk.log")
        put(self.delay, delay_ms)
        return preload("slow_disk", SHIM_FSYNC_MS=self.delay, SHIM_DISK_LOG=self.disk_log)

    def waiting(self):
        """The files that were to be synced when the disk took its time, in order."""
        if not os.path.exists(self.disk_log):
            return []
        with open(self.disk_log, encoding="utf-8") as file:
            return [os.path.basename(line[5:]) for line in file.read().splitlines() if line.startswith("wait ")]

    def test_a_slow_disk_slows_nothing_but_the_replies(self):
        with Daemon({"network.max_clients": 64, **UNHURRIED}, folder=self.folder, environment=self.slow_disk(0)) as daemon:
            daemon.wait_frames(4)
            put(self.delay, 600000)  # until it is told otherwise
            clients = Clients(daemon, count=45, commands=("save", "past count=3"))
            wait_until(lambda: any(reply == "BUSY\n" for reply in list(clients.replies)), "BUSY")
            wait_until(self.waiting, "a sync that takes its time")
            self.assertRegex(daemon.ask("health"), "^RSS=")
            status = daemon.status()
            self.assertLessEqual(status["exports"]["waiting"] + status["exports"]["running"], 32)
            wait_until(lambda: daemon.status()["camera"]["frames"] > status["camera"]["frames"] + 6, "frames")
            self.assertEqual(daemon.status()["exports"]["succeeded"], 0)
            put(self.delay, 0)
            replies = clients.stop()
            for reply in replies:
                self.assertRegex(reply, "^(Saved|BUSY)")
            self.assert_whole(promised(replies))
            self.assertRegex(daemon.ask("save"), "^Saved")
            self.assert_lost_nothing(daemon)

    def test_who_asks_while_it_stops_is_told_so(self):
        with Daemon(folder=self.folder, environment=self.slow_disk(0)) as daemon:
            daemon.wait_frames(2)
            put(self.delay, 60000)
            thread, _ = self.ask_in_background(daemon, "save")
            wait_until(lambda: daemon.status()["exports"]["running"] > 0, "an export")
            daemon.process.send_signal(signal.SIGSTOP)  # the next ones find it stopping, however late this goes on
            daemon.process.send_signal(signal.SIGTERM)
            early = [connect(daemon) for _ in range(8)]
            for client in early:
                client.sendall(b"save\n")
            daemon.process.send_signal(signal.SIGCONT)
            replies = []
            for client in early:
                with client:
                    replies.append(what_came(client).decode())
            self.assertIn("NOT_SAVED pastcam is stopping\n", replies)
            try:
                while True:
                    replies += [daemon.ask("save"), daemon.ask("get at=-0.1")]
            except OSError:
                pass  # it is gone
            daemon.wait_exit()
            thread.join()
        whole = {reply for reply in replies if reply.endswith("\n")}
        self.assertLessEqual(whole, {"NOT_SAVED pastcam is stopping\n", "NOT_SENT pastcam is stopping\n"})

    def test_a_hanging_disk_does_not_keep_it_from_stopping(self):
        with Daemon(folder=self.folder, environment=self.slow_disk(0)) as daemon:
            daemon.wait_frames(2)
            put(self.delay, 60000)
            clients = Clients(daemon, count=2)
            wait_until(self.waiting, "a sync that hangs")
            begun = time.monotonic()
            self.assertEqual(daemon.stop(), 0)
            self.assertLess(time.monotonic() - begun, 10)  # a second by design
            self.assertEqual(set(clients.stop()), {"NOT_SAVED pastcam is stopping\n"})
        with Daemon(folder=self.folder) as daemon:
            wait_until(lambda: not leftovers(daemon.captures), "the sweep")

    def test_what_is_whole_is_named_when_the_rest_hangs(self):
        """The first of three files is on the disk when it begins to hang; the log's last words are in its file."""
        log = self.path("service.log")
        environment = dict(self.slow_disk(60000), SHIM_FSYNC_WHOLE="1")
        with Daemon({"logging.file": log}, folder=self.folder, environment=environment) as daemon:
            daemon.wait_frames(2)
            thread, replies = self.ask_in_background(daemon, "save jpg png npy")
            wait_until(lambda: [name for name in daemon.files() if name.startswith(".") and name in self.waiting()], "the second's sync")
            self.assertEqual(daemon.stop(), 0)
            thread.join()
            whole = [path for path in finished(daemon.captures) if path in replies[0]]
            self.assertRegex(replies[0], r"^NOT_SAVED pastcam is stopping \([12] saved before that: ")
            self.assertGreaterEqual(len(whole), 1)
            self.assertEqual(sorted(paths_of(replies[0])), whole)
            with open(log, encoding="utf-8") as file:
                self.assertIn("An export did not finish in time", file.read())

    def test_a_series_ends_at_its_next_picture_and_names_those_that_are_whole(self):
        with Daemon({"ring.size": 200}, folder=self.folder, environment=self.slow_disk(100)) as daemon:
            daemon.wait_frames(100)
            thread, replies = self.ask_in_background(daemon, f"past count=90 at={ago(daemon, 2)}")  # of 100 that may be held
            wait_until(lambda: len(finished(daemon.captures)) >= 3, "some pictures")
            begun = time.monotonic()
            self.assertEqual(daemon.stop(), 0)
            self.assertLess(time.monotonic() - begun, 10)
            thread.join()
            self.assertRegex(replies[0], r"^NOT_SAVED pastcam is stopping \(\d+ saved before that: ")
            self.assertLess(len(finished(daemon.captures)), 90)
            if "did not finish in time" in daemon.log():  # what took longer than a second is left behind, and may get its name yet
                self.assertLessEqual(set(paths_of(replies[0])), set(finished(daemon.captures)))
            else:
                self.assertEqual(sorted(paths_of(replies[0])), finished(daemon.captures))
                self.assertEqual(leftovers(daemon.captures), [])

    def test_a_disk_that_hangs_while_it_deletes_does_not_keep_it_from_stopping(self):
        os.makedirs(self.path("captures"))
        for number in range(3):
            old = self.path("captures", f"20200101_120000_f{number:08d}.npy")
            with open(old, "wb") as file:
                file.write(bytes(1 << 20))
            os.utime(old, (1577880000 + number, 1577880000 + number))
        log = self.path("disk.log")
        environment = preload("slow_disk", SHIM_UNLINK_MS=60000, SHIM_DISK_LOG=log)
        with Daemon({"storage.max_total_mb": 1}, folder=self.folder, environment=environment) as daemon:
            wait_until(lambda: os.path.exists(log), "a deletion that hangs")
            begun = time.monotonic()
            self.assertEqual(daemon.stop(), 0)
            self.assertLess(time.monotonic() - begun, 10)  # a second by design
            self.assertIn("holds up whoever looks after the pictures", daemon.log())


if __name__ == "__main__":
    enter_own_mounts()
    harness.main()
