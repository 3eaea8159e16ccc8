"""pastcam-web over HTTP, with the real daemon behind it."""

import io
import os
import socket
import time
import unittest
import zipfile

from harness import main
from pictures import decode, read_number
from web import Site, read_until

FPS = 10


class Pictures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # The past of 40 s: what one answer names is still there for the next question.
        cls.site = Site(options={"camera.framerate": FPS, "ring.size": FPS * 40})
        cls.addClassCleanup(cls.site.__exit__)
        cls.site.__enter__()
        cls.web = cls.site.web
        cls.site.wait_frames(30)

    def test_the_picture_of_a_moment_is_the_frame_that_the_headers_name(self):
        first = self.web.ask("/at/-1.jpg")  # the number burnt in counts the camera's frames, 10 a second; some may have been lost
        for path in ("/at/-1.5.jpg", "/at/-1.5.png", "/at/now.jpg", "/at/now.jpg?camera=camera"):
            answer = self.web.ask(path)
            self.assertEqual(answer.status, 200, answer.body[:200])
            seconds = float(answer.headers["Pastcam-Epoch"]) - float(first.headers["Pastcam-Epoch"])
            frames = read_number(decode(answer.body)) - read_number(decode(first.body))
            self.assertLess(abs(frames - FPS * seconds), 1, path)
            self.assertEqual(frames == 0, answer.headers["Pastcam-Frame"] == first.headers["Pastcam-Frame"])
            self.assertEqual(answer.headers["Content-Length"], str(len(answer.body)))
            self.assertIn("GMT", answer.headers["Memento-Datetime"])

    def test_a_moment_may_be_an_epoch_an_iso_time_or_a_header(self):
        frame = self.web.ask("/at/-1.jpg")
        epoch = float(frame.headers["Pastcam-Epoch"])
        iso = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(epoch)) + f".{int(epoch % 1 * 1000):03d}Z"
        for moment in (f"{epoch:.6f}", iso):
            self.assertEqual(self.web.ask(f"/at/{moment}.jpg").headers["Pastcam-Frame"], frame.headers["Pastcam-Frame"], moment)
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(epoch))
        memento = self.web.ask("/at/now.jpg", headers={"Accept-Datetime": date})
        self.assertEqual(memento.headers["Pastcam-Frame"], self.web.ask(f"/at/{int(epoch)}.jpg").headers["Pastcam-Frame"])
        self.assertEqual(self.web.ask("/at/now.jpg", headers={"Accept-Datetime": "yesterday"}).status, 400)

    def test_smaller_pictures_and_stacks(self):
        self.assertEqual(decode(self.web.ask("/at/-1.jpg?width=80").body).shape, (60, 80, 3))
        self.assertEqual(self.web.ask("/at/-1.jpg?count=4&mode=max").status, 200)
        npy = self.web.ask("/at/-1.npy").body
        self.assertEqual((npy[:6], len(npy) > 320 * 240 * 3), (b"\x93NUMPY", True))

    def test_what_is_wrong_is_told_as_a_problem(self):
        for path, status in (("/at/-5.gif", 400), ("/at/soon.jpg", 400), ("/at/-1.jpg?width=5", 400), ("/at/-1.jpg?foo=1", 400),
                             ("/at/-1.jpg?width=80&width=90", 400), ("/at/-1.jpg?mode=nice&count=2", 422), ("/at/-1.jpg?camera=x", 404), ("/at/-900000.jpg", 404),
                             ("/at/2199-01-01T00:00:00Z.jpg", 404), ("/at/-900000.jpg?width=80", 404),
                             ("/nothing", 404), ("/x%00", 400), ("/..%2fetc", 400), ("/at/%C3.jpg", 400)):
            answer = self.web.ask(path)
            self.assertEqual((answer.status, answer.headers["Content-Type"]), (status, "application/problem+json"), path)
            self.assertEqual(answer.json()["status"], status)
            self.assertTrue(answer.detail())
        answer = self.web.ask("/at/now.jpg", "DELETE")
        self.assertEqual((answer.status, answer.headers["Allow"]), (405, "OPTIONS, GET, HEAD"))

    def test_head_and_options(self):
        answer = self.web.ask("/at/now.jpg", "HEAD")
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertGreater(int(answer.headers["Content-Length"]), 1000)
        self.assertEqual(self.web.ask("/at/now.jpg", "OPTIONS").status, 204)

    def test_live_pictures_that_cannot_be_are_refused_with_the_reason(self):
        answer = self.web.ask("/live.mjpg?width=5000")
        self.assertEqual(answer.status, 422)
        self.assertIn("at most 320", answer.detail())

    def test_live_parts_are_whole_and_go_on(self):
        with self.web.stream("/live.mjpg?width=160") as client:
            data = read_until(client, lambda data: data.count(b"Pastcam-Frame") >= 6)
        frames = [int(part.split(b"\r")[0]) for part in data.split(b"Pastcam-Frame: ")[1:]]
        self.assertEqual(frames, sorted(set(frames)))
        self.assertIn(b"multipart/x-mixed-replace; boundary=pastcam", data)

    def test_a_viewer_that_does_not_read_holds_nobody_up(self):
        stalled = [self.web.stream("/live.mjpg") for _ in range(4)]
        for client in stalled:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        before = self.site.daemon.status()["camera"]["dropped"]
        with self.web.stream("/live.mjpg?width=160") as client:
            data = read_until(client, lambda data: data.count(b"Pastcam-Frame") >= 30)
        self.assertGreaterEqual(data.count(b"Pastcam-Frame"), 30)
        self.assertEqual(self.site.daemon.status()["camera"]["dropped"], before)
        self.assertEqual(self.web.ask("/at/now.jpg").status, 200)
        for client in stalled:
            client.close()

    def test_events_come_as_they_happen_and_again_for_who_missed_them(self):
        with self.web.stream("/api/events?since=all") as client:
            read_until(client, lambda data: b"event: boot" in data)
            self.assertEqual(self.web.ask("/api/trigger", "POST", {"label": "door"}).status, 200)
            data = read_until(client, lambda data: b'"label":"door"' in data)
        last = data.split(b"event: trigger\nid: ")[1].split(b"\n")[0].decode()
        self.web.ask("/api/trigger", "POST", {"label": "window"})
        with self.web.stream("/api/events", f"Last-Event-ID: {last}\r\n") as client:
            data = read_until(client, lambda data: b'"label":"window"' in data)
        self.assertNotIn(b'"label":"door"', data)

    def test_the_log_comes_as_it_is_written_and_again_for_who_missed_it(self):
        with self.web.stream("/api/log?since=all") as client:
            data = read_until(client, lambda data: b"answers on 127.0.0.1" in data)
        self.assertIn(b"event: log\n", data)
        last = data.split(b"\nid: ")[1].split(b"\n")[0].decode()
        with self.web.stream("/api/log", f"Last-Event-ID: {last}\r\n") as client:
            again = read_until(client, lambda data: b"answers on 127.0.0.1" in data)
        first = data.split(b"data: ")[2].split(b"\n")[0]
        self.assertNotIn(first, again)
        self.assertEqual(self.web.ask("/api/log?since=all&x=1").status, 400)

    def test_saving_answers_with_the_files(self):
        frame = self.web.ask("/at/-1.jpg")
        answer = self.web.ask("/api/save?wait=1", "POST", {"at": frame.headers["Pastcam-Epoch"], "formats": ["png", "jpg"]})
        self.assertEqual(answer.status, 200, answer.body)
        names = answer.json()["files"]
        self.assertEqual(sorted(name[-4:] for name in names), [".jpg", ".png"])
        for name in names:
            saved = self.web.ask(f"/captures/{name}")
            self.assertEqual(read_number(decode(saved.body)), read_number(decode(frame.body)))
        thumbnail = self.web.ask(f"/captures/{[name for name in names if name.endswith('.jpg')][0]}?width=100")
        self.assertGreaterEqual(decode(thumbnail.body).shape[1], 100)
        self.assertLess(len(thumbnail.body), len(saved.body))

    def test_saving_without_waiting_is_told_by_an_event(self):
        with self.web.stream("/api/events") as client:
            read_until(client, lambda data: b"event: cameras" in data)
            answer = self.web.ask("/api/save", "POST", {})
            self.assertEqual(answer.status, 202)
            data = read_until(client, lambda data: answer.json()["id"].encode() in data and b'"files"' in data)
        self.assertIn(b"event: request", data)
        self.assertIn(b'"done":true', data)

    def test_pins_are_made_shown_and_dropped(self):
        pin = self.web.ask("/api/pins", "POST", {"at": -1, "before": 0.2, "after": 0.2})
        self.assertEqual(pin.status, 201, pin.body)
        self.assertIn(pin.json()["id"], [str(one["id"]) for one in self.web.ask("/api/timeline").json()["pins"]])
        self.assertEqual(self.web.ask(f"/api/pins/{pin.json()['id']}", "DELETE").status, 200)
        self.assertEqual(self.web.ask("/api/timeline").json()["pins"], [])
        self.assertEqual(self.web.ask("/api/pins/99", "DELETE").status, 404)

    def test_metrics_have_the_status_with_its_kinds(self):
        answer = self.web.ask("/metrics")
        text = answer.body.decode()
        self.assertTrue(text.endswith("# EOF\n"))
        self.assertIn("application/openmetrics-text", answer.headers["Content-Type"])
        self.assertIn("# TYPE pastcam_camera_frames counter\n", text)
        self.assertRegex(text, r'pastcam_camera_frames_total\{camera="camera"\} \d+\n')
        self.assertRegex(text, r'pastcam_memory_rss_bytes\{camera="camera"\} \d{7,}')
        self.assertIn('pastcam_up{camera="camera"} 1', text)
        families = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
        self.assertEqual(len(families), len(set(families)))

    def test_other_zones_are_tried_on_the_past(self):
        zones = [{"name": "left", "polygon": [[0, 0], [0.5, 0], [0.5, 1], [0, 1]], "min_area": 0.05}]
        answer = self.web.ask("/api/motion/try", "POST", {"zones": zones, "ignore": [], "sensitivity": 80})
        self.assertEqual(answer.status, 200, answer.body)
        self.assertGreater(answer.json()["frames"], 10)
        self.assertTrue(all(event["zone"] == "left" for event in answer.json()["events"]))
        for body, status in (({"zones": zones * 40}, 413), ({"zones": [{"name": "a"}]}, 422), ({"zones": "x y"}, 400), ({"a=b": 1}, 400), ({"speed": 1}, 422)):
            answer = self.web.ask("/api/motion/try", "POST", body)
            self.assertEqual(answer.status, status, answer.body)

    def test_bodies_that_are_no_good(self):
        bomb = "[" * 30000
        for body, kind, status in (("x=1", "application/x-www-form-urlencoded", 415), ("[]", "application/json", 400), ("{", "application/json", 400),
                                   ('{"a":' + bomb, "application/json", 400), ("", "application/json", 400), ('{"count":"4 x"}', "application/json", 400),
                                   ('{"nothing":1}', "application/json", 400), ('{"formats":"jpg\\nsave"}', "application/json", 400),
                                   ('{"at":{}}', "application/json", 400), ("{}" + " " * 70000, "application/json", 413)):
            answer = self.web.ask("/api/stack?wait=1", "POST", body, {"Content-Type": kind})
            self.assertEqual(answer.status, status, body[:40])

    def test_what_the_words_alone_decide_is_refused_at_once_with_the_program_s_sentence(self):
        for path, body, said in (
                ("save", '{"formats":["exe"]}', 'unknown format "exe": use jpg, png or npy'), ("save", '{"formats":["at=-5"]}', "save takes no at="),
                ("save", '{"formats":7}', "formats must be a list of words"), ("save", '{"at":1e999}', "at must be a number"),
                ("save", '{"at":99}', "at=99 lies in the future"), ("save", '{"at":"1e3"}', "at=1e3 is not a moment"),
                ("save", '{"at":-1,"count":0}', "count=0 is not a whole number"), ("save", '{"at":-1,"count":1.5}', "count=1.5 is not a whole number"),
                ("save", '{"at":true}', "at must be a number"), ("stack", '{"mode":"sum"}', 'unknown mode "sum"'),
                ("stack", '{"mixed":"yes"}', "mixed must be true or false"), ("stack", '{"count":null}', "count must be a number"),
                ("clip", '{"before":"ten"}', "before=ten is not a number of seconds"), ("clip", '{"after":1e9}', "after=1000000000 is not a number of seconds"),
                ("trigger", '{"label":5}', "label must be a text"), ("trigger", '{"name":"door"}', 'there is no "name" here; there are: label'),
                ("pins", '{"before":-1}', "before=-1 is not a number of seconds"), ("pins", '{"at":"soon"}', "at=soon is not a moment"),
                ("pins/p1", "{}", '"p1" is no pin'), ("pins/1", '{"formats":["exe"]}', 'unknown format "exe"'),
                ("pins/1", '{"format":"png"}', 'there is no "format" here; there are: formats')):
            answer = self.web.ask(f"/api/{path}", "POST", body, {"Content-Type": "application/json"})
            self.assertEqual((answer.status, answer.headers["Content-Type"]), (400, "application/problem+json"), (path, body, answer.body))
            self.assertIn(said, answer.detail(), (path, body))

    def test_malformed_http_is_survived(self):
        for data in (b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x00\xff" * 500, b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                     b"POST /api/save HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n", b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-A: b\r\n" * 100000 + b"\r\n",
                     b"POST /api/save HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n"):
            self.web.raw(data)
            self.assertEqual(self.web.ask("/healthz").status, 200, data[:40])

    def test_the_page_and_its_files_are_small_and_known_again(self):
        total = 0
        for path in ("/", "/app.js", "/style.css", "/live.js", "/timeline.js", "/stage.js", "/events.js", "/captures.js", "/settings.js", "/state.js", "/zones.js",
                     "/shown.js", "/player.js", "/keeping.js", "/cameras.js", "/login.js", "/sealed.js", "/age.js", "/chacha.js", "/sha256.js",
                     "/api.js", "/dom.js", "/icon.svg", "/manifest.webmanifest", "/api/openapi.json"):
            answer = self.web.ask(path, headers={"Accept-Encoding": "gzip"})
            self.assertEqual((answer.status, answer.headers["Content-Encoding"]), (200, "gzip"), path)
            total += len(answer.body)
            self.assertEqual(self.web.ask(path, headers={"If-None-Match": answer.headers["ETag"]}).status, 304)
            self.assertNotIn(b"http://", self.web.ask(path).body.replace(b"http://www.w3.org", b""), path)
        self.assertLess(total, 60000)
        self.assertIn("frame-ancestors 'none'", self.web.ask("/").headers["Content-Security-Policy"])
        self.assertNotIn("unsafe-inline", self.web.ask("/").headers["Content-Security-Policy"])


class Captures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = Site()
        cls.addClassCleanup(cls.site.__exit__)
        cls.site.__enter__()
        cls.web = cls.site.web
        cls.captures = os.path.join(cls.site.folder, "captures")
        os.makedirs(cls.captures, exist_ok=True)
        for name, data in (("a.jpg", bytes(range(100))), ("b.png", b"b" * 5000), ("ü.jpg", b"x")):
            with open(os.path.join(cls.captures, name), "wb") as file:
                file.write(data)
        os.symlink("/etc/passwd", os.path.join(cls.captures, "link.jpg"))

    def test_nothing_outside_is_read(self):
        for path in ("/captures/link.jpg", "/captures/../web.json", "/captures/..%2fweb.json", "/captures/%2e%2e/web.json", "/captures/.hidden.jpg",
                     "/captures/%2fetc%2fpasswd", "/captures//etc/passwd", "/captures/a.jpg/..", "/captures/..%c0%afweb.json", "/captures/web.json"):
            self.assertIn(self.web.ask(path).status, (400, 404), path)

    def test_ranges_and_tags(self):
        whole = self.web.ask("/captures/a.jpg")
        self.assertEqual((whole.status, whole.body, whole.headers["Accept-Ranges"]), (200, bytes(range(100)), "bytes"))
        part = self.web.ask("/captures/a.jpg", headers={"Range": "bytes=10-19"})
        self.assertEqual((part.status, part.body, part.headers["Content-Range"]), (206, bytes(range(10, 20)), "bytes 10-19/100"))
        self.assertEqual(self.web.ask("/captures/a.jpg", headers={"Range": "bytes=-5"}).body, bytes(range(95, 100)))
        self.assertEqual(self.web.ask("/captures/a.jpg", headers={"Range": "bytes=100-"}).status, 416)
        self.assertEqual(self.web.ask("/captures/a.jpg", headers={"Range": "bytes=0-1,0-99,5-9"}).status, 200)
        head = self.web.ask("/captures/a.jpg", "HEAD", headers={"Range": "bytes=0-1"})
        self.assertEqual((head.status, head.headers["Content-Length"]), (200, "100"))
        self.assertEqual(self.web.ask("/captures/a.jpg", headers={"If-None-Match": whole.headers["ETag"]}).status, 304)
        self.assertEqual(self.web.ask("/captures/a.jpg", headers={"Range": "bytes=0-1", "If-Range": '"old"'}).status, 200)

    def test_names_beyond_ascii_and_downloads(self):
        self.assertEqual(self.web.ask("/captures/%C3%BC.jpg").body, b"x")
        self.assertIn("attachment", self.web.ask("/captures/a.jpg?download=1").headers["Content-Disposition"])

    def test_what_is_no_picture_has_no_thumbnail(self):
        self.assertEqual(self.web.ask("/captures/a.jpg?width=100").status, 422)

    def test_a_selection_comes_as_a_zip(self):
        answer = self.web.ask("/captures.zip?files=a.jpg,gone.jpg,b.png,link.jpg")
        with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
            self.assertIsNone(archive.testzip())
            self.assertEqual(archive.namelist(), ["a.jpg", "b.png"])
            self.assertEqual(archive.read("b.png"), b"b" * 5000)
        self.assertEqual(self.web.ask("/captures.zip").status, 400)

    def test_deleting(self):
        path = os.path.join(self.captures, "go.jpg")
        with open(path, "wb") as file:
            file.write(b"x")
        self.assertIn("go.jpg", [file["name"] for file in self.web.ask("/api/captures").json()["files"]])
        self.assertEqual(self.web.ask("/captures/go.jpg", "DELETE").status, 204)
        self.assertFalse(os.path.exists(path))
        self.assertEqual(self.web.ask("/captures/go.jpg", "DELETE").status, 404)
        self.assertEqual(self.web.ask("/captures/link.jpg", "DELETE").status, 404)
        self.assertTrue(os.path.lexists(os.path.join(self.captures, "link.jpg")))


if __name__ == "__main__":
    main()
