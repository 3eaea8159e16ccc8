#!/usr/bin/python3
"""How the daemon's processor time grows with the frame rate and with the number of clients.   usage: bench/growth.py PASTCAM [RESULT.json]

Each step beside the one before it, whose time counts as often as the size is larger, so that 1 is linear. Sizes take turns; a step is over where even the
least time of the larger, by the most of the smaller, is a tenth above linear: anything less is what turns differ by."""

import json
import os
import socket
import statistics
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "integration"))
os.environ["PASTCAM"] = os.path.abspath(sys.argv[1])

from harness import Daemon, read_all  # noqa: E402

TURNS, MOST = 3, 1.1
RATES, CLIENTS = (10, 30, 60, 120, 240), (1, 4, 16, 64)
OPTIONS = {"camera.width": 640, "camera.height": 480, "memory.max_rss_mb": 300, "ring.size": 100, "motion.enable": "false", "encoder.kind": "none"}
rows = []


def cpu_ms(daemon):
    total = 0
    for task in os.listdir(f"/proc/{daemon.process.pid}/task"):
        with open(f"/proc/{daemon.process.pid}/task/{task}/schedstat", encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total / 1e6


def at_rate(rate):
    """Milliseconds of the processor for three seconds of it."""
    with Daemon(dict(OPTIONS, **{"camera.framerate": rate})) as daemon:
        daemon.wait_frames(min(rate, 100))
        before, begun = cpu_ms(daemon), time.monotonic()
        time.sleep(3)
        return (cpu_ms(daemon) - before) * 3 / (time.monotonic() - begun)


def picture(daemon):
    """Who is told BUSY, since 32 pictures are made at once at most, asks again."""
    while True:
        with socket.create_connection(("127.0.0.1", daemon.port)) as client:
            client.sendall(b"get at=-1 width=320\n")
            reply = read_all(client)
        if reply != b"BUSY\n":
            return reply
        time.sleep(0.1)


def with_clients(daemon, clients):
    """Milliseconds for five pictures for each, all asking at once."""
    replies = []

    def ask():
        for _ in range(5):
            replies.append(picture(daemon))
    threads = [threading.Thread(target=ask) for _ in range(clients)]
    before = cpu_ms(daemon)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = cpu_ms(daemon)
    assert len(replies) == 5 * clients and all(reply.startswith(b"\xff\xd8") for reply in replies), [reply[:80] for reply in replies]
    return after - before


def report(what, sizes, times):
    for smaller, larger in zip(sizes, sizes[1:]):
        ratio = larger / smaller
        growth = statistics.median(times[larger]) / statistics.median(times[smaller]) / ratio
        least = min(times[larger]) / max(times[smaller]) / ratio
        rows.append({"work": f"{what}: {smaller} to {larger}", "growth": growth, "least": least, "ok": least <= MOST})
        print(f"{what + f', {smaller} to {larger}':<44} {statistics.median(times[larger]):>9.1f} ms {growth:>6.2f} of linear, at least {least:.2f}  {'ok' if least <= MOST else 'OVER'}", flush=True)


def main():
    times = {rate: [] for rate in RATES}
    for _ in range(TURNS):
        for rate in RATES:
            times[rate].append(at_rate(rate))
    report("frames a second, of three seconds", RATES, times)
    times = {clients: [] for clients in CLIENTS}
    with Daemon(dict(OPTIONS, **{"camera.framerate": 10, "network.max_clients": 64})) as daemon:
        daemon.wait_frames(50)
        for _ in range(TURNS):
            for clients in CLIENTS:
                times[clients].append(with_clients(daemon, clients))
    report("clients, five pictures each", CLIENTS, times)
    if len(sys.argv) > 2:
        with open(sys.argv[2], "w", encoding="ascii") as file:
            json.dump(rows, file, indent=1)


main()
