#!/usr/bin/python3
"""What becomes of pastcam when libcamera's camera is unplugged, refuses, hangs, or when the thread it works in is frozen.
Run as virtual_camera.py is."""

import ctypes
import json
import os
import re
import shutil
import socket
import tempfile
import time

import virtual_camera
from faults import preload, put, usage
from harness import paths_of, wait_until


class Frozen:
    """Stops one thread of another process, as a driver that never answers would."""
    SEIZE, INTERRUPT, DETACH, ANY_THREAD = 0x4206, 0x4207, 17, 0x40000000

    def __init__(self, thread):
        self.thread = thread
        self.ptrace = ctypes.CDLL(None, use_errno=True).ptrace
        self.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)

    def can(self, request):
        return self.ptrace(request, self.thread, None, None) == 0

    def __enter__(self):
        if not self.can(self.SEIZE) or not self.can(self.INTERRUPT):
            raise OSError(ctypes.get_errno(), "ptrace")
        os.waitpid(self.thread, self.ANY_THREAD)

    def __exit__(self, *_):
        if not self.can(self.DETACH):  # its process was killed, and is gone only when we have taken note of its end
            os.waitpid(self.thread, self.ANY_THREAD)


def pipeline_thread(pid):
    """libcamera's, which is the only one that polls; pastcam's own use epoll."""
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/wchan", encoding="ascii") as file:
            if file.read().startswith("poll_"):
                return int(thread)
    return None


class Misbehaving(virtual_camera.Pictures):
    def setUp(self):
        super().setUp()
        self.own = tempfile.mkdtemp(prefix="pastcam-test-")
        self.addCleanup(shutil.rmtree, self.own, ignore_errors=True)
        self.wish = os.path.join(self.own, "wish")
        self.do("none")

    def do(self, word):
        put(self.wish, word)

    def watched(self, **options):
        return self.daemon(preload("virtual_camera", SHIM_CAMERA=self.wish), camera__capture_timeout_s=2, **options)

    def wait_trouble(self, daemon, words):
        return wait_until(lambda: re.search(f"ERROR +Camera: .*{words}", daemon.log()), f"trouble: {words}")

    def wait_recovered(self, daemon, times=1):
        wait_until(lambda: daemon.log().count("frames come again") == times, "the recovery", 60)
        self.assertEqual(len(re.findall(r"ERROR +Camera: ", daemon.log())), times, daemon.log())
        frames = daemon.status()["camera"]["frames"]
        wait_until(lambda: daemon.status()["camera"]["frames"] > frames + 10, "frames")
        self.assert_like(paths_of(daemon.ask("save png"))[0])

    def assert_past(self, daemon):
        """It is served, from its oldest frame on, and is what the camera showed."""
        oldest = json.loads(daemon.ask("timeline"))["tiers"][0]["from"]
        reply = daemon.ask(f"past png at={oldest} count=5")
        paths = paths_of(reply)
        self.assertEqual(len(paths), 5, reply)
        for path in paths:
            self.assert_like(path)

    def assert_survived(self, word, trouble, state):
        with self.watched() as daemon:
            daemon.wait_frames(20)
            self.do(word)
            self.wait_trouble(daemon, trouble)
            wait_until(lambda: daemon.status()["camera"]["state"] == state, state)
            self.assert_past(daemon)
            reply = daemon.ask("save") if state == "absent" else "NOT_SAVED "
            self.assertRegex(reply, "^NOT_SAVED ")
            self.do("none")
            self.wait_recovered(daemon)
            self.assertEqual(daemon.stop(), 0, daemon.log())

    def test_unplugged(self):
        self.assert_survived("unplug", "is gone: check its cable", "absent")

    def test_takes_no_requests(self):
        self.assert_survived("refuse", "takes no more requests", "absent")

    def test_hangs_and_cannot_be_stopped(self):
        self.assert_survived("hang", "no frame for", "recovering")

    def test_comes_back_in_a_bad_state(self):
        for word, reason in (("no-start", "does not start"), ("no-configure", "refuses its configuration")):
            with self.watched() as daemon:
                daemon.wait_frames(20)
                self.do("refuse")
                wait_until(lambda d=daemon: d.status()["camera"]["state"] == "absent", "the end of it")
                self.do(word)
                wait_until(lambda d=daemon, r=reason: r in d.status()["camera"]["trouble"], reason)
                self.assert_past(daemon)
                self.do("none")
                self.wait_recovered(daemon)

    def test_a_second_stream_with_which_it_fails_is_given_up(self):
        width, height = self.small_size()
        virtual_camera.serve(self.folder, self.width, self.height, smaller=(width, height))
        for word, reason in (("no-second", "the camera refuses to be configured with two streams"),
                             ("hang-second", "no frame came when there was one")):
            self.do(word)
            with self.watched(camera__second__enable="true", camera__second__width=width,
                              camera__second__height=height) as daemon:
                daemon.wait_frames(10)
                camera = daemon.status()["camera"]
                self.assertEqual((camera["second"], camera["second_refused"]), ("", reason), daemon.log())
                self.assertEqual(daemon.status()["motion"]["source"], "frame")
                self.assert_like(paths_of(daemon.ask("save png"))[0])
                self.assertEqual(camera["reopens"], 1 if word == "hang-second" else 0, daemon.log())

    def serve_few(self):
        """libcamera keeps all pictures that it serves, and 3 MiB of two dozen move about in its heap when it begins anew."""
        few = os.path.join(self.own, "few")
        os.mkdir(few)
        for n in range(2):
            shutil.copy(os.path.join(self.folder, f"{n}.jpg"), few)
        virtual_camera.serve(few, self.width, self.height)

    def test_what_it_costs_does_not_add_up(self):
        self.serve_few()
        with self.watched() as daemon:
            daemon.wait_frames(100)
            seen = []
            for i in range(3):
                for word in ("unplug", "refuse"):
                    self.do(word)
                    wait_until(lambda d=daemon: d.status()["camera"]["state"] == "absent", word)
                    self.do("none")
                    wait_until(lambda d=daemon: d.status()["camera"]["state"] == "running", "the recovery", 60)
                self.wait_recovered(daemon, 2 * i + 2)
                seen.append(usage(daemon.process.pid))
            print(seen, flush=True)
            self.assertEqual([use["threads"] for use in seen[1:]], [seen[1]["threads"]] * 2)
            self.assertLessEqual(seen[-1]["fds"], seen[1]["fds"])
            self.assertLess(seen[-1]["rss_mib"], seen[1]["rss_mib"] + 2)

    def test_its_thread_is_frozen_for_a_while(self):
        with self.daemon(camera__capture_timeout_s=2) as daemon:
            daemon.wait_frames(20)
            thread = wait_until(lambda: pipeline_thread(daemon.process.pid), "libcamera's thread to wait")
            with Frozen(thread):
                self.wait_trouble(daemon, "no frame for")
                self.assertEqual(daemon.status()["camera"]["state"], "recovering")
                self.assert_past(daemon)
            self.wait_recovered(daemon)
            self.assertEqual(daemon.stop(), 0)

    def test_its_thread_is_frozen_for_good(self):
        """Nothing helps but a fresh process: the watchdog is no longer fed, so that systemd gives us one."""
        address = os.path.join(self.own, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as manager:
            manager.bind(address)

            def fed():
                count = 0
                try:
                    while True:
                        count += manager.recv(4096) == b"WATCHDOG=1"
                except BlockingIOError:
                    return count
            environment = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "200000"}
            with self.daemon(environment, camera__capture_timeout_s=2) as daemon:
                daemon.wait_frames(20)
                self.assertGreater(fed(), 2)
                with Frozen(wait_until(lambda: pipeline_thread(daemon.process.pid), "libcamera's thread to wait")):
                    self.wait_trouble(daemon, "no frame for")
                    time.sleep(0.2)
                    fed()
                    self.assert_past(daemon)
                    time.sleep(1)
                    self.assertEqual(fed(), 0)
                    daemon.process.kill()
        with self.daemon() as daemon:
            daemon.wait_frames(5)
            self.assert_like(paths_of(daemon.ask("save png"))[0])


if __name__ == "__main__":
    virtual_camera.main()
