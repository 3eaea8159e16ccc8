"""Power cuts of the hub's store: what was not synced is there or not, page by page, as chance has it."""

import os
import random
import shutil
import time
from unittest import mock

from faults import preload
import hub as hubs

PAGE_BYTES = 4096


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


def lose_what_was_not_synced(path, chance):
    now, synced = read(path), read(path + ".synced")
    left = bytearray()
    for at in range(0, len(chance.choice([now, synced])), PAGE_BYTES):
        pages = [data[at:at + PAGE_BYTES] for data in (now, synced)]
        left += chance.choice(pages).ljust(min(PAGE_BYTES, max(len(page) for page in pages)), b"\0")
    if now or synced:
        with open(path, "wb") as file:
            file.write(left)


def start_watched(hub):
    """Starts it so that FILE.synced is what would be left of its database and WAL after a power cut."""
    database = os.path.join(hub.data, "hub.db")
    with mock.patch.dict(hubs.ENVIRONMENT, preload("synced", SHIM_SYNCED=database)):
        hub.start()


def cut(place, hub, camera, number, seconds, chance):
    """A new run of the camera, a hub that works for some seconds, and a power cut. How old the oldest event was, in seconds,
    that the store has lost, and how many were said."""
    camera.run, camera.kept, camera.readers = f"{number:012x}", [], []
    database = os.path.join(hub.data, "hub.db")
    if os.path.exists(database):
        shutil.copy(database, database + ".synced")  # by the run before
    start_watched(hub)
    camera.wait_reader()
    end, said = time.monotonic() + seconds, {}
    while time.monotonic() < end:
        said[camera.say("trigger")["id"]] = time.monotonic()
        time.sleep(0.005)
    if hub.process.poll() is not None:
        raise AssertionError(f"the hub ended before the cut: {hub.log()}")
    hub.kill()
    at = time.monotonic()
    camera.readers = []
    for suffix in "", "-wal":
        lose_what_was_not_synced(database + suffix, chance)
    for name in os.listdir(hub.data):
        if name.endswith("-shm") or name.endswith(".synced") or name.endswith(".part"):
            os.unlink(os.path.join(hub.data, name))
    hub.start()
    hub.wait_ready()
    camera.wait_reader()
    lost = 0
    if "was damaged" in hub.log():
        raise AssertionError(hub.log())
    # Before what the camera still has was read again: its run is another one for this question.
    hub.stop()
    cursor = camera.sinces[-1]
    _, _, last = cursor.partition("-")
    for identity, moment in said.items():
        if not cursor.startswith(camera.run) or int(identity.split("-")[1]) > int(last):
            lost = max(lost, at - moment)
    return lost, len(said)


def check(hub):
    """The store as a whole."""
    return hub.query("PRAGMA integrity_check"), hub.query("SELECT count(*) - count(DISTINCT id || camera) FROM events")


def cuts(place, count, seed):
    """So many cuts of one store. The oldest lost event's age, and how many events were said in all."""
    chance = random.Random(seed)
    camera, hub = place.camera(), place.hub()
    hub.stop()
    worst, total = 0, 0
    for number in range(1, count + 1):
        lost, said = cut(place, hub, camera, number, 0.2 + 2.5 * chance.random(), chance)
        worst, total = max(worst, lost), total + said
        integrity, doubled = check(hub)
        if integrity != [("ok",)] or doubled != [(0,)]:
            raise AssertionError(f"cut {number} with seed {seed}: {integrity}, {doubled} twice")
    return worst, total
