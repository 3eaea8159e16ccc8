#!/usr/bin/python3
"""Measures the running daemon against what it promises; a table like the kernels'.   usage: bench/daemon.py PASTCAM [RESULT.json]

1024x768, synthetic camera. Whole-process figures, so a busy machine shows in them: run it on a quiet one, or before
all others with `chrt --rr 1`."""

import contextlib
import io
import json
import os
import pathlib
import re
import signal
import socket
import statistics
import sys
import tempfile
import threading
import time

import numpy
from PIL import Image

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "integration"))
os.environ["PASTCAM"] = os.path.abspath(sys.argv[1])

from harness import Daemon  # noqa: E402

OPTIONS = {"camera.width": 1024, "camera.height": 768, "memory.max_rss_mb": 600, "ring.size": 150}
PICTURES_ONLY = {"motion.enable": "false", "encoder.kind": "none"}  # what the limits were set for
FRAME_BYTES = 1024 * 768 * 3
rows = []


def row(work, value, limit, unit, note=""):
    verdict = "ok" if value <= limit else "over"
    rows.append({"work": work, "value": value, "limit": limit, "unit": unit, "ok": value <= limit, "note": note})
    print(f"{work:<58} {value:>9.2f} {limit:>9.2f} {unit:<7} {verdict:<5} {note}", flush=True)


def reference(work, value, unit, note=""):
    """A row to compare others with, that has no limit of its own."""
    rows.append({"work": work, "value": value, "unit": unit, "note": note})
    print(f"{work:<58} {value:>9.2f} {'':>9} {unit:<7} {'':<5} {note}".rstrip(), flush=True)


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


BUFFER = bytearray(8 << 20)


def ask_bytes(path, line):
    """What the client does with the bytes is not what is measured: large reads into one buffer."""
    view, length = memoryview(BUFFER), 0
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        client.sendall(line.encode() + b"\n")
        while count := client.recv_into(view[length:]):
            length += count
    return view[:length]


def first_frame_ms(options):
    """From exec until `status` tells of a frame. Asked each millisecond: who asks without a pause has one of the cores that the start needs."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        daemon = Daemon(dict(OPTIONS, **options, **{"network.socket_dir": folder}))
        try:
            while time.monotonic() - begun < 10:
                with contextlib.suppress(OSError):
                    if json.loads(bytes(ask_bytes(os.path.join(folder, "camera.sock"), "status")))["ring"]["frames"] > 0:
                        return (time.monotonic() - begun) * 1000
                time.sleep(0.001)
            raise AssertionError(f"no frame within 10 s:\n{daemon.log()}")
        finally:
            daemon.__exit__()


def first_frame(what, options):
    with Daemon(dict(OPTIONS, **{"camera.framerate": 30})) as daemon:  # pictures to replay
        daemon.wait_frames(12)
        daemon.ask("past jpg at=0 count=8")
        daemon.stop()  # it would take a core
        for backend in ("synthetic", "replay"):
            options_of = dict(options, **{"camera.framerate": 30, "camera.backend": backend, "camera.replay.path": daemon.captures})
            times = [first_frame_ms(options_of) for _ in range(9)]
            row(f"first frame in the ring after exec, {backend}{what}", statistics.median(times), 100, "ms", f"{min(times):.0f} to {max(times):.0f}")


def wake_ups(pid):
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status", encoding="ascii", errors="replace") as file:
            total += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", file.read(), re.M).group(1))
    return total


def at_the_daemons_pace(times):
    """Processor time of copying a frame, wake-up included, and of a wake-up alone, in turns, at the daemon's pace: ten a second, each copy from one of four buffers into the next of a ring of 50."""
    sources, ring = numpy.ones((4, FRAME_BYTES), numpy.uint8), numpy.ones((50, FRAME_BYTES), numpy.uint8)
    taken, due = [0, 0], time.monotonic()
    for i in range(times):
        due += 0.1
        begun = time.thread_time()
        time.sleep(max(0, due - time.monotonic()))
        if i % 2 == 0:
            numpy.copyto(ring[i // 2 % 50], sources[i // 2 % 4])
        taken[i % 2] += (time.thread_time() - begun) * 1000
    return taken[0] * 2 / times, taken[1] * 2 / times


def ingest_ms(camera):
    return camera["ingest_mean_ms"] * camera["frames"]


def idle(what, options, least=0):
    """least: what the same takes with pictures alone, ms; returned by that turn."""
    with Daemon(dict(OPTIONS, **options, **{"camera.framerate": 10, "ring.size": 50})) as daemon:
        daemon.wait_frames(50)  # no more memory to be touched for the first time
        before, cpu_before, woken = daemon.status()["camera"], cpu_ns(daemon.process.pid), wake_ups(daemon.process.pid)
        copy, wake_up = at_the_daemons_pace(200)
        woken, cpu_after, after = wake_ups(daemon.process.pid) - woken, cpu_ns(daemon.process.pid), daemon.status()["camera"]
        frames = after["frames"] - before["frames"]
        cpu, ingest = (cpu_after - cpu_before) / 1e6 / frames, (ingest_ms(after) - ingest_ms(before)) / frames
        # The ingest is what happens between two readings of the clock: no frame comes without waking whoever takes it in.
        if not least:
            row(f"CPU a frame at 10 fps, nobody asking / ingest and a wake-up{what}", cpu / (ingest + wake_up), 1.5, "ratio",
                f"{cpu:.2f}, {ingest:.2f} and {wake_up:.2f} ms; includes drawing the scene")
            reference(f"  the same / the ingest alone{what}", cpu / ingest, "ratio")
        else:
            row(f"CPU a frame beyond the same with pictures alone{what}", cpu - least, 0.4, "ms", f"{cpu:.2f} ms")
        row(f"  the same / a memcpy at the same pace{what}", cpu / copy, 2, "ratio", f"{copy:.2f} ms, its wake-up included")
        row(f"  wake-ups a frame{what}", woken / frames, 1.1, "", "of all threads")
        memory = daemon.status()["memory"]
        claimed = sum(claim["mib"] for claim in memory["claims"] if claim["name"] in ("motion", "video encoder"))
        row(f"  memory over arena and camera buffers{what}", over_arena_mib(memory), 12 + claimed, "MiB",
            f"{claimed:.1f} of it are the claims of motion and the encoder" if claimed else "")
        return cpu


def decode_ms(pictures):
    begun = time.thread_time()
    for picture in pictures:
        Image.open(io.BytesIO(picture)).load()
    return (time.thread_time() - begun) * 1000 / len(pictures)


def replay():
    """The bare decoding is libjpeg-turbo's through Pillow, of the same pictures, in turns."""
    with Daemon(dict(OPTIONS, **{"camera.framerate": 30})) as daemon:
        daemon.wait_frames(12)
        daemon.ask("past jpg at=0 count=8")
        names = [os.path.join(daemon.captures, name) for name in daemon.files()]
        pictures = [pathlib.Path(name).read_bytes() for name in names]
        options = {"camera.framerate": 10, "ring.size": 50, "camera.backend": "replay", "camera.replay.path": daemon.captures}
        with Daemon(dict(OPTIONS, **PICTURES_ONLY, **options)) as other:
            other.wait_frames(50)
            frames, cpu, bare = other.status()["camera"]["frames"], cpu_ns(other.process.pid), []
            for _ in range(100):
                bare.append(decode_ms(pictures[:1]))
                time.sleep(0.1)
            cpu = (cpu_ns(other.process.pid) - cpu) / 1e6 / (other.status()["camera"]["frames"] - frames)
            row("replay: CPU a frame / decoding it", cpu / statistics.median(bare), 1.2, "ratio", f"{cpu:.2f} ms")


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
    with Daemon(dict(OPTIONS, **PICTURES_ONLY, **{"camera.framerate": 30})) as daemon:
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


def late_with_motion():
    """How late capture turns to frames at 30 a second, with and without motion, in turns."""
    late = {"true": [], "false": []}
    for enable in ("true", "false") * 3:
        with Daemon(dict(OPTIONS, **{"camera.framerate": 30, "motion.enable": enable, "encoder.kind": "none"})) as daemon:
            daemon.wait_frames(140)
            camera = daemon.status()["camera"]
            late[enable].append((camera["late_p50_ms"], camera["late_p999_ms"], camera["lost"] + camera["dropped"]))
    median = {enable: statistics.median(turn[0] for turn in turns) for enable, turns in late.items()}
    noise = max(turn[0] for turn in late["false"]) - min(turn[0] for turn in late["false"])
    row("ingest late at 30 fps, with motion beyond without", median["true"] - median["false"], max(noise, 0.1), "ms",
        f"medians {median['true']:.2f} and {median['false']:.2f}; the limit is what turns without differ by; at worst "
        f"{max(turn[1] for turn in late['true']):.1f} and {max(turn[1] for turn in late['false']):.1f}; lost {sum(turn[2] for turn in late['true'])} "
        f"and {sum(turn[2] for turn in late['false'])} frames")


def encode(image):
    file = io.BytesIO()
    image.save(file, "jpeg", quality=95, subsampling="4:2:0")
    return file.getvalue()


@contextlib.contextmanager
def bare_server(path, image):
    """The least that `get` could be: a process that encodes one picture on a UNIX socket and sends it. It has no frame to find, and nothing else to do."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        child = os.fork()
        if child == 0:
            try:
                while True:
                    client = server.accept()[0]
                    client.recv(100)
                    client.sendall(encode(image))
                    client.close()
            finally:
                os._exit(1)
    try:
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def milliseconds(function, *arguments):
    begun = time.monotonic()
    function(*arguments)
    return (time.monotonic() - begun) * 1000


def p99(values):
    return sorted(values)[len(values) * 99 // 100 - 1]


def get_beyond_encode():
    """What `get` costs beyond the encode at p99: the 99th percentile of `get` less that of the bare encode (libjpeg-turbo's through Pillow) of the same pixels, in turns.

    The 99th percentile of the differences of pairs, which this row was before, is none of get's own: whoever else has the processor during an encode
    makes one of the two longer, and the pair's difference with it. How far that goes is shown in the same run by a second encode in get's place, and
    by the least program that encodes on a socket."""
    with tempfile.TemporaryDirectory() as folder, Daemon(dict(OPTIONS, **{"camera.framerate": 10, "network.socket_dir": folder})) as daemon:
        daemon.wait_frames(60)
        path, bare = os.path.join(folder, "camera.sock"), os.path.join(folder, "bare.sock")
        image = Image.fromarray(numpy.load(io.BytesIO(ask_bytes(path, "get npy at=-5"))))
        with bare_server(bare, image):
            ways = {"encode": (encode, image), "get": (ask_bytes, path, "get at=-5"), "again": (encode, image), "bare": (ask_bytes, bare, "get")}
            times = {way: [] for way in ways}
            for _ in range(1000):
                for way, call in ways.items():
                    times[way].append(milliseconds(*call))
        beyond = {way: [one - encode for one, encode in zip(times[way], times["encode"])] for way in ways}
        least = p99(times["encode"])
        row("get at=-5 on the socket beyond the JPG encode, p99", p99(times["get"]) - least, 2, "ms",
            f"p99 {p99(times['get']):.2f} less {least:.2f}; median {statistics.median(beyond['get']):.2f} ms")
        for way, what in (("again", "another encode"), ("bare", "a process that only encodes and sends")):
            reference(f"  the same of {what}", p99(times[way]) - least, "ms", f"median {statistics.median(beyond[way]):.2f} ms")
        for way, what in (("get", "get"), ("again", "another encode"), ("bare", "that process")):
            reference(f"  p99 of the pairs' differences, {what}", p99(beyond[way]), "ms")


class Viewer(threading.Thread):
    """Follows `live meta` and notes the frames; a stalled one never reads."""

    def __init__(self, port, stalled=False):
        super().__init__(daemon=True)
        self.ids = []
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.sendall(b"live meta\n")
        if not stalled:
            self.start()

    def run(self):
        file = self.socket.makefile("rb")
        while line := file.readline():
            meta = json.loads(line)
            file.read(meta["bytes"])
            self.ids.append(meta["id"])


def missing(camera):
    return camera["lost"] + camera["dropped"] + camera["skipped"]


def fast():
    """1080p at 240 frames a second, from the first frame on: lost by the camera, for want of a slot, and left out because one takes too long."""
    with Daemon(dict(OPTIONS, **PICTURES_ONLY, **{"camera.width": 1920, "camera.height": 1080, "camera.framerate": 240, "ring.size": 60, "memory.max_rss_mb": 1000})) as daemon:
        daemon.wait_frames(1)
        time.sleep(1)
        first = daemon.status()["camera"]
        time.sleep(2)
        after = daemon.status()["camera"]
        row("frames lost at 1080p and 240 fps, in the first second", missing(first), 0, "frames", f"of {first['frames'] + missing(first)}")
        row("  in the next two", missing(after) - missing(first), 0, "frames", f"of {after['frames'] + missing(after) - first['frames'] - missing(first)}")


def live_readers():
    with Daemon(dict(OPTIONS, **{"camera.framerate": 10, "network.max_clients": 32})) as daemon:
        daemon.wait_frames(150)
        before = daemon.status()
        stalled, good = [Viewer(daemon.port, True) for _ in range(4)], [Viewer(daemon.port) for _ in range(8)]
        time.sleep(20)
        after = daemon.status()
        frames = after["camera"]["frames"] - before["camera"]["frames"]
        missing = sum(viewer.ids[-1] - viewer.ids[0] + 1 - len(viewer.ids) for viewer in good)
        encoded = after["exports"]["encoded"] - before["exports"]["encoded"]
        row("8 live readers and 4 stalled: encodes a frame", encoded / frames, 1.01, "ratio", f"{frames} frames")
        row("  frames missing to good readers, and lost by capture", missing + after["camera"]["lost"] + after["camera"]["dropped"], 0, "frames")
        grown = over_arena_mib(after["memory"]) - over_arena_mib(before["memory"])
        row("  memory a reader", grown / 12, 0.2, "MiB", "with what the first encode touches")
        for viewer in stalled + good:
            viewer.socket.close()


print(f"{'work':<58} {'value':>9} {'limit':>9}")
alone = 0
for what, options in (("", PICTURES_ONLY), (", motion, encoder", {})):
    first_frame(what, options)
    alone = idle(what, options, alone)
replay()
fast()
latency()
get_beyond_encode()
live_readers()
never_waits()
late_with_motion()
if len(sys.argv) > 2:
    with open(sys.argv[2], "w", encoding="ascii") as file:
        json.dump(rows, file, indent=1)
