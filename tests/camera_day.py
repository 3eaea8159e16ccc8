#!/usr/bin/python3
"""A day of camera faults in an hour; one table at the end.   usage: tests/camera_day.py [HOURS]   (24; each takes 150 s)

Each hour of the day the camera hangs twice, fails, vanishes twice, is slow and three times sends pictures of a wrong size;
and one of these lasts so long that restarting does not help. A client asks for pictures all the time, and for the past
whenever there is no camera. The exit code is 1 unless each outage has one line where it begins and one where it ends,
what was planned is what was seen, the past was served all the time, and memory, threads and descriptors stayed flat."""

import collections
import os
import random
import re
import shutil
import statistics
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "integration"))
# pylint: disable=wrong-import-position
from faults import torn, usage
from harness import Daemon, paths_of

HOUR_S = 150
TURNS = 3  # the long faults take turns, one an hour
# (kind, second of the hour, seconds it lasts or 0, in which of the TURNS; None: each hour); each outage begins more than
# ten seconds after the one before has ended, so that pastcam begins with the first rung of its ladder.
PLAN = (("garbage", 5, 0, None), ("stall", 8, 0, None), ("error", 30, 0, None), ("garbage", 42, 2, None), ("slow", 48, 8, None),
        ("garbage", 60, 0, None), ("vanish", 65, 0, None), ("vanish", 80, 5, None), ("stall", 100, 12, 0), ("error", 100, 12, 1),
        ("vanish", 100, 30, 2), ("stall", 143, 0, None))
BEGINS = {"stall": r"ERROR +Camera: no frame for", "error": r"ERROR +Camera: the synthetic camera fails",
          "vanish": r"ERROR +Camera: the synthetic camera has vanished", "garbage": r"ERROR +The camera delivered a picture of"}
ENDS = {"outages": r"INFO +Camera: frames come again", "garbage": r"INFO +The camera's pictures have the agreed size again"}
RATE = 10
OPTIONS = {"camera.framerate": RATE, "camera.width": 640, "camera.height": 480, "camera.capture_timeout_s": 1,
           "ring.size": 100, "storage.max_total_mb": 50}
COMMANDS = ("save", "save png", "past jpg at=-0.5 count=3", "past npy at=-2", "pastStack png at=-1 count=4")
GROWTH_MIB = 4  # of RSS, that is still no leak


def fault_text():
    words = []
    for kind, start, length, turn in PLAN:
        at, period = (start, HOUR_S) if turn is None else (start + turn * HOUR_S, TURNS * HOUR_S)
        words.append(f"{kind}@{at}" + (f"+{length}" if length else "") + f"/{period}")
    return ",".join(words)


def planned(hours):
    counts = collections.Counter()
    for kind, _, _, turn in PLAN:
        counts[kind] += sum(1 for hour in range(hours) if turn is None or hour % TURNS == turn)
    return counts


class Day:
    def __init__(self, hours):
        self.hours = hours
        self.rng = random.Random(hours)
        self.usages = [[] for _ in range(hours)]
        self.replies = collections.Counter()
        self.past = collections.Counter()  # asked for while there was no camera
        self.slow_spells = self.slow_seconds = 0
        self.broken = []
        self.last = None

    def look_at(self, daemon, reply):
        for text in torn(path for path in paths_of(reply) if os.path.exists(path)):
            self.broken.append("torn " + text)
        for path in paths_of(reply):
            if not os.path.exists(path):
                self.broken.append("missing " + path)
        if daemon.process.poll() is not None:
            raise SystemExit(f"BROKEN: the daemon ended with {daemon.process.returncode}:\n{daemon.log()[-3000:]}")

    def ask(self, daemon, status):
        reply = daemon.ask(self.rng.choice(COMMANDS))
        self.replies[re.sub(r"[\d.]+ s", "N s", reply.split(": ")[0].strip()) if "NOT" in reply else reply.split()[0]] += 1
        self.look_at(daemon, reply)
        if status["camera"]["state"] != "running":
            reply = daemon.ask(f"past jpg at=-{self.rng.uniform(0, 5):.1f}")
            self.past["served" if reply.startswith("Saved") else "refused: " + reply] += 1
            self.look_at(daemon, reply)

    def note_slowness(self, before, after, seconds):
        steady = before["state"] == after["state"] == "running" and before["reopens"] == after["reopens"] and \
            before["restarts"] == after["restarts"]
        slow = steady and after["frames"] - before["frames"] < RATE * seconds / 2
        self.slow_seconds = self.slow_seconds + seconds if slow else 0
        if 4 <= self.slow_seconds < 4 + seconds:
            self.slow_spells += 1

    def run(self, daemon):
        begun = looked = time.monotonic()
        self.last = daemon.status()
        while looked < begun + self.hours * HOUR_S:
            time.sleep(self.rng.uniform(0.5, 1.5))
            now = time.monotonic()
            status = daemon.status()
            self.note_slowness(self.last["camera"], status["camera"], now - looked)
            self.last, looked = status, now
            self.ask(daemon, status)
            hour = min(int((now - begun) / HOUR_S), self.hours - 1)
            self.usages[hour].append(usage(daemon.process.pid))

    def middle(self, hour, name):
        return statistics.median(use[name] for use in self.usages[hour])

    def check_log(self, log):
        """Prints what began and ended, and how often that was planned."""
        plan = planned(self.hours)
        begun = {kind: len(re.findall(pattern, log)) for kind, pattern in BEGINS.items()}
        ended = {kind: len(re.findall(pattern, log)) for kind, pattern in ENDS.items()}
        begun["slow"] = self.slow_spells
        print(f"{'fault':12}{'planned':>10}{'seen':>10}")
        for kind, count in sorted(plan.items()):
            print(f"{kind:12}{count:10}{begun[kind]:10}")
            if begun[kind] != count:
                self.broken.append(f"{kind}: {count} planned, {begun[kind]} seen")
        outages = sum(begun[kind] for kind in ("stall", "error", "vanish"))
        for what, began in (("outages", outages), ("garbage", begun["garbage"])):
            print(f"log lines for {what:10}{began:6} begin, {ended[what]} end")
            if began != ended[what]:
                self.broken.append(f"{what}: {began} lines begin and {ended[what]} end")

    def report(self, log):
        camera, ring = self.last["camera"], self.last["ring"]
        print(f"{'hours':28}{self.hours:8}")
        self.check_log(log)
        for name in ("frames", "lost", "rejected", "stalls", "restarts", "reopens", "failures"):
            print(f"camera {name:21}{camera[name]:8}")
        print(f"{'frames without a slot':28}{ring['dropped']:8}")
        for reason, count in (self.replies + self.past).most_common():
            print(f"{'without a camera, ' if reason in self.past else ''}{reason[:60]}: {count}")
        first = min(1, self.hours - 1)
        print(f"{'':12}{'hour 2':>10}{'last hour':>10}{'highest':>10}")
        for name in ("rss_mib", "threads", "fds"):
            print(f"{name:12}{self.middle(first, name):10.1f}{self.middle(-1, name):10.1f}"
                  f"{max(use[name] for hour in self.usages for use in hour):10.1f}")
            if self.middle(-1, name) > self.middle(first, name) + (GROWTH_MIB if name == "rss_mib" else 0):
                self.broken.append(f"{name} grew")
        if ring["dropped"] or any(reason != "served" for reason in self.past):
            self.broken.append("frames were dropped, or the past was not served")
        for text in self.broken[:20]:
            print("BROKEN:", text)
        print("verdict:", "broken" if self.broken else "capture runs, one line at each end, nothing grew")
        return 1 if self.broken else 0


def main():
    day = Day(int(sys.argv[1]) if len(sys.argv) > 1 else 24)
    folder = tempfile.mkdtemp(prefix="pastcam-day-")
    print(f"{day.hours} hours in {day.hours * HOUR_S / 60:g} minutes, in {folder}", flush=True)
    with Daemon({"camera.synthetic.faults": fault_text(), **OPTIONS}, folder=folder) as daemon:
        day.run(daemon)
        if day.last["camera"]["state"] != "running":
            day.broken.append("the camera is " + day.last["camera"]["state"])
        if daemon.stop() != 0:
            day.broken.append(f"stopped with {daemon.process.returncode}")
        code = day.report(daemon.log())
    if code == 0:
        shutil.rmtree(folder, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
