"""Pictures, streams and events that leave by the line protocol: get, live, events, timeline, pin, keep, drop, trigger."""

import io
import json
import os
import socket
import tempfile
import time
import unittest

import numpy

import harness
import pictures


def connect(daemon):
    return socket.create_connection(("127.0.0.1", daemon.port), harness.PATIENCE_S)


def ask_bytes(daemon, line):
    with connect(daemon) as client:
        client.sendall(line.encode() + b"\n")
        return harness.read_all(client)


class Stream:
    """A client that stays, and reads lines and bytes."""

    def __init__(self, daemon, line, path=None):
        if path:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(harness.PATIENCE_S)
            self.socket.connect(path)
        else:
            self.socket = connect(daemon)
        self.socket.sendall(line.encode() + b"\n")
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def line(self):
        return self.file.readline().decode()

    def json(self):
        return json.loads(self.line())

    def picture(self):
        meta = self.json()
        return meta, self.file.read(meta["bytes"])


def number_of(picture):
    """The synthetic camera counts from 0, pastcam from 1, without those that were lost on the way."""
    return pictures.read_number(pictures.decode(picture)) + 1


def lost(daemon):
    return daemon.status()["camera"]["lost"]


def assert_frame(test, daemon, picture, meta):
    test.assertIn(number_of(picture) - meta["id"], range(lost(daemon) + 1))


def unread(test, daemon, line):
    """A client that takes little and reads nothing."""
    client = socket.socket()
    test.addCleanup(client.close)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(harness.PATIENCE_S)
    client.connect(("127.0.0.1", daemon.port))
    client.sendall(line.encode() + b"\n")
    return client


class Get(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = harness.Daemon({"ring.size": 400}).__enter__()  # so that a moment is still there for who is slow
        cls.daemon.wait_frames(80)

    @classmethod
    def tearDownClass(cls):
        cls.daemon.__exit__()

    def get(self, line):
        with Stream(self.daemon, line + " meta") as stream:
            meta, picture = stream.picture()
            self.assertEqual(stream.file.read(), b"", "nothing follows the picture")
        return meta, picture

    def test_the_bytes_are_those_of_the_moment(self):
        meta, picture = self.get("get at=-2")
        assert_frame(self, self.daemon, picture, meta)
        self.assertAlmostEqual(meta["age_s"], 2, delta=0.06 + lost(self.daemon) / 20)
        self.assertEqual((meta["width"], meta["height"], meta["format"], meta["tier"]), (320, 240, "jpg", "frames"))
        self.assertEqual(self.daemon.files(), [], "nothing is written on the camera")

    def test_without_a_moment_it_is_the_next_frame(self):
        before = self.daemon.status()["ring"]["newest_id"]
        meta, picture = self.get("get")
        self.assertGreater(meta["id"], before)
        assert_frame(self, self.daemon, picture, meta)

    def test_every_spelling_of_a_moment_finds_the_same_frame(self):
        meta, _ = self.get("get at=-1")
        seconds, ms = divmod(round(meta["epoch"] * 1000 + meta["exposure_us"] / 2000), 1000)  # its middle
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{ms:03d}"
        for at in (f"{seconds}.{ms:03d}", stamp + "Z", stamp, stamp + "+00:00"):
            again, _ = self.get(f"get at={at}")
            self.assertEqual(again["id"], meta["id"], at)

    def test_png_and_npy_hold_the_same_pixels(self):
        at = self.get("get at=-1")[0]["epoch"] + 0.001
        png, npy = self.get(f"get png at={at:.3f}"), self.get(f"get npy at={at:.3f}")
        self.assertEqual(png[0]["id"], npy[0]["id"])
        array = numpy.load(io.BytesIO(npy[1]))
        self.assertEqual(array.shape, (240, 320, 3))
        self.assertTrue((pictures.decode(png[1]) == array).all())
        self.assertAlmostEqual(array.mean(), npy[0]["mean"], delta=0.01)

    def test_a_thumbnail_is_an_area_average(self):
        at = self.get("get at=-1")[0]["epoch"] + 0.001
        whole = numpy.load(io.BytesIO(self.get(f"get npy at={at:.3f}")[1])).astype(float)
        meta, small = self.get(f"get npy width=80 at={at:.3f}")
        self.assertEqual((meta["width"], meta["height"]), (80, 60))
        mean = whole.reshape(60, 4, 80, 4, 3).mean(axis=(1, 3))
        self.assertLessEqual(abs(numpy.load(io.BytesIO(small)) - mean).max(), 0.51)

    def test_a_stack_is_that_of_its_frames(self):
        meta, stack = self.get("get npy count=5 mode=max at=-1")
        self.assertEqual((meta["count"], meta["mode"]), (5, "max"))
        self.assertEqual(numpy.load(io.BytesIO(stack)).shape, (240, 320, 3))

    def test_what_is_not_there_is_said(self):
        for line, says in (
                ("get at=-600", r"^NO_FRAMES: the past reaches back \d+\.\d s\n$"),
                ("past at=-600", r"^NO_FRAMES: the past reaches back \d+\.\d s\n$"),
                ("get at=2020-01-01T00:00:00Z", r"^NO_FRAMES: the past reaches back"),
                ("get at=2199-01-01T00:00:00Z", r"^NO_FRAMES: that moment is still to come"),
                ("get width=321", r"^NOT_SENT width=321 is larger than the picture: at most 320\n$"),
                ("get width=0", r"^NOT_SENT width=0 is not"),
                ("get jpg jpg", r"^NOT_SENT get sends one picture"),
                ("get gif", r"^NOT_SENT unknown format"),
                ("get at=", r"^NOT_SENT at= is not a moment"),
                ("get \x01", r"^UNKNOWN_COMMAND"),
                ("keep 99", r"^NOT_SAVED there is no pin 99"),
                ("drop", r"^NOT_DROPPED \"\" is no pin"),
                ("pin at=-600", r"^NO_FRAMES"),
                ("events since=nonsense", r"^NOT_SENT since=nonsense is no event's id"),
                ("live fps=0", r"^NOT_SENT fps=0")):
            with self.subTest(line=line):
                self.assertRegex(self.daemon.ask(line), says)


class Memory(unittest.TestCase):
    def test_clients_that_never_read_hold_few_pictures(self):
        options = {"camera.width": 2048, "camera.height": 1536, "camera.framerate": 1, "ring.size": 10, "memory.max_rss_mb": 2000}
        with harness.Daemon(options) as daemon:
            daemon.wait_frames(1)
            clients = [unread(self, daemon, "get npy") for _ in range(12)]
            beginnings = [client.recv(4) for client in clients]  # they all wait for the same frame
            self.assertEqual(set(beginnings), {b"BUSY", b"\x93NUM"})
            self.assertLessEqual(beginnings.count(b"\x93NUM"), 3)


class Streams(unittest.TestCase):
    def test_live_is_frame_after_frame_and_never_an_older_one(self):
        with harness.Daemon() as daemon:
            daemon.wait_frames(5)
            with Stream(daemon, "live meta") as stream:
                seen = [stream.picture() for _ in range(10)]
                ids = [meta["id"] for meta, _ in seen]
                self.assertEqual(ids, sorted(set(ids)))
                for meta, picture in seen:
                    assert_frame(self, daemon, picture, meta)

    def test_a_line_that_follows_and_a_half_close_do_not_end_a_stream(self):
        with harness.Daemon() as daemon, Stream(daemon, "live meta\nsave") as stream:
            stream.picture()
            stream.socket.sendall(b"save\n")
            stream.socket.shutdown(socket.SHUT_WR)
            for _ in range(3):
                stream.picture()
            self.assertEqual(daemon.files(), [])

    def test_slow_readers_cost_nobody_a_frame(self):
        options = {"network.max_clients": 32, "camera.framerate": 2}  # a worker may be late by more than a second
        with harness.Daemon(options) as daemon:
            daemon.wait_frames(2)
            stalled = [unread(self, daemon, "live") for _ in range(4)]
            good = [Stream(daemon, "live meta") for _ in range(8)]
            before = daemon.status()
            seen = [[good[i].picture()[0]["id"] for _ in range(10)] for i in range(8)]
            after = daemon.status()
            # None has missed what another one got; nor has any frame been left out, but where the machine was late for half of one.
            first, last = max(ids[0] for ids in seen), min(ids[-1] for ids in seen)
            shared = [[number for number in ids if first <= number <= last] for ids in seen]
            self.assertEqual(shared, [shared[0]] * 8)
            if after["camera"]["late_p999_ms"] / 1000 + sum(daemon.threads().values()) < 0.25:
                for ids in seen:
                    self.assertEqual(ids, list(range(ids[0], ids[0] + 10)), "a frame is missing")
            frames = after["camera"]["frames"] - before["camera"]["frames"]
            encoded = after["exports"]["encoded"] - before["exports"]["encoded"]
            self.assertLessEqual(encoded, frames + 1, "one encode a frame, however many read")
            self.assertEqual(after["camera"]["lost"] + after["camera"]["dropped"], 0)
            self.assertEqual(after["network"]["streams"], 12)
            for stream in stalled:
                stream.close()
            for stream in good:
                stream.__exit__()
            harness.wait_until(lambda: daemon.status()["network"]["streams"] == 0, "the streams to end")

    def test_streams_leave_places_for_questions(self):
        with harness.Daemon({"network.max_clients": 4}) as daemon:
            streams = [Stream(daemon, "events") for _ in range(3)]
            harness.wait_until(lambda: daemon.status()["network"]["streams"] == 3, "three streams")
            self.assertRegex(daemon.ask("live"), r"^BUSY all places for streams are taken")
            self.assertRegex(daemon.ask("health"), r"^RSS=")
            for stream in streams:
                stream.__exit__()


STILL = {"motion.enable": "false"}  # no events but those that are asked for


class Events(unittest.TestCase):
    def test_what_happens_is_told_and_can_be_asked_for_again(self):
        with harness.Daemon(STILL) as daemon, Stream(daemon, "events") as stream:
            harness.wait_until(lambda: daemon.status()["network"]["streams"] == 1, "the stream")
            first = daemon.ask("trigger front door").split()[1]
            event = stream.json()
            self.assertEqual((event["event"], event["id"], event["label"]), ("trigger", first, "front door"))
            for key in ("time", "epoch", "monotonic", "camera"):
                self.assertIn(key, event)
            self.assertRegex(daemon.ask("save"), "^Saved")
            self.assertEqual(stream.json()["event"], "picture.saved")
            with Stream(daemon, f"events since={first}") as later:
                self.assertEqual(later.json()["event"], "picture.saved")
            boot = first.split("-")[0] + "-1"
            with Stream(daemon, f"events since={boot}") as all_of_them:
                names = [all_of_them.json()["event"] for _ in range(3)]
                self.assertEqual(names, ["camera.up", "trigger", "picture.saved"])

    def test_an_id_of_an_earlier_life_gets_all_there_is(self):
        with harness.Daemon() as daemon, Stream(daemon, "events since=0123456789ab-77") as stream:
            lost = stream.json()
            self.assertEqual((lost["event"], lost["count"]), ("lost", None))
            self.assertEqual(stream.json()["event"], "boot")

    def test_a_reader_that_is_too_slow_is_told_how_many_it_lost(self):
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="pastcam-socket-"))
        with harness.Daemon({**STILL, "network.socket_dir": folder}) as daemon:
            # The kernel keeps little for a UNIX socket.
            with Stream(daemon, "events", os.path.join(folder, "camera.sock")) as stream:
                harness.wait_until(lambda: daemon.status()["network"]["streams"] == 1, "the stream")
                said, lost = [int(daemon.ask("trigger x").split("-")[1])], []
                seen = [said[0] - 1]

                def read():
                    """Each event has the number after the one before, or those between are told."""
                    event = stream.json()
                    number = int(event["id"].split("-")[1])
                    if event["event"] == "lost":
                        lost.append(event["count"])
                        seen.append(seen[-1] + event["count"])
                    elif event["event"] == "trigger":
                        self.assertEqual(number, seen[-1] + 1)
                        seen.append(number)
                for _ in range(26):
                    said += [int(daemon.ask("trigger x" + "y" * 60).split("-")[1]) for _ in range(100)]
                    for _ in range(20):  # who takes nothing for long is let go
                        read()
                while seen[-1] < said[-1]:
                    read()
                self.assertGreater(sum(lost), 0)


class Pins(unittest.TestCase):
    def test_what_is_pinned_stays_and_can_be_kept(self):
        with harness.Daemon({"ring.size": 40}) as daemon:
            daemon.wait_frames(20)
            pinned = daemon.ask("pin before=0.8").split()
            self.assertEqual(pinned[0], "PINNED")
            pin = json.loads(daemon.ask("timeline"))["pins"][0]
            self.assertEqual(pin["id"], pinned[1])
            committed = daemon.status()["ring"]["committed"]
            harness.wait_until(lambda: daemon.status()["ring"]["committed"] > committed + 60, "the ring to go round")
            kept = daemon.ask(f"keep {pin['id']} png")
            self.assertRegex(kept, rf"^KEPT {pin['id']} Saved {pin['frames']} separate images")
            self.assertEqual(len(daemon.files()), pin["frames"])
            timeline = json.loads(daemon.ask("timeline"))
            self.assertEqual(timeline["pins"], [])
            self.assertLess(pin["to"], timeline["tiers"][0]["from"] + 3)
            harness.wait_until(lambda: daemon.status()["ring"]["pinned"] == 0, "the pins to go")

    def test_frames_that_are_still_to_come_are_held_too(self):
        with harness.Daemon() as daemon:
            daemon.wait_frames(20)
            pin = daemon.ask("pin before=0.8 after=1").split()[1]

            def span():
                found = json.loads(daemon.ask("timeline"))["pins"][0]
                return found["to"] - found["from"] > 1.1
            harness.wait_until(span, "the frames after it")
            self.assertEqual(daemon.ask(f"drop {pin}"), f"DROPPED {pin}\n")
            self.assertRegex(daemon.ask(f"drop {pin}"), "^NOT_DROPPED there is no pin")

    def test_pins_are_bounded_and_leave_room_for_pictures(self):
        with harness.Daemon({"ring.size": 40}) as daemon:
            daemon.wait_frames(40)
            newest = json.loads(daemon.ask("timeline"))["tiers"][0]["to"]
            replies = [daemon.ask("pin before=60") for _ in range(20)]
            self.assertRegex(replies[0], "^PINNED")
            pin = json.loads(daemon.ask("timeline"))["pins"][0]
            self.assertIn(pin["frames"], range(1, 40), "more than may be held")
            self.assertGreaterEqual(pin["to"], newest, "the newest of it are")
            self.assertRegex(replies[-1], "^BUSY .* keep or drop some")
            self.assertRegex(daemon.ask("save"), "^Saved")
            self.assertRegex(daemon.ask("past at=-0.2"), "^Saved")


class Socket(unittest.TestCase):
    def setUp(self):
        self.folder = harness.tempfile.mkdtemp(prefix="pastcam-socket-")
        self.addCleanup(harness.shutil.rmtree, self.folder, ignore_errors=True)
        self.path = os.path.join(self.folder, "camera.sock")
        self.options = {"network.socket_dir": self.folder}

    def ask(self, line):
        with Stream(None, line, self.path) as stream:
            return stream.line()

    def test_it_speaks_the_same_and_needs_no_token(self):
        token = os.path.join(self.folder, "token")
        with open(os.open(token, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
            file.write("0123456789abcdef0123456789abcdef\n")
        with harness.Daemon({**self.options, "network.token_file": token}) as daemon:
            self.assertEqual(daemon.ask("version"), "UNAUTHORISED\n")
            self.assertRegex(self.ask("version"), "^pastcam ")
            self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o660)
            self.assertEqual(daemon.stop(), 0)
        self.assertFalse(os.path.exists(self.path))

    def test_a_socket_that_was_left_behind_is_replaced_and_a_live_one_is_not(self):
        with harness.Daemon(self.options) as daemon:
            daemon.process.kill()
            daemon.process.wait()
            self.assertTrue(os.path.exists(self.path))
        with harness.Daemon(self.options):
            second = harness.Daemon(self.options)
            try:
                self.assertNotEqual(second.wait_exit(), 0)
                self.assertIn("another pastcam serves", second.log())
            finally:
                second.__exit__()
            self.assertRegex(self.ask("version"), "^pastcam ")

    def test_without_a_folder_pastcam_runs_and_says_so(self):
        for folder in (self.folder + "/missing", "/proc", self.folder + "/" + "x" * 120):
            with harness.Daemon({"network.socket_dir": folder}) as daemon:
                self.assertIn("network.socket_dir: ", daemon.log())
                self.assertRegex(daemon.ask("version"), "^pastcam ")

    def test_a_file_that_is_no_socket_stays(self):
        with open(self.path, "w", encoding="ascii") as file:
            file.write("mine")
        with harness.Daemon(self.options) as daemon:
            self.assertIn("is in the way and is no socket", daemon.log())
        with open(self.path, encoding="ascii") as file:
            self.assertEqual(file.read(), "mine")


if __name__ == "__main__":
    unittest.main()
