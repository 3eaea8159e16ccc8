"""Video of the past and of now over HTTP."""

import fcntl
import os
import re
import socket
import struct
import subprocess
import tempfile
import termios
import threading
import time
import unittest

from harness import PATIENCE_S, main, wait_until
from moments import missing
from test_clips import frames_of
from web import Site, Web

FPS = 10


class Playlist:
    """A media playlist, checked as RFC 8216 has it."""

    def __init__(self, text):
        lines = text.splitlines()
        assert lines[0] == "#EXTM3U", text
        self.segments, self.head, discontinuity = [], None, False
        tags = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            if name == "#EXT-X-MAP":
                self.head = re.fullmatch(r'URI="([^"]+)"', value).group(1)
            elif name == "#EXT-X-DISCONTINUITY":
                discontinuity = True
            elif name == "#EXTINF":
                seconds = float(re.fullmatch(r"(\d+\.\d+),", value).group(1))
            elif line.startswith("#"):
                assert name not in tags and not self.segments, text  # once, and before the first segment
                tags[name] = int(value)
            else:
                assert self.head, text
                self.segments.append({"uri": line, "seconds": seconds, "head": self.head, "discontinuity": discontinuity})
                discontinuity = False
        assert set(tags) == {"#EXT-X-VERSION", "#EXT-X-TARGETDURATION", "#EXT-X-MEDIA-SEQUENCE", "#EXT-X-DISCONTINUITY-SEQUENCE"}, text
        assert tags["#EXT-X-VERSION"] >= 6 and self.segments, text  # EXT-X-MAP needs 6
        self.target, self.sequence = tags["#EXT-X-TARGETDURATION"], tags["#EXT-X-MEDIA-SEQUENCE"]
        self.discontinuities = tags["#EXT-X-DISCONTINUITY-SEQUENCE"]
        assert all(round(one["seconds"]) <= self.target for one in self.segments), text


def boxes(data):
    at, found = 0, []
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at:at + 8])
        found.append(name.decode())
        at += size
    assert at == len(data)
    return found


class BrokenOff(unittest.TestCase):
    def test_a_piece_that_breaks_off_is_no_file(self):
        with tempfile.TemporaryDirectory(prefix="pastcam-web-test-") as folder, socket.socket(socket.AF_UNIX) as listener:
            os.mkdir(os.path.join(folder, "sockets"))
            listener.bind(os.path.join(folder, "sockets", "yard.sock"))
            listener.listen()
            listener.settimeout(PATIENCE_S)
            with Web(folder) as web:
                wait_until(lambda: web.ask("/api/cameras").json()["cameras"], "the camera")
                with web.stream("/clip/-3..-1.mp4", "Range: bytes=0-1\r\n") as player:
                    with listener.accept()[0] as daemon:
                        daemon.recv(1)
                        daemon.sendall(struct.pack(">I4s8x", 16, b"ftyp"))
                        unread = lambda: struct.unpack("i", fcntl.ioctl(daemon, termios.TIOCOUTQ, bytes(4)))[0]
                        wait_until(lambda: unread() == 0, "the beginning having been read")
                    # It was closed with the rest of the line unread: the other end sees an error.
                    self.assertEqual(player.recv(12), b"HTTP/1.1 503")

    def ask_of(self, answer, path, headers="", count=1):
        """What comes for path, asked so often, from a daemon that sends answer and ends; and how often it was asked."""
        asked, got = 0, []
        with tempfile.TemporaryDirectory(prefix="pastcam-web-test-") as folder, socket.socket(socket.AF_UNIX) as listener:
            os.mkdir(os.path.join(folder, "sockets"))
            listener.bind(os.path.join(folder, "sockets", "yard.sock"))
            listener.listen()

            def serve():
                nonlocal asked
                while True:
                    try:
                        daemon = listener.accept()[0]
                    except OSError:
                        return
                    with daemon:
                        daemon.settimeout(PATIENCE_S)
                        daemon.makefile().readline()
                        asked += 1
                        try:
                            daemon.sendall(answer)
                        except OSError:  # it has enough
                            pass
            server = threading.Thread(target=serve, daemon=True)
            server.start()
            with Web(folder) as web:
                wait_until(lambda: web.ask("/api/cameras").json()["cameras"], "the camera")
                for _ in range(count):
                    with web.stream(path, headers + "Connection: close\r\n") as client:
                        data = b""
                        while chunk := client.recv(1 << 20):
                            data += chunk
                        got.append(data)
            listener.shutdown(socket.SHUT_RDWR)
            server.join(PATIENCE_S)
        return got, asked

    def test_a_stream_that_breaks_off_does_not_end_as_if_it_were_whole(self):
        box = lambda size, name: struct.pack(">I4s", size, name) + bytes(size - 8)
        whole = box(24, b"ftyp") + box(1000, b"mdat")
        last = b"\r\n0\r\n\r\n"
        self.assertTrue(self.ask_of(whole, "/clip/-3..-1.mp4")[0][0].endswith(last))
        for answer, path in ((whole[:-1], "/clip/-3..-1.mp4"),  # within a box
                             (whole + bytes(4), "/clip/-3..-1.mp4"), (whole + bytes(8), "/clip/-3..-1.mp4"),  # of no length
                             (whole, "/clip/-3..+60.mp4")):  # before its end has come
            data = self.ask_of(answer, path)[0][0]
            self.assertTrue(data.startswith(b"HTTP/1.1 200"), data[:100])
            self.assertFalse(data.endswith(last), path)
        self.assertTrue(self.ask_of(whole[:-1], "/clip/-3..-1.mp4", "Range: bytes=0-1\r\n")[0][0].startswith(b"HTTP/1.1 503"))

    def test_what_is_too_large_for_parts_is_not_fetched_twice_again(self):
        size = 25 * 1024 * 1024
        large = struct.pack(">I4s", 16, b"ftyp") + bytes(8) + struct.pack(">I4s", size, b"mdat") + bytes(size - 8)
        got, asked = self.ask_of(large, "/clip/-3..-1.mp4", "Range: bytes=0-\r\n", count=3)
        self.assertEqual(asked, 4)
        for data in got:
            self.assertTrue(data.startswith(b"HTTP/1.1 200") and data.endswith(b"\r\n0\r\n\r\n"))
            self.assertGreater(len(data), size)


class Video(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = Site(options={"camera.framerate": FPS, "encoder.kind": "openh264", "encoder.when": "always"})
        cls.addClassCleanup(cls.site.__exit__)
        cls.site.__enter__()
        cls.web = cls.site.web
        cls.site.wait_frames(FPS * 4)

    def assert_whole(self, numbers, seconds):
        """None is left out but those that the camera itself has lost."""
        self.assertLessEqual(missing(numbers), self.site.daemon.status()["camera"]["lost"])
        self.assertGreaterEqual(numbers[-1] + 1 - numbers[0], seconds * FPS - 1)

    def numbers_of(self, data):
        path = os.path.join(self.site.folder, "received.mp4")
        with open(path, "wb") as file:
            file.write(data)
        return frames_of(path)[0]

    def test_a_piece_of_the_past_has_all_its_frames(self):
        answer = self.web.ask("/clip/-3..-1.mp4")
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "video/mp4"))
        self.assert_whole(self.numbers_of(answer.body), 2)

    def test_a_piece_of_the_past_comes_in_parts_for_players(self):
        part = lambda text, **headers: self.web.ask("/clip/-3.5..-1.mp4", headers={"Range": f"bytes={text}", **headers})
        first = part("0-1")
        self.assertEqual((first.status, len(first.body), first.headers["Accept-Ranges"]), (206, 2, "bytes"))
        size = int(re.fullmatch(r"bytes 0-1/(\d+)", first.headers["Content-Range"]).group(1))
        tag = {"If-Range": first.headers["ETag"]}
        newest = self.site.daemon.status()["camera"]["frames"]
        wait_until(lambda: self.site.daemon.status()["camera"]["frames"] > newest + 2, "another moment that -1 means")
        whole = part("0-", **tag)
        self.assertEqual((whole.status, len(whole.body), whole.headers["ETag"]), (206, size, tag["If-Range"]))
        self.assertEqual(part("0-999", **tag).body + part(f"1000-{size}", **tag).body, whole.body)
        self.assertEqual(part("-7", **tag).body, whole.body[-7:])
        self.assertEqual((part(f"{size}-").status, part("0-1", **{"If-Range": '"other"'}).status), (416, 200))
        self.assert_whole(self.numbers_of(whole.body), 2)
        clients = [self.web.stream(f"/clip/-3..-{begin}.mp4", "Range: bytes=0-\r\n") for begin in (1, 1.5, 2, 2.5, 1, 1.5)]
        for client in clients[:3]:
            client.close()
        for client in clients[3:]:  # more than are kept: the others are sent without parts
            self.assertIn(client.recv(12), (b"HTTP/1.1 206", b"HTTP/1.1 200"))
            client.close()

    def test_head_tells_what_get_would_without_a_range(self):
        for path, status, ranges in (("/clip/-3..-1.mp4", 200, "bytes"), ("/clip/-1..+600.mp4", 200, None), ("/clip/-1..-3.mp4", 422, None)):
            answer = self.web.ask(path, "HEAD", headers={"Range": "bytes=0-1"})
            self.assertEqual((answer.status, answer.headers["Accept-Ranges"], answer.headers["Content-Range"], answer.body), (status, ranges, None, b""))

    def test_what_is_still_to_come_has_no_parts(self):
        answer = self.web.ask("/clip/-1..+0.3.mp4", headers={"Range": "bytes=0-1"})
        self.assertEqual((answer.status, answer.headers["Content-Range"]), (200, None))

    def test_what_is_still_to_come_is_waited_for(self):
        iso = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 1))
        begun = time.monotonic()
        answer = self.web.ask(f"/clip/{iso}..+1.mp4")
        self.assertEqual(answer.status, 200, answer.body[:200])
        self.assertGreaterEqual(time.monotonic() - begun, 1)
        self.assert_whole(self.numbers_of(answer.body), 2)

    def test_a_client_that_goes_or_does_not_read_holds_nobody_up(self):
        before = self.site.daemon.status()["camera"]["dropped"]
        clients = [self.web.stream("/clip/-3..+600.mp4") for _ in range(4)]
        for client in clients[:2]:
            client.recv(1000)
            client.close()
        self.assertEqual(self.web.ask("/clip/-2..-1.mp4").status, 200)
        self.assertEqual(self.site.daemon.status()["camera"]["dropped"], before)
        for client in clients[2:]:
            client.close()

    def test_clips_that_cannot_be_are_refused_with_the_reason(self):
        for path, status in (("/clip/-3.mp4", 400), ("/clip/a..b.mp4", 400), ("/clip/-3..-1.avi", 400), ("/clip/-3..-1.mp4?width=9", 400),
                             ("/clip/-1..-3.mp4", 422), ("/clip/-3..-2.mp4?camera=x", 404), ("/clip/+3..+5.mp4", 422)):
            for headers in ({}, {"Range": "bytes=0-"}):
                answer = self.web.ask(path, headers=headers)
                self.assertEqual((answer.status, answer.headers["Content-Type"]), (status, "application/problem+json"), path)
                self.assertTrue(answer.detail())

    def test_a_clip_is_made_and_told(self):
        answer = self.web.ask("/api/clip?wait=1", "POST", {"before": 1, "after": 0.5, "label": "door"})
        self.assertEqual(answer.status, 200, answer.body)
        name = answer.json()["files"][0]
        part = self.web.ask(f"/captures/{name}", headers={"Range": "bytes=4-7"})
        self.assertEqual((part.status, part.body, part.headers["Content-Type"]), (206, b"ftyp", "video/mp4"))
        begun = self.web.ask("/api/clip", "POST", {"before": 1, "after": 0})
        self.assertEqual(begun.status, 202, begun.body)
        self.assertTrue(begun.json()["reply"].startswith(f"CLIP {begun.json()['id']} "))
        self.assertEqual(self.web.ask("/api/clip", "POST", {"before": -1}).status, 400)
        self.assertEqual(self.web.ask("/api/clip", "POST", {"around": 1}).status, 400)

    def playlist(self):
        answer = self.web.ask("/live.m3u8")
        self.assertEqual((answer.status, answer.headers["Content-Type"], answer.headers["Cache-Control"]), (200, "application/vnd.apple.mpegurl", "no-store"), answer.body)
        return Playlist(answer.body.decode())

    def part(self, uri):
        answer = self.web.ask(f"/{uri}")
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "video/mp4"), uri)
        return answer.body

    def test_live_video_is_whole_from_segment_to_segment(self):
        first = self.playlist()
        wait_until(lambda: len(self.playlist().segments) >= 3, "three segments")
        second = self.playlist()
        self.assertEqual(second.target, first.target)
        self.assertGreaterEqual(second.sequence, first.sequence)
        head = self.part(second.head)
        self.assertEqual(boxes(head), ["ftyp", "moov"])
        data = head
        parts = [self.part(segment["uri"]) for segment in second.segments]  # before they leave the list
        for segment, part in zip(second.segments, parts):
            self.assertEqual((segment["head"], segment["discontinuity"]), (second.head, False))
            self.assertEqual(set(boxes(part)), {"moof", "mdat"})
            alone = self.numbers_of(head + part)  # each begins with a key frame
            self.assertAlmostEqual(alone[-1] + 1 - alone[0], segment["seconds"] * FPS, delta=1)
            data += part
        self.assert_whole(self.numbers_of(data), 3)
        self.assertEqual(self.web.ask("/live/1.m4s").status, 404)
        self.assertEqual(self.web.ask("/live/x.mp4").status, 404)

    def test_a_player_plays_it(self):
        command = ["ffmpeg", "-v", "error", "-i", f"http://127.0.0.1:{self.web.port}/live.m3u8", "-t", "3", "-f", "null", "-"]
        played = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        self.assertEqual(played.stderr, "")

    def test_a_stack_may_be_mixed(self):
        answer = self.web.ask("/api/stack?wait=1", "POST", {"count": 4, "mixed": True, "formats": ["jpg"]})
        self.assertEqual((answer.status, "stack of 4 frames" in answer.json()["reply"]), (200, True), answer.body)
        self.assertEqual(self.web.ask("/at/-1.jpg?count=4&mixed=1").status, 200)


class VideoThatIsNot(unittest.TestCase):
    def test_live_video_goes_on_after_another_start_of_the_daemon(self):
        with Site(options={"camera.framerate": FPS, "encoder.kind": "openh264"}) as site:
            site.wait_frames(FPS)
            def ask():
                answer = site.web.ask("/live.m3u8")
                return Playlist(answer.body.decode()) if answer.status == 200 else None  # there may be no video yet
            before = wait_until(ask, "the first video")
            site.daemon.process.kill()
            site.daemon.process.wait()
            site.daemons[""] = site.make("")
            site.daemon.wait_ready()
            after = wait_until(lambda: (one := ask()) and one.segments[-1]["head"] != before.head and one, "another beginning")
            self.assertGreaterEqual(after.sequence, before.sequence)
            anew = [segment for segment in after.segments if segment["discontinuity"]]
            self.assertEqual([segment["head"] != before.head for segment in anew], [True])

    def test_what_has_no_video_says_so(self):
        with Site(options={"encoder.kind": "none"}) as site:
            for path in ("/live.m3u8", "/clip/-2..-1.mp4"):
                answer = site.web.ask(path)
                self.assertEqual((answer.status, "no video" in answer.detail()), (422, True), answer.body)
        with Site(options={"encoder.kind": "mjpeg"}) as site:
            site.wait_frames(5)
            self.assertEqual(site.web.ask("/live.m3u8").status, 501)


if __name__ == "__main__":
    main()
