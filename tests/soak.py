#!/usr/bin/python3
"""All faults at once, for MINUTES, at 30 frames a second; one table at the end.   usage: tests/soak.py [MINUTES] [SEED]

Clients ask for pictures all the time and look at each one that is promised. Meanwhile the camera stalls, fails, vanishes,
slows down and sends garbage; the disk is full, read-only, gone and slow; the clock jumps by years; junk comes over the
network. In the first half the daemon is killed (-9) now and then, and once made to run out of memory; in the second half
one process has to live through everything else. The exit code is 1 when a promise was broken or something grew."""

import collections
import os
import random
import re
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "integration"))
# pylint: disable=wrong-import-position
from faults import COMMANDS, Tmpfs, enter_own_mounts, finished, leftovers, preload, put, torn
from harness import BINARY, Daemon, paths_of, wait_until

CAMERA_FAULTS = "stall@7+3/41,error@17/53,vanish@29+4/67,slow@37+2/47,garbage@3+0.2/13,black@11/19,white@13/23"
LIMIT_MIB = 2500 if "sanitize" in BINARY else 400  # shadows of memory count too, and grow with what was touched
OPTIONS = {"camera.framerate": 10 if "sanitize" in BINARY else 30, "camera.width": 640, "camera.height": 480, "ring.size": 400, "storage.min_free_mb": -1,
           "memory.max_rss_mb": LIMIT_MIB, "camera.capture_timeout_s": 1, "camera.synthetic.faults": CAMERA_FAULTS,
           "network.max_clients": 24, "night.enable": "true", "night.min_dwell_s": 5}
YEAR_S = 365 * 86400
GROWTH_MIB = 8  # of RSS, that is still no leak


class Soak:
    def __init__(self, minutes, seed):
        self.end = time.monotonic() + minutes * 60
        self.half = time.monotonic() + minutes * 30
        self.rng = random.Random(seed)
        self.folder = tempfile.mkdtemp(prefix="pastcam-soak-")
        self.disk = Tmpfs(os.path.join(self.folder, "drive"), 250)
        self.captures = os.path.join(self.disk.path, "captures")
        self.shim = {name: os.path.join(self.folder, name) for name in ("fsync", "clock", "hog")}
        self.daemon = None
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.replies = collections.Counter()
        self.kept = 0  # files promised, and found whole
        self.broken = []
        self.disk_changes = 0  # a promise that crosses one cannot be checked
        self.done = collections.Counter()  # faults
        self.totals = collections.Counter()
        self.lives = []  # (first usage, last usage) of each process
        self.looked_at = set()

    # --- the daemon's lives ---

    def start(self):
        for name in ("fsync", "clock"):
            put(self.shim[name], 0)
        if os.path.exists(self.shim["hog"]):
            os.unlink(self.shim["hog"])
        environment = {"RUNTIME_DIRECTORY": self.folder, "SHIM_CLOCK_FILES": "1", **preload(
            "slow_disk", "clock", "hog", SHIM_FSYNC_MS=self.shim["fsync"], SHIM_CLOCK_S=self.shim["clock"],
            SHIM_HOG_MIB=self.shim["hog"])}
        environment["ASAN_OPTIONS"] += ":quarantine_size_mb=16"  # or what was freed looks like growth for a long time
        daemon = Daemon({"export.base_dir": self.captures, **OPTIONS}, folder=self.folder, environment=environment)
        daemon.wait_ready()
        self.daemon = daemon
        self.done["starts"] += 1
        self.lives.append([None, None])

    def measure(self):
        """Every second or so: what is to be counted when the process is gone without a word."""
        status = self.daemon.status()
        pid = self.daemon.process.pid
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            text = file.read()
        usage = {"rss": int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024,
                 "threads": int(re.search(r"Threads:\s+(\d+)", text)[1]), "fds": len(self.descriptors()), "frames": status["camera"]["frames"],
                 "lost": status["camera"]["lost"], "dropped": status["ring"]["dropped"], "state": status["camera"]["state"],
                 "stalls": status["camera"]["stalls"], "reopens": status["camera"]["reopens"],
                 "restarts": status["camera"]["restarts"], "deleted": status["storage"]["deleted"]}
        settled = status["ring"]["frames"] == status["ring"]["slots"] and status["exports"]["kept"] > 20
        if settled and usage["state"] == "running" and not self.lives[-1][0]:  # a camera that is away has no descriptors
            self.lives[-1][0] = usage
        self.lives[-1][1] = usage

    def descriptors(self):
        """All but those that come and go with clients and exports."""
        folder = f"/proc/{self.daemon.process.pid}/fd"
        links = []
        for name in os.listdir(folder):
            try:
                links.append(os.readlink(os.path.join(folder, name)))
            except FileNotFoundError:
                pass
        return [link for link in links if not link.startswith("socket:") and self.folder + "/drive" not in link]

    def end_life(self):
        last = self.lives[-1][1] or {}
        for name in ("frames", "lost", "dropped", "stalls", "reopens", "restarts", "deleted"):
            self.totals[name] += last.get(name, 0)

    def look_through_pictures(self):
        """All files that have a final name and were not looked at before."""
        new = [path for path in finished(self.captures) if path not in self.looked_at] if os.path.isdir(self.captures) else []
        for complaint in torn(new):
            if os.path.exists(complaint.split(":")[0]):  # not deleted by retention meanwhile
                self.broken.append("torn " + complaint)
        self.looked_at.update(new)
        self.totals["looked at"] += len(new)

    # --- clients ---

    def classify(self, reply):
        if reply.startswith("Saved"):
            return "kept"
        reply = re.sub(r" \(\d+ saved before that.*", "", reply.strip())
        reply = re.sub(r"/\S+?(?=[:,)]? |[:,)]?$)", "PATH", reply)
        return re.sub(r"\d+(\.\d+)?", "N", reply)[:90]

    def check(self, reply, changes):
        paths = paths_of(reply)
        bad = [f"missing {path}" for path in paths if not os.path.exists(path)] or ["torn " + text for text in torn(paths)]
        with self.lock:
            if changes != self.disk_changes:
                return  # the disk went away meanwhile, and its pictures with it
            self.kept += len(paths) - len(bad)
            self.broken += [f"{text} (promised: {reply[:60]})" for text in bad]
            self.looked_at.update(paths)

    def client(self, number):
        rng = random.Random(number)
        while not self.over.is_set():
            with self.lock:
                changes = self.disk_changes
            try:
                reply = self.daemon.ask(rng.choice(COMMANDS))
            except (OSError, TypeError):
                reply = ""
            if not reply.endswith("\n"):
                self.replies["connection cut (killed)"] += 1
                time.sleep(0.1)
                continue
            self.replies[self.classify(reply)] += 1
            self.check(reply, changes)
            time.sleep(rng.uniform(0, 0.3))

    def junk(self):
        rng = random.Random(0)
        while not self.over.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self.daemon.port), 5) as client:
                    client.sendall(rng.randbytes(rng.choice((1, 100, 5000))))
                    if rng.random() < 0.3:
                        time.sleep(rng.uniform(0, 3))
            except (OSError, TypeError):
                pass
            self.done["junk connections"] += 1
            time.sleep(0.2)

    # --- faults ---

    def disk_full(self):
        path = os.path.join(self.disk.path, "somebody-elses")
        try:
            with open(path, "wb", buffering=0) as file:
                while file.write(bytes(1 << 20)):
                    pass
        except OSError:
            pass  # now it is, if it was not full of pictures already
        time.sleep(self.rng.uniform(2, 5))
        if os.path.exists(path):
            os.unlink(path)

    def disk_read_only(self):
        for _ in range(500):
            if self.disk.read_only(True):  # refused while a picture is being written
                break
            time.sleep(0.01)
        else:
            return False
        time.sleep(self.rng.uniform(1, 4))
        return self.disk.read_only(False)

    def disk_gone(self):
        with self.lock:
            self.disk_changes += 1
            self.disk.vanish()
        time.sleep(self.rng.uniform(1, 4))
        if os.listdir(self.disk.path):
            self.broken.append("something was written onto the disk beneath")
        with self.lock:
            self.disk.mount()
            self.disk_changes += 1

    def disk_slow(self):
        put(self.shim["fsync"], self.rng.choice((300, 1000, 3000)))
        time.sleep(self.rng.uniform(2, 6))
        put(self.shim["fsync"], 0)
        time.sleep(3)

    def clock_jump(self):
        put(self.shim["clock"], int(self.rng.uniform(-20, 20) * YEAR_S))

    def kill(self):
        os.kill(self.daemon.process.pid, signal.SIGKILL)
        self.daemon.wait_exit()
        self.end_life()
        self.look_through_pictures()
        self.start()

    def out_of_memory(self):
        put(self.shim["hog"], LIMIT_MIB)
        code = self.daemon.wait_exit()
        self.end_life()
        if code != 42:
            self.broken.append(f"exit {code} instead of 42 when memory ran out")
        self.start()

    def pause(self, seconds):
        until = min(time.monotonic() + seconds, self.end)
        while time.monotonic() < until:
            try:
                self.measure()
            except (OSError, TypeError, ValueError):
                pass
            if self.daemon.process.poll() is not None:
                self.broken.append(f"the daemon ended by itself with {self.daemon.process.returncode}:\n{self.daemon.log()[-2000:]}")
                self.end_life()
                self.start()
            time.sleep(0.5)

    def run_faults(self):
        lasting = [self.disk_full, self.disk_read_only, self.disk_gone, self.disk_slow, self.clock_jump, self.clock_jump]
        self.pause(3)
        memory_due = True
        while time.monotonic() < self.end:
            first_half = time.monotonic() < self.half
            fault = self.rng.choice(lasting + ([self.kill] * 3 if first_half else []))
            if first_half and memory_due and self.half - time.monotonic() < 20:
                fault, memory_due = self.out_of_memory, False
            if fault() is not False:
                self.done[fault.__name__.replace("_", " ")] += 1
            self.pause(self.rng.uniform(1, 5))

    def run(self):
        self.start()
        threads = [threading.Thread(target=self.client, args=(i,)) for i in range(4)] + [threading.Thread(target=self.junk)]
        for thread in threads:
            thread.start()
        try:
            self.run_faults()
        finally:
            self.over.set()
            for thread in threads:
                thread.join()
        self.recover()
        self.end_life()
        self.look_through_pictures()
        if leftovers(self.captures):
            self.broken.append(f"leftovers: {leftovers(self.captures)}")

    def recover(self):
        """With nothing wrong any more everything works again, and stopping does."""
        wait_until(lambda: self.daemon.ask("save").startswith("Saved"), "a picture at the end", 60)
        wait_until(lambda: self.daemon.status()["exports"]["running"] == 0, "the queue to be empty")
        sockets = f"/proc/{self.daemon.process.pid}/fd"
        wait_until(lambda: len(os.listdir(sockets)) - len(self.descriptors()) <= 1, "all connections to be closed")
        wait_until(lambda: self.daemon.status()["camera"]["state"] == "running", "the camera")
        self.measure()
        if self.daemon.stop() != 0:
            self.broken.append(f"stopped with {self.daemon.process.returncode}")

    # --- the table ---

    def growth(self):
        """Of the longest life, which is the last one."""
        first, last = self.lives[-1]
        if not first:
            return "the last process never had a full ring"
        if last["rss"] - first["rss"] > GROWTH_MIB or last["threads"] != first["threads"]:
            return "it grew"
        if last["fds"] != first["fds"]:
            return "descriptors leaked"
        return None

    def report(self):
        asked = sum(count for reason, count in self.replies.items())
        print(f"\n{'frames taken':34}{self.totals['frames']:8}")
        print(f"{'frames lost by the camera':34}{self.totals['lost']:8}")
        print(f"{'frames lost for want of a slot':34}{self.totals['dropped']:8}")
        print(f"{'camera stalls/restarts/reopens':34}{self.totals['stalls']:8} / {self.totals['restarts']} / {self.totals['reopens']}")
        print(f"{'exports asked':34}{asked:8}")
        for reason, count in self.replies.most_common():
            print(f"  {reason:32}{count:8}" if len(reason) < 32 else f"  {count:8}  {reason}")
        print(f"{'files promised and found whole':34}{self.kept:8}")
        print(f"{'files looked at beside':34}{self.totals['looked at']:8}")
        print(f"{'torn, missing, other broken promises':36}{len(self.broken):6}")
        print(f"{'pictures deleted for room':34}{self.totals['deleted']:8}")
        print(f"{'starts':34}{self.done.pop('starts'):8}")
        for fault, count in sorted(self.done.items()):
            print(f"  {fault:32}{count:8}")
        first, last = self.lives[-1]
        for name, unit in (("rss", " MiB"), ("threads", ""), ("fds", "")):
            if first:
                print(f"{name + ' of the last process, then/end':34}{first[name]:8.0f}{unit} / {last[name]:.0f}{unit}")
        for text in self.broken[:20]:
            print("BROKEN:", text)
        growth = self.growth()
        if growth:
            print("BROKEN:", growth)
        return 1 if self.broken or growth else 0


def main():
    enter_own_mounts()
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    soak = Soak(minutes, seed)
    print(f"soaking for {minutes:g} minutes, seed {seed}, in {soak.folder}", flush=True)
    try:
        soak.run()
        code = soak.report()
    finally:
        if soak.daemon and soak.daemon.process.poll() is None:
            soak.daemon.process.kill()
    if code == 0:
        soak.disk.vanish()
        shutil.rmtree(soak.folder, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
