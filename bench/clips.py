#!/usr/bin/python3
"""Measures clips of the running daemon against what they promise.   usage: bench/clips.py PASTCAM [RESULT.json [PART…]]

Parts: seams (triggers, a third of them while another clip is under way), kills (kill -9 while recording), waits (when `clip wait` is
answered), sizes (a minute of past). All of them without a name: about ten minutes of one core. Several daemons run side by side, each
with a camera of its own, since a clip of ten seconds takes ten seconds."""

import json
import math
import os
import random
import re
import statistics
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "integration"))
os.environ["PASTCAM"] = os.path.abspath(sys.argv[1])

from harness import Daemon, EventReader, connect, read_all, wait_until  # noqa: E402
from pictures import decode, read_number  # noqa: E402
from videos import clip_of, count_frames, frames_of, frames_on_time  # noqa: E402

SIDE_BY_SIDE = 10
TRIGGERS = 100
KILLS = 50
WAITS = 10
BEFORE_S, AFTER_S = 5, 5
LARGE = {"camera.width": 1024, "camera.height": 768, "memory.max_rss_mb": 800, "clip.poster": "false"}
rows = []


def row(work, value, limit, unit, note=""):
    verdict = "ok" if value <= limit else "over"
    rows.append({"work": work, "value": value, "limit": limit, "unit": unit, "ok": value <= limit, "note": note})
    print(f"{work:<66} {value:>9.3f} {limit:>9.3f} {unit:<7} {verdict:<5} {note}", flush=True)


def side_by_side(work, count):
    """work(i) in a thread each; what they return."""
    results, wrong = [None] * count, []

    def run(i):
        try:
            results[i] = work(i)
        except BaseException as reason:  # pylint: disable=broad-except # told by the main thread
            wrong.append(reason)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise wrong[0]
    return results


# --- seams ---


def gaps(generator, count):
    """Seconds before each trigger: three of ten come while another's clip is under way, or reaches back into it."""
    return [generator.uniform(0.5, 9.5) if generator.random() < 0.3 else generator.uniform(10.2, 11.5) for _ in range(count)]


def moment_of_a_frame(daemon):
    """(seconds since 1970, the number that is burnt into its frame): the synthetic camera's frames are exactly an interval apart."""
    with connect(daemon) as client:
        client.sendall(b"get at=-0.5 meta\n")
        head, _, data = read_all(client).partition(b"\n")
    return json.loads(head)["epoch"], read_number(decode(data))


def record(fps, when, seed):
    """Triggers of one daemon, in frames of the camera, and its clips: ([triggers], [(numbers, times)], frames that the camera lost)."""
    options = {"camera.framerate": fps, "ring.size": fps * 8, "encoder.when": when, "encoder.kind": "openh264", "clip.on_trigger": "true",
               "clip.before_s": BEFORE_S, "clip.after_s": AFTER_S, "clip.poster": "false"}
    with Daemon(options) as daemon, EventReader(daemon) as events:
        daemon.wait_frames(fps * 6)
        epoch, number = moment_of_a_frame(daemon)
        for gap in gaps(random.Random(seed), TRIGGERS // SIDE_BY_SIDE):
            time.sleep(gap)
            assert daemon.ask("trigger").startswith("TRIGGERED")
        wait_until(lambda: daemon.status()["clips"]["under_way"] == 0, "the last clip")
        later, other = moment_of_a_frame(daemon)
        daemon.ask("trigger end")  # an event after all others
        while events.next("trigger").get("label") != "end":
            pass
        asked = [number + (event["epoch"] - epoch) * fps for event in events.seen if event["event"] == "trigger"][:-1]
        clips = [frames_on_time(event["path"]) for event in events.seen if event["event"] == "clip.end"]
        return asked, clips, round(number + (later - epoch) * fps) - other


def seams(rates=(10, 30)):
    for fps in rates:
        for when in ("always", "trigger"):
            done = side_by_side(lambda i: record(fps, when, f"{fps} {when} {i}"), SIDE_BY_SIDE)  # pylint: disable=cell-var-from-loop
            missing, step, off, overlapping = 0, 0.0, 0.0, 0
            for asked, clips, _ in done:
                overlapping += len(asked) - len(clips)
                for trigger in asked:
                    wanted = set(range(math.ceil(trigger - BEFORE_S * fps + 0.05), math.floor(trigger + AFTER_S * fps - 0.05) + 1))
                    missing += min(len(wanted.difference(numbers)) for numbers, _ in clips)
                for numbers, times in clips:
                    step = max(step, max(b - a for a, b in zip(times, times[1:])) * fps)
                    at_5_s = numbers[0] + (BEFORE_S - times[0]) * fps
                    first = min(asked, key=lambda trigger: abs(trigger - at_5_s))  # pylint: disable=cell-var-from-loop
                    shown = min(range(len(numbers)), key=lambda i: abs(numbers[i] - math.floor(first)))  # pylint: disable=cell-var-from-loop
                    off = max(off, abs(times[shown] - BEFORE_S) * fps)
            name = f"{sum(len(asked) for asked, _, _ in done)} triggers at {fps} frames/s, {when}"
            lost = sum(lost for _, _, lost in done)
            row(f"{name}: frames missing 5 s around", missing, lost, "frames", f"{overlapping} made another's clip longer; the camera lost {lost}")
            row("  longest step from frame to frame", step, 1.2, "frames")
            row("  the trigger's frame beside 5.00 s", off, 1 + 0.002 * fps, "frames", "events are told to the millisecond")


# --- kills ---


def kill_once(folder, fps, generator):
    """One life and what the next finds: (seconds lost before the kill, promised clips that are not whole)."""
    options = {"camera.framerate": fps, "ring.size": fps * 8, "clip.before_s": 2, "clip.poster": "false", "encoder.kind": "openh264"}
    with Daemon(options, folder=folder) as daemon:
        daemon.wait_frames(fps * 2)
        promised = re.search(r"(\d+) frames: (\S+)", daemon.ask("clip before=1 after=0.3 wait"))
        daemon.ask("clip after=60")
        time.sleep(generator.uniform(1.2, 4))
        newest, asked = daemon.status()["ring"]["newest_id"], time.monotonic()
        daemon.process.kill()
        killed = newest + (time.monotonic() - asked) * fps
        daemon.process.wait()
    with Daemon(options, folder=folder) as daemon:
        def found():
            return [name for name in daemon.files() if name.endswith("-recovered.mp4")]
        (name,) = wait_until(found, "the recovered clip")
        path = os.path.join(daemon.captures, name)
        numbers, _ = frames_of(path)
        contiguous = numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        broken = int(count_frames(promised[2]) < int(promised[1]) - 1) + int(not contiguous)
        os.unlink(path)
        return (killed - 1 - numbers[-1]) / fps, broken


def kill_often(seed):
    generator = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="pastcam-bench-") as folder:
        return [kill_once(folder, 30, generator) for _ in range(KILLS // SIDE_BY_SIDE)]


def kills():
    done = [one for some in side_by_side(kill_often, SIDE_BY_SIDE) for one in some]
    row(f"{len(done)} kill -9 while recording: clips that are not whole", sum(broken for _, broken in done), 0, "clips")
    lost = [seconds for seconds, _ in done]
    row("  what is missing before the kill, at worst", max(lost), 1, "s", f"median {statistics.median(lost):.2f}")


# --- waits ---


def answered_late(daemon, before_s, after_s):
    """Seconds from the end of a clip to the reply."""
    begun = time.monotonic()
    reply = daemon.ask(f"clip before={before_s} after={after_s:.3f} wait")
    late = time.monotonic() - begun - after_s
    assert reply.startswith("SAVED_CLIP"), reply
    os.unlink(clip_of(reply))
    return late


def waits(rates=(10, 30), ways=("always", "trigger"), ends=(1, 0)):
    for fps in rates:
        for when in ways:
            options = dict(LARGE, **{"camera.framerate": fps, "ring.size": fps * 6, "encoder.when": when, "encoder.kind": "openh264"})
            with Daemon(options) as daemon:
                for after_s in ends:
                    late = []
                    for turn in range(WAITS):
                        all_new = daemon.status()["ring"]["newest_id"] + fps * 6  # nothing of the last clip helps
                        wait_until(lambda: daemon.status()["ring"]["newest_id"] > all_new, "a past that is not encoded")  # pylint: disable=cell-var-from-loop
                        late.append(answered_late(daemon, BEFORE_S, after_s + turn * 0.013))
                    row(f"clip wait at {fps} frames/s, {when}, after={after_s}: answered after b, at worst", max(late) * 1e3, 200, "ms",
                        f"median {statistics.median(late) * 1e3:.0f}, {sum(seconds > 0.2 for seconds in late)} of {WAITS} later")
                video = daemon.status()["video"]
            print(f"  {video['cpu_ms']:.1f} ms of CPU a frame, {video['skipped']} frames skipped")


# --- sizes ---


def sizes():
    options = dict(LARGE, **{"camera.framerate": 10, "encoder.when": "always", "encoder.kind": "openh264"})
    with Daemon(options) as daemon:
        wait_until(lambda: daemon.status()["video"]["seconds"] >= 60, "a minute of past", 90)
        video = daemon.status()["video"]
    row("a minute of past at 1024x768, 10 frames/s", video["used_bytes"] / video["seconds"] * 60 / 2 ** 20, 8.5, "MiB",
        f"arena {video['bytes'] / 2 ** 20:.2f} MiB")
    with Daemon(dict(options, **{"clip.past_s": 600})) as daemon:  # bench/past.c fills as much
        row("ten minutes: the arena", daemon.status()["video"]["bytes"] / 2 ** 20, 100, "MiB")


if __name__ == "__main__":
    PARTS = {"seams": seams, "kills": kills, "waits": waits, "sizes": sizes}
    print(f"{'work':<66} {'value':>9} {'limit':>9}")
    for part in sys.argv[3:] or PARTS:
        PARTS[part]()
    if len(sys.argv) > 2:
        with open(sys.argv[2], "w", encoding="ascii") as result:
            json.dump(rows, result, indent=1)
