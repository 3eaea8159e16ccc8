#!/usr/bin/python3
"""Measures the running daemon against what it promises; a table like the kernels'.   usage: bench/daemon.py PASTCAM [RESULT.json]

1024x768, synthetic camera. Whole-process figures, so a busy machine shows in them: run it on a quiet one."""

import json
import os
import statistics
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "integration"))
os.environ["PASTCAM"] = os.path.abspath(sys.argv[1])

from harness import Daemon  # noqa: E402

OPTIONS = {"camera.width": 1024, "camera.height": 768, "memory.max_rss_mb": 600, "ring.size": 150}
rows = []


def row(work, value, limit, unit, note=""):
    verdict = "ok" if value <= limit else "over"
    rows.append({"work": work, "value": value, "limit": limit, "unit": unit, "ok": value <= limit, "note": note})
    print(f"{work:<58} {value:>9.2f} {limit:>9.2f} {unit:<7} {verdict:<5} {note}", flush=True)


def cpu_ns(pid):
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total


def over_arena_mib(memory):
    return memory["rss_mib"] - memory["ring_mib"] - memory["camera_mib"]


def parts_apart_mib(memory):
    parts = sum(memory[name] for name in ("program_mib", "camera_mib", "ring_mib", "heap_mib", "stacks_mib"))
    return abs(parts - memory["rss_mib"])


def first_frame():
    times = []
    for backend in ("synthetic", "replay"):
        with Daemon(dict(OPTIONS, **{"camera.framerate": 30})) as daemon:  # pictures to replay
            daemon.wait_frames(12)
            daemon.ask("past jpg at=0 count=8")
            for _ in range(5):
                begun = time.monotonic()
                with Daemon(dict(OPTIONS, **{"camera.backend": backend, "camera.replay.path": daemon.captures})) as other:
                    while other.status()["ring"]["frames"] == 0:
                        pass
                    times.append((time.monotonic() - begun) * 1000)
            row(f"first frame in the ring after exec, {backend}", statistics.median(times), 150, "ms", "includes finding out")
            times.clear()


def ingest_ms(camera):
    return camera["ingest_mean_ms"] * camera["frames"]


def idle():
    with Daemon(dict(OPTIONS, **{"camera.framerate": 10, "ring.size": 50})) as daemon:
        daemon.wait_frames(50)  # no more memory to be touched for the first time
        before, cpu_before = daemon.status()["camera"], cpu_ns(daemon.process.pid)
        time.sleep(20)
        cpu_after, after = cpu_ns(daemon.process.pid), daemon.status()["camera"]
        frames = after["frames"] - before["frames"]
        cpu, ingest = (cpu_after - cpu_before) / 1e6 / frames, (ingest_ms(after) - ingest_ms(before)) / frames
        row("CPU a frame at 10 fps, nobody asking / ingest", cpu / ingest, 1.5, "ratio", f"{cpu:.2f} ms; includes drawing the scene")


def latency():
    with Daemon(dict(OPTIONS, **{"camera.framerate": 10})) as daemon:
        daemon.wait_frames(60)

        def median_ms(line):
            times = []
            for _ in range(15):
                begun = time.monotonic()
                reply = daemon.ask(line)
                times.append((time.monotonic() - begun) * 1000)
                assert reply.startswith("Saved"), reply
            return statistics.median(times)
        one = median_ms("past jpg at=0")
        row("pastStack jpg (4 frames) beyond past jpg", median_ms("pastStack jpg at=-2") - one, 5, "ms", f"past jpg alone {one:.1f} ms")
        row("save jpg beyond past jpg", median_ms("save jpg") - one, 105, "ms", "one frame interval + 5 ms")


def never_waits():
    with Daemon(dict(OPTIONS, **{"camera.framerate": 30})) as daemon:
        daemon.wait_frames(120)
        before = daemon.status()
        memory = []
        stop = threading.Event()

        def asker(line):
            while not stop.is_set():
                daemon.ask(line)

        def watcher():
            while not stop.is_set():
                memory.append(daemon.status()["memory"])
                time.sleep(0.05)
        threads = [threading.Thread(target=asker, args=("past png at=-2 count=50",))]
        threads += [threading.Thread(target=asker, args=(line,)) for line in ("save", "save png", "pastStack", "pastStack png mode=median", "past",
                                                                             "past npy", "save npy", "pastStack mode=max jpg png")]
        threads.append(threading.Thread(target=watcher))
        for thread in threads:
            thread.start()
        time.sleep(40)  # so many frames that one in a thousand is more than one
        stop.set()
        for thread in threads:
            thread.join()
        after = daemon.status()
        frames = after["camera"]["frames"] - before["camera"]["frames"]
        row("frames lost: 30 fps, 50 PNG and 8 clients at once", after["camera"]["lost"] + after["camera"]["dropped"], 0, "frames", f"of {frames}")
        row("ingest late, 99.9th percentile, meanwhile", after["camera"]["late_p999_ms"], 5, "ms", f"median {after['camera']['late_p50_ms']:.1f} ms")
        row("memory over arena and camera buffers, highest", max(map(over_arena_mib, memory)), 12, "MiB",
            f"of it {max(m['program_mib'] for m in memory):.1f} program and libraries")
        row("memory parts and RSS apart, largest", max(map(parts_apart_mib, memory)), 1, "MiB")


print(f"{'work':<58} {'value':>9} {'limit':>9}")
first_frame()
idle()
latency()
never_waits()
if len(sys.argv) > 2:
    with open(sys.argv[2], "w", encoding="ascii") as file:
        json.dump(rows, file, indent=1)
