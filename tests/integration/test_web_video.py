"""Video of the past and of now over HTTP."""

import os
import time
import unittest

from harness import main
from test_clips import frames_of
from web import Site

FPS = 10


class Video(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = Site(options={"camera.framerate": FPS, "encoder.kind": "openh264", "encoder.when": "always"})
        cls.addClassCleanup(cls.site.__exit__)
        cls.site.__enter__()
        cls.web = cls.site.web
        cls.site.wait_frames(FPS * 4)

    def numbers_of(self, data):
        path = os.path.join(self.site.folder, "received.mp4")
        with open(path, "wb") as file:
            file.write(data)
        return frames_of(path)[0]

    def test_a_piece_of_the_past_has_all_its_frames(self):
        answer = self.web.ask("/clip/-3..-1.mp4")
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "video/mp4"))
        numbers = self.numbers_of(answer.body)
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
        self.assertGreaterEqual(len(numbers), 2 * FPS - 1)

    def test_what_is_still_to_come_is_waited_for(self):
        iso = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 1))
        begun = time.monotonic()
        answer = self.web.ask(f"/clip/{iso}..+1.mp4")
        self.assertEqual(answer.status, 200, answer.body[:200])
        self.assertGreaterEqual(time.monotonic() - begun, 1)
        numbers = self.numbers_of(answer.body)
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
        self.assertGreaterEqual(len(numbers), 2 * FPS - 1)

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
            answer = self.web.ask(path)
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
        self.assertEqual(self.web.ask("/api/clip", "POST", {"before": -1}).status, 422)
        self.assertEqual(self.web.ask("/api/clip", "POST", {"around": 1}).status, 400)

    def test_a_stack_may_be_mixed(self):
        answer = self.web.ask("/api/stack?wait=1", "POST", {"count": 4, "mixed": True, "formats": ["jpg"]})
        self.assertEqual((answer.status, "stack of 4 frames" in answer.json()["reply"]), (200, True), answer.body)
        self.assertEqual(self.web.ask("/at/-1.jpg?count=4&mixed=1").status, 200)


if __name__ == "__main__":
    main()
