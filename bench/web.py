#!/usr/bin/python3
"""Measures the page's program beside the real daemon.   usage: bench/web.py BUILD_FOLDER RESULT.json

One pastcam with the synthetic camera at 1024x768 and 30 frames a second, one pastcam-web, and clients on this machine."""

import gc
import json
import os
import socket
import sys
import threading
import time

BUILD = os.path.abspath(sys.argv[1])
os.environ.setdefault("PASTCAM", os.path.join(BUILD, "pastcam"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "integration"))

from web import Site  # noqa: E402

CAMERA = {"camera.width": 1024, "camera.height": 768, "camera.framerate": 30, "ring.size": 300}
results = {}


def row(name, value, unit, limit=None):
    results[name] = {"value": round(value, 3), "unit": unit, "limit": limit}
    print(f"{name:58} {value:10.3f} {unit:8}{'' if limit is None else f' (limit {limit})'}", flush=True)


def cpu_s(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def threads_cpu_s(process, *names):
    """Of the threads with these names, to the nanosecond."""
    total = 0
    for task in os.listdir(f"/proc/{process.pid}/task"):
        try:
            with open(f"/proc/{process.pid}/task/{task}/comm", encoding="utf-8") as file:
                name = file.read().strip()
            with open(f"/proc/{process.pid}/task/{task}/schedstat", encoding="ascii") as file:
                total += int(file.read().split()[0]) if name in names else 0
        except FileNotFoundError:  # it has ended
            pass
    return total / 1e9


def rss_mib(process):
    """What is its own: without the pages of libraries that it shares."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("RssAnon")).split()[1]) / 1024


def switches(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("voluntary")).split()[1])


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


class Connection:
    """As little of Python as can be between the question and the last byte: http.client alone takes a millisecond."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.buffer = memoryview(bytearray(4 << 20))

    def get(self, path):
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        length, whole = 0, None
        while whole is None or length < whole:
            more = self.socket.recv_into(self.buffer[length:])
            assert more > 0, "it was closed"
            length += more
            if whole is None:
                head, end, _ = bytes(self.buffer[:min(length, 4096)]).partition(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200"), head
                if end:
                    whole = len(head) + 4 + int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])


def sending_cost_s(piece, count):
    """What the kernel takes to send so many pieces of so many bytes to a reader on this machine."""
    listener = socket.create_server(("127.0.0.1", 0))
    sender = socket.create_connection(listener.getsockname())
    receiver, _ = listener.accept()
    drain = threading.Thread(target=lambda: [None for _ in iter(lambda: receiver.recv(1 << 20), b"")])
    drain.start()
    bytes_of_it = bytes(piece)
    before = time.thread_time()
    for _ in range(count):
        sender.sendall(bytes_of_it)
        time.sleep(0.002)
    cost = time.thread_time() - before
    sender.close()
    drain.join()
    receiver.close()
    listener.close()
    return cost


def measure_pictures(site, path, count, pause_s=0.0):
    times = []
    connection = Connection(site.web.port)
    before = cpu_s(site.web.process) + cpu_s(site.daemon.process)
    begun = time.monotonic()
    for _ in range(count):
        start = time.monotonic()
        connection.get(path)
        times.append(1000 * (time.monotonic() - start))
        time.sleep(max(0.0, pause_s - (time.monotonic() - start)))
    seconds = time.monotonic() - begun
    return times, (cpu_s(site.web.process) + cpu_s(site.daemon.process) - before) / count * 1000, seconds


class Viewer(threading.Thread):
    def __init__(self, site, path):
        super().__init__(daemon=True)
        self.client = site.web.stream(path)
        self.frames, self.bytes, self.late = 0, 0, []

    def run(self):
        tail = b""
        while True:
            try:
                chunk = self.client.recv(262144)
            except OSError:
                return
            if not chunk:
                return
            self.bytes += len(chunk)
            found = (tail + chunk).split(b"Pastcam-Epoch: ")[1:]
            for part in found:
                if b"\r\n" in part:
                    self.frames += 1
                    self.late.append(1000 * (time.time() - float(part.split(b"\r\n")[0])))
            tail = chunk[-40:] if not found else b""


def lost(site):
    camera = site.daemon.status()["camera"]
    return camera["lost"] + camera["dropped"] + camera["skipped"]


def main():
    with Site(options=CAMERA) as site:
        site.wait_frames(100)
        web = site.web.process
        before = switches(web)
        time.sleep(5)
        row("idle: memory of its own", rss_mib(web), "MiB", 4)
        row("idle: wake-ups", (switches(web) - before) / 5, "per s", 0)
        gc.disable()
        base = lost(site)
        daemon = site.daemon.process
        used = lambda: (threads_cpu_s(daemon, "export"), threads_cpu_s(daemon, "control") + threads_cpu_s(web, "pastcam-web"))
        encode_before, rest_before = used()
        times, _, _ = measure_pictures(site, "/at/-2.jpg", 150, 0.03)
        encode_s, rest_s = (after - before for after, before in zip(used(), (encode_before, rest_before)))
        row("/at/-2.jpg 1024x768: p50", percentile(times, 0.5), "ms")
        row("/at/-2.jpg 1024x768: p99", percentile(times, 0.99), "ms", 10)
        row("/at/-2.jpg: CPU of the encoding", 1000 * encode_s / 150, "ms")
        row("/at/-2.jpg: CPU of both programs beside capture, by that of the encoding", (encode_s + rest_s) / encode_s, "x", 1.5)
        times, _, seconds = measure_pictures(site, "/at/-2.jpg?width=128", 300)
        row("thumbnails, one after the other", 300 / seconds, "per s", 50)
        row("frames lost meanwhile", lost(site) - base, "frames", 0)

        own = rss_mib(web)
        viewers = [Viewer(site, "/live.mjpg?fps=10") for _ in range(8)]
        stalled = [site.web.stream("/live.mjpg?fps=10") for _ in range(4)]
        for viewer in viewers:
            viewer.start()
        time.sleep(2)
        start_cpu, start_frames = threads_cpu_s(web, "pastcam-web"), [viewer.frames for viewer in viewers]
        start_bytes = sum(viewer.bytes for viewer in viewers)
        for viewer in viewers:
            viewer.late.clear()
        time.sleep(8)
        row("8 viewers, 4 stalled at 10 fps: least frames a viewer got", min(v.frames - s for v, s in zip(viewers, start_frames)) / 8, "per s")
        row("8 viewers, 4 stalled: memory a viewer", (rss_mib(web) - own) / 12, "MiB", 0.2)
        used_s = threads_cpu_s(web, "pastcam-web") - start_cpu
        frames = sum(viewer.frames for viewer in viewers) - sum(start_frames)
        sent_s = sending_cost_s((sum(viewer.bytes for viewer in viewers) - start_bytes) // frames, frames)
        row("8 viewers, 4 stalled: CPU of pastcam-web a viewer, sending included", 1000 * used_s / 8 / 12, "ms/s")
        row("8 viewers, 4 stalled: the same beyond what is sent", 1000 * (used_s - sent_s) / 8 / 12, "ms/s", 1)
        row("frames lost meanwhile, with viewers", lost(site) - base, "frames", 0)
        for client in stalled + [viewer.client for viewer in viewers]:
            client.close()
        quick = Viewer(site, "/live.mjpg")
        quick.start()
        time.sleep(8)
        row("live at 30 fps, capture to the client: p95", percentile(quick.late[10:], 0.95), "ms", 60)
        quick.client.close()
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)


if __name__ == "__main__":
    main()
