"""Webhooks of pastcam-hub: what arrives, how often, and from a target that fails, hangs or redirects."""

import hashlib
import hmac
import json
import os
import socketserver
import sqlite3
import ssl
import subprocess
import threading
import time
import unittest

import harness
from harness import wait_until
from http_target import Closed, Target
from hub import Place


class Webhooks(unittest.TestCase):
    def setUp(self):
        self.place = Place()
        self.addCleanup(self.place.__exit__)

    def secret(self, text):
        path = os.path.join(self.place.folder, "secret")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        os.chmod(path, 0o600)
        return path

    def begin(self, targets, to="hook", **hub):
        self.camera = self.place.camera()
        rules = [{"name": "bell", "when": {"event": ["trigger", "picture.saved"]}, "do": [f"webhook {to}"]}]
        self.hub = self.place.hub(config={"hub": {"webhooks": targets, "rules": rules, **hub}})
        self.camera.wait_reader()

    def wait_empty(self):
        wait_until(lambda: self.hub.query("SELECT count(*) FROM deliveries") == [(0,)], "all to be delivered")

    def test_the_event_is_posted_and_signed(self):
        target = self.place.add(Target())
        self.begin([{"name": "hook", "url": target.url, "secret_file": self.secret("wonderland"), "headers": {"X-Room": "attic"}}],
                   page_url="http://pi:8080/")
        said = self.camera.say("picture.saved", path="/c/a.jpg", formats=["jpg"])
        path, headers, body = target.wait()[0]
        self.assertEqual((path, headers["Content-Type"], headers["X-Room"]), ("/hook", "application/json", "attic"))
        event = json.loads(body)
        self.assertAlmostEqual(event.pop("epoch"), said.pop("epoch"), 3)
        self.assertEqual(event, {**said, "camera": "yard", "rule": "bell",
                                 "url": "http://pi:8080/captures/a.jpg?camera=yard"})
        signature = hmac.new(b"wonderland", body, hashlib.sha256).hexdigest()
        self.assertEqual(headers["X-Hub-Signature-256"], f"sha256={signature}")
        self.assertRegex(headers["Idempotency-Key"], "^[0-9a-f]{32}$")
        self.wait_empty()

    def test_a_body_of_ones_own_is_filled_in(self):
        target = self.place.add(Target())
        self.begin([{"name": "hook", "url": target.url, "body": "{\"text\": \"{camera}: {label}\"}"}])
        self.camera.say("trigger", label="say \"hi\" \\ \n{zone}")
        self.assertEqual(json.loads(target.wait()[0][2]), {"text": "yard: say \"hi\" \\ \n{zone}"})

    def test_a_text_body_and_a_token(self):
        target = self.place.add(Target())
        self.begin([{"name": "hook", "url": target.url, "body": "{camera} rang: {label}", "token_file": self.secret("abc")}])
        self.camera.say("trigger", label="front")
        _, headers, body = target.wait()[0]
        self.assertEqual((body, headers["Authorization"]), (b"yard rang: front", "Bearer abc"))

    def test_a_file_goes_along(self):
        target = self.place.add(Target())
        self.begin([{"name": "hook", "url": target.url, "attach": True}])
        picture = os.path.join(self.place.folder, "a.jpg")
        with open(picture, "wb") as file:
            file.write(b"\xff\xd8picture\xff\xd9")
        self.camera.say("picture.saved", path=picture, formats=["jpg"])
        _, headers, body = target.wait()[0]
        self.assertTrue(headers["Content-Type"].startswith("multipart/form-data"))
        self.assertIn(b"\xff\xd8picture\xff\xd9", body)
        self.assertIn(b'name="event"', body)

    def test_a_file_that_is_gone_is_told_and_its_event_arrives(self):
        target = self.place.add(Target())
        self.begin([{"name": "hook", "url": target.url, "attach": True}])
        self.camera.say("picture.saved", path="/nonexistent/a.jpg", formats=["jpg"])
        self.assertEqual(json.loads(target.wait()[0][2])["path"], "/nonexistent/a.jpg")
        self.hub.wait_log("The webhook hook gets an event without its file /nonexistent/a.jpg: No such file")

    def test_all_of_an_hour_that_the_hub_was_away_arrives(self):
        target = self.place.add(Target())
        self.camera = self.place.camera()
        now = time.monotonic()
        for minute in range(60, 0, -1):
            for _ in range(2):
                self.camera.say("trigger", monotonic=now - minute * 60)
        rules = [{"name": "bell", "when": {"event": "trigger"}, "do": [f"webhook {target.url}"]}]
        hub = self.place.hub(config={"hub": {"rules": rules}})
        self.assertEqual([json.loads(body)["id"] for _, _, body in target.wait(120)], [event["id"] for event in self.camera.kept])
        self.assertNotIn("rests", hub.log())

    def test_an_address_may_stand_in_the_rule(self):
        target = self.place.add(Target())
        self.begin([], to=target.url)
        self.camera.say("trigger")
        self.assertEqual(json.loads(target.wait()[0][2])["event"], "trigger")

    def test_what_fails_is_tried_again_with_the_same_key(self):
        target = self.place.add(Target([500, (302, {"Location": "http://127.0.0.1:1/"})]))
        self.begin([{"name": "hook", "url": target.url}])
        self.camera.say("trigger")
        got = target.wait(3)
        self.assertEqual(len({headers["Idempotency-Key"] for _, headers, _ in got}), 1)
        self.assertEqual(len({body for _, _, body in got}), 1)
        self.wait_empty()
        self.hub.wait_log("does not take a delivery: it answered 500; it is tried again")
        self.hub.wait_log("takes deliveries again")
        self.assertEqual(len(target.got), 3)

    def test_answers_that_are_none_are_told_and_one_without_an_end_is_cut_off(self):
        bad = [b"\0garbage\r\n\r\n", b"HTTP/1.1 99999999999 \xff\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 100000, b""]
        good = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (64 << 20)
        left, asked = list(bad), []

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                asked.append(self.request.recv(65536))
                try:
                    self.request.sendall(left.pop(0) if left else good)
                except OSError:  # it hung up, as it should
                    pass
        with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            try:
                self.begin([{"name": "hook", "url": f"http://127.0.0.1:{server.server_address[1]}/"}])
                for _ in bad:
                    self.camera.say("trigger")
                wait_until(lambda: len(asked) == 2 * len(bad), "each to be tried twice")
                self.wait_empty()
                self.hub.wait_log("takes deliveries again")
            finally:
                server.shutdown()

    def test_a_redirect_is_not_followed_and_is_told(self):
        other, target = self.place.add(Target()), self.place.add(Target([(307, {"Location": "http://127.0.0.1:9/"})]))
        target.answers[0] = (307, {"Location": other.url})
        self.begin([{"name": "hook", "url": target.url}])
        self.camera.say("trigger")
        self.hub.wait_log(f"it redirects to {other.url}: set the url to that")
        self.assertEqual(other.got, [])

    def test_a_certificate_that_nobody_vouches_for_is_told_and_nothing_is_sent(self):
        folder, target = self.place.folder, self.place.add(Target())
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "key.pem",
                        "-out", "own.pem", "-days", "30000", "-subj", "/CN=localhost"], cwd=folder, check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(folder, "own.pem"), os.path.join(folder, "key.pem"))
        target.server.socket = context.wrap_socket(target.server.socket, server_side=True)
        self.begin([{"name": "hook", "url": f"https://localhost:{target.port}/hook"}])
        self.camera.say("trigger")
        self.hub.wait_log("The webhook hook does not take a delivery: .*certificate.*; it is tried again")
        self.assertEqual(target.got, [])
        wait_until(lambda: self.hub.query("SELECT count(*) FROM deliveries") == [(1,)], "it to be kept")

    def test_a_target_that_hangs_holds_up_no_other(self):
        slow, quick = self.place.add(Target(["hang"])), self.place.add(Target())
        self.camera = self.place.camera()
        rules = [{"name": "both", "when": {"event": "trigger"}, "do": ["webhook slow", "webhook quick"]}]
        self.hub = self.place.hub(config={"hub": {"rules": rules, "webhooks": [
            {"name": "slow", "url": slow.url, "timeout_s": 5}, {"name": "quick", "url": quick.url}]}})
        self.camera.wait_reader()
        for _ in range(3):
            self.camera.say("trigger")
        quick.wait(3)
        self.assertLess(len(slow.got), 4)
        slow.wait(4)  # the one that hung, and three after its time was over
        self.wait_empty()

    def test_what_waits_outlives_a_kill(self):
        target = self.place.add(Closed())
        self.begin([{"name": "hook", "url": target.url}])
        for i in range(5):
            self.camera.say("trigger", label=str(i))
        wait_until(lambda: self.hub.query("SELECT count(*) FROM deliveries WHERE attempts > 0") == [(5,)], "five tries")
        self.hub.kill()
        self.camera.readers = []
        target = self.place.add(target.open())
        self.hub.start()
        got = target.wait(5)
        self.assertEqual({json.loads(body)["label"] for _, _, body in got}, set("01234"))
        self.wait_empty()
        self.assertEqual(len(target.got), 5)

    def test_what_was_tried_for_long_is_given_up_and_told(self):
        target = self.place.add(Closed())
        self.begin([{"name": "hook", "url": target.url}])
        self.camera.say("trigger")
        wait_until(lambda: self.hub.query("SELECT 1 FROM deliveries WHERE attempts > 0"), "a try")
        self.hub.stop()
        database = sqlite3.connect(os.path.join(self.hub.data, "hub.db"))
        database.execute("UPDATE deliveries SET attempts = 151, due_ms = 0")
        database.commit()
        database.close()
        self.camera.readers = []
        self.hub.start()
        self.hub.wait_log("1 deliveries to the webhook hook are given up after 152 tries")

    def test_a_clock_that_was_wrong_holds_nothing_up(self):
        target = self.place.add(Closed())
        self.begin([{"name": "hook", "url": target.url}])
        self.camera.say("trigger")
        wait_until(lambda: self.hub.query("SELECT 1 FROM deliveries WHERE attempts > 0"), "a try")
        self.hub.stop()
        database = sqlite3.connect(os.path.join(self.hub.data, "hub.db"))
        database.execute(f"UPDATE deliveries SET due_ms = {int((time.time() + 10 ** 8) * 1000)}")
        database.commit()
        database.close()
        target = self.place.add(target.open())
        self.hub.start()
        target.wait()

    def test_what_is_wrong_with_a_webhook_ends_the_start(self):
        hub = self.place.hub()
        hub.stop()
        rule = {"name": "r", "when": {"event": "trigger"}, "do": ["webhook hook"]}
        for targets, rules, reason in (
                ([{"name": "a b", "url": "http://x"}], [], 'needs a "name" without spaces'),
                ([{"name": "a", "url": "ftp://x"}], [], 'needs a "url"'),
                ([{"name": "a", "url": "http://x", "secret": "x"}], [], '"secret" is none of'),
                ([{"name": "a", "url": "http://x", "headers": {"A": "b\r\nC: d"}}], [], '"headers" may have'),
                ([], [rule], 'there is no webhook "hook"')):
            with open(hub.config_path, "w", encoding="utf-8") as file:
                json.dump({"hub": {"webhooks": targets, "rules": rules}}, file)
            hub.start()
            self.assertEqual(hub.process.wait(harness.PATIENCE_S), 2, reason)
            self.assertIn(reason, hub.log())


if __name__ == "__main__":
    harness.main()
