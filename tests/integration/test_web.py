"""pastcam-web over HTTP, with the real daemon behind it."""

import io
import json
import os
import re
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request
import zipfile

from faults import UNHURRIED
from harness import PATIENCE_S, main, wait_until
import numpy as np
from pictures import read_number
from PIL import Image
from web import Site, Web

FPS = 10
TOKEN, VIEW = "0123456789abcdef0123", "view-view-view-view-"


def pixels_of(data):
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def read_until(client, done):
    data = b""
    client.settimeout(PATIENCE_S)
    while not done(data):
        chunk = client.recv(65536)
        if not chunk:
            break
        data += chunk
    return data


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
            frames = read_number(pixels_of(answer.body)) - read_number(pixels_of(first.body))
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
        self.assertEqual(pixels_of(self.web.ask("/at/-1.jpg?width=80").body).shape, (60, 80, 3))
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
            self.assertEqual(read_number(pixels_of(saved.body)), read_number(pixels_of(frame.body)))
        thumbnail = self.web.ask(f"/captures/{[name for name in names if name.endswith('.jpg')][0]}?width=100")
        self.assertGreaterEqual(pixels_of(thumbnail.body).shape[1], 100)
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


class Access(unittest.TestCase):
    def test_tokens_sessions_and_roles(self):
        with Site() as site:
            paths = {}
            for name, token in (("token", TOKEN), ("view", VIEW)):
                paths[name] = os.path.join(site.folder, name)
                with open(os.open(paths[name], os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
                    file.write(token)
            site.wait_frames(5)
            site.web.stop()
            options = {"web.token_file": paths["token"], "web.view_token_file": paths["view"]}
            with Web(site.folder, options) as web:
                bearer = {"Authorization": f"Bearer {TOKEN}"}
                view = {"Authorization": f"Bearer {VIEW}"}
                wait_until(lambda: web.ask("/api/status", headers=bearer).status == 200, "the camera")
                self.assertEqual(web.ask("/").status, 200)
                self.assertEqual(web.ask("/api/session").json()["role"], "none")
                for path in ("/at/now.jpg", "/live.mjpg", "/api/events", "/metrics", "/api/captures", "/api/settings", "/captures/a.jpg"):
                    self.assertEqual(web.ask(path).status, 401, path)
                self.assertEqual(web.ask("/at/now.jpg", headers=view).status, 200)
                self.assertEqual(web.ask("/api/save", "POST", {}, view).status, 403)
                self.assertEqual(web.ask("/api/settings", headers=view).status, 403)
                self.assertEqual(web.ask("/api/save?wait=1", "POST", {}, bearer).status, 200)

                begun = time.monotonic()
                self.assertEqual(web.ask("/at/now.jpg", headers={"Authorization": "Bearer wrong"}).status, 401)
                self.assertEqual(web.ask("/api/login", "POST", {"token": "wrong"}).status, 401)
                self.assertGreater(time.monotonic() - begun, 0.7)  # 0.25 s, then 0.5 s

                login = web.ask("/api/login", "POST", {"token": TOKEN})
                cookie = login.headers["Set-Cookie"]
                self.assertEqual(login.status, 204)
                for word in ("HttpOnly", "SameSite=Strict", "Max-Age="):
                    self.assertIn(word, cookie)
                session = {"Cookie": cookie.split(";")[0]}
                self.assertEqual(web.ask("/at/now.jpg", headers=session).status, 200)
                self.assertEqual(web.ask("/api/logout", "POST", headers=session).status, 204)
                self.assertEqual(web.ask("/at/now.jpg", headers=session).status, 401)

    def test_pages_of_strangers_are_kept_out(self):
        with Site(web_options={"web.cors_origins": "http://ha.example:8123"}) as site:
            web = site.web
            self.assertEqual(web.ask("/api/save", "POST", {}, {"Origin": "http://evil.example"}).status, 403)
            self.assertEqual(web.ask("/api/save", "POST", {}, {"Sec-Fetch-Site": "cross-site"}).status, 403)
            self.assertEqual(web.ask("/api/cameras", headers={"Host": "evil.example"}).status, 421)
            self.assertIn(b" 400 ", web.raw(b"GET /api/cameras HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n"))
            self.assertIsNone(web.ask("/api/cameras", headers={"Origin": "http://evil.example"}).headers["Access-Control-Allow-Origin"])
            allowed = web.ask("/api/cameras", headers={"Origin": "http://ha.example:8123"})
            self.assertEqual(allowed.headers["Access-Control-Allow-Origin"], "http://ha.example:8123")
            self.assertEqual(web.ask("/api/trigger", "POST", {}, {"Origin": "http://ha.example:8123"}).status, 200)

    def test_beyond_this_machine_it_wants_a_token(self):
        with Site() as site:
            site.web.stop()
            web = Web(site.folder, {"web.bind": "0.0.0.0"})
            self.addCleanup(web.__exit__)
            self.assertEqual(web.process.wait(PATIENCE_S), 2)
            self.assertIn("web.token_file", web.log())


class Settings(unittest.TestCase):
    def test_settings_are_read_changed_and_refused(self):
        with Site(config={"own": {"kept": True}, "ring": {"size": 50}}) as site:
            web = site.web
            answer = web.ask("/api/settings")
            options = {option["path"]: option for option in answer.json()["options"]}
            self.assertEqual((options["ring.size"]["value"], options["ring.size"]["default"]), (50, 300))
            self.assertEqual(options["night.metric"]["choices"], ["scene", "mean"])
            tag = {"If-Match": answer.headers["ETag"]}
            self.assertEqual(web.ask("/api/settings", "PUT", {"ring.size": 60}).status, 428)
            for changes, word in (({"ring.size": 1}, "ring.size"), ({"ring.sise": 60}, "ring.size"), ({"ring": 5}, "ring"), ({"night.enable": "yes"}, "night.enable"), ({"motion.scale": 3}, "motion.scale"),
                                  ({"motion.zones": [{"name": "a", "polygon": [[0, 0], [1, 1], [1, 0], [0, 1]]}]}, "crosses"),
                                  ({"motion.zones": [{"name": "a", "polygon": [[0, 0], [0.004, 0], [0, 0.004]]}]}, "make it larger")):
                refused = web.ask("/api/settings", "PUT", changes, tag)
                self.assertEqual(refused.status, 422, changes)
                self.assertIn(word, refused.detail())
            changed = web.ask("/api/settings", "PUT", {"ring.size": None, "night.gain": 3}, tag)
            self.assertEqual(changed.status, 200, changed.body)
            with open(web.config_path, encoding="utf-8") as file:
                self.assertEqual(json.load(file), {"own": {"kept": True}, "ring": {}, "night": {"gain": 3}})

    def test_the_second_of_two_browsers_is_told(self):
        with Site(config={"ring": {"size": 50}}) as site:
            web = site.web
            tag = {"If-Match": web.ask("/api/settings").headers["ETag"]}
            changed = web.ask("/api/settings", "PUT", {"ring.size": 70, "night.gain": 3}, tag)
            self.assertEqual(changed.status, 200, changed.body)
            with open(web.config_path, encoding="utf-8") as file:
                self.assertEqual(json.load(file), {"ring": {"size": 70}, "night": {"gain": 3}})
            with open(web.config_path + ".old", encoding="utf-8") as file:
                self.assertEqual(json.load(file), {"ring": {"size": 50}})
            self.assertEqual(web.ask("/api/settings", "PUT", {"ring.size": 80}, tag).status, 412)
            again = {"If-Match": changed.headers["ETag"]}
            self.assertEqual(web.ask("/api/settings", "PUT", {"ring.size": 80}, again).status, 200)


class Cameras(unittest.TestCase):
    def test_several_cameras_are_told_apart_and_may_come_and_go(self):
        with Site(names=("front", "back")) as site:
            web = site.web
            site.wait_frames(5)
            self.assertEqual(web.ask("/api/cameras").json(), {"cameras": ["back", "front"]})
            self.assertEqual(web.ask("/at/now.jpg").status, 400)
            self.assertEqual(web.ask("/at/now.jpg?camera=front").status, 200)
            with web.stream("/api/events?since=all") as client:
                read_until(client, lambda data: b"back=" in data and b"front=" in data)
                site.daemons["back"].stop()
                data = read_until(client, lambda data: b'{"cameras":["front"]}' in data)
                self.assertIn(b"event: away", data)
                site.daemons["back"] = site.make("back")
                site.daemons["back"].wait_ready()
                read_until(client, lambda data: b'{"cameras":["back","front"]}' in data)

    def test_a_daemon_that_was_killed_is_away_with_a_reason(self):
        with Site() as site:
            site.daemon.process.kill()
            site.daemon.process.wait()
            answer = site.web.ask("/at/now.jpg")
            self.assertEqual(answer.status, 503)
            self.assertIn("camera camera", answer.detail())

    def test_nobody_is_shown_the_last_picture_of_a_killed_daemon_as_live(self):
        def begin_of_answer():
            with site.web.stream("/live.mjpg") as client:
                return read_until(client, lambda data: b"\r\n\r\n" in data).partition(b"\r\n")[0]
        def are_new(data):
            return [epoch for epoch in re.findall(rb"Pastcam-Epoch: ([\d.]+)", data) if float(epoch) > killed]
        with Site() as site, site.web.stream("/live.mjpg") as viewer:
            read_until(viewer, lambda data: data.count(b"Pastcam-Frame") >= 2)
            site.daemon.process.kill()
            site.daemon.process.wait()
            killed = time.time()
            wait_until(lambda: b" 503 " in begin_of_answer(), "the refusal")
            self.assertIn(b" 503 ", begin_of_answer())
            site.daemons[""] = site.make("")
            site.daemons[""].wait_ready()
            self.assertTrue(are_new(read_until(viewer, are_new)))  # who stayed sees it again
            self.assertIn(b" 200 ", begin_of_answer())

    def test_the_page_may_be_killed_without_a_frame_lost(self):
        with Site(options=UNHURRIED) as site:
            site.wait_frames(3)
            before = site.daemon.status()["camera"]
            for _ in range(5):
                viewers = [site.web.stream("/live.mjpg") for _ in range(3)]
                for viewer in viewers:
                    read_until(viewer, lambda data: data.count(b"Pastcam-Frame") >= 2)
                site.web.process.kill()
                site.web.process.wait()
                for viewer in viewers:
                    viewer.close()
                site.web = Web(site.folder)
                site.web.wait_ready()
            after = site.daemon.status()["camera"]
            self.assertEqual((after["lost"], after["dropped"]), (before["lost"], before["dropped"]))

    def test_many_who_ask_at_once_wait_for_their_turn(self):
        with Site(options=UNHURRIED) as site:
            site.wait_frames(4)
            answers = []
            ask = lambda path: answers.append(site.web.ask(path).status)
            paths = ["/at/now.jpg?width=80"] * 30 + ["/at/-0.5.jpg"] * 10 + ["/at/-0.5.png"] * 4 + ["/api/timeline"] * 16
            threads = [threading.Thread(target=ask, args=(path,)) for path in paths]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(answers, [200] * len(paths))
            camera = site.daemon.status()["camera"]
            self.assertEqual((camera["lost"], camera["dropped"]), (0, 0))

    def test_it_speaks_tls_where_there_is_a_certificate(self):
        with tempfile.TemporaryDirectory(prefix="pastcam-tls-") as folder:
            key, certificate = os.path.join(folder, "key.pem"), os.path.join(folder, "certificate.pem")
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", certificate,
                            "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
            with Site(web_options={"web.tls_cert": certificate, "web.tls_key": key}, wait=False) as site:
                site.web.wait_ready()
                context = ssl.create_default_context(cafile=certificate)
                ask = lambda path: urllib.request.urlopen(f"https://localhost:{site.web.port}{path}", context=context, timeout=PATIENCE_S)
                wait_until(lambda: b"camera" in ask("/api/cameras").read(), "the camera")
                site.wait_frames(5)
                with ask("/at/now.jpg") as answer:
                    self.assertEqual((answer.status, answer.headers["Strict-Transport-Security"]), (200, "max-age=31536000"))
                    self.assertEqual(pixels_of(answer.read()).shape, (240, 320, 3))
                self.assertEqual(site.web.raw(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), b"")
                self.assertEqual(ask("/healthz").status, 200)
            with Site(web_options={"web.tls_cert": key, "web.tls_key": certificate}, wait=False, names=()) as site:
                self.assertEqual(site.web.process.wait(PATIENCE_S), 2)
                self.assertIn("in PEM", site.web.log())

    def test_who_reads_slowest_makes_way_for_who_has_just_come(self):
        def connect():
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            client.settimeout(PATIENCE_S)
            client.connect(("127.0.0.1", site.web.port))
            self.addCleanup(client.close)
            return client
        with Site(web_options={"web.max_clients": 8}, options={"camera.width": 1024, "camera.height": 768}) as site:
            site.wait_frames(2)
            slow = [connect() for _ in range(6)]
            for client in slow:
                client.sendall(b"GET /at/now.png HTTP/1.1\r\nHost: localhost\r\n\r\n")
            for client in slow:
                self.assertEqual(client.recv(1), b"H")  # it is being sent
            honest = connect()
            for _ in range(5):
                connect().sendall(b"GET /at/now.png HTTP/1.1\r\nHost: localhost\r\n\r\n")
            honest.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertEqual(honest.recv(12), b"HTTP/1.1 200")

    def test_slow_and_idle_connections_make_way(self):
        with Site(web_options={"web.max_clients": 8}) as site:
            idle = [socket.create_connection(("127.0.0.1", site.web.port)) for _ in range(40)]
            for client in idle:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                try:
                    client.sendall(b"GET /healthz HTTP/1.1\r\nX-Slow: ")
                except OSError:
                    pass
            self.assertEqual(site.web.ask("/healthz").status, 200)
            for client in idle:
                client.close()


if __name__ == "__main__":
    main()
