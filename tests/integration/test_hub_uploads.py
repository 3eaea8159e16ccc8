"""Uploads of pastcam-hub to an S3 store: what arrives, when a file goes, and from stores that fail, lie or are away."""

import json
import os
import re
import time
import unittest

import harness
from harness import wait_until
from http_target import Closed
from hub import Place
from s3 import KEY, REGION, SECRET, Store


class Uploads(unittest.TestCase):
    def setUp(self):
        self.place = Place()
        self.addCleanup(self.place.__exit__)
        os.mkdir(self.place.captures)

    def secret(self, name, text):
        path = os.path.join(self.place.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        os.chmod(path, 0o600)
        return path

    def target(self, url, secret=SECRET, **members):
        return {"name": "offsite", "url": url, "region": REGION, "access_key_file": self.secret("access", KEY),
                "secret_key_file": self.secret("secret", secret), **members}

    def begin(self, target):
        self.camera = self.place.camera()
        rules = [{"name": "away", "when": {"event": ["picture.saved", "clip.end"]}, "do": ["upload offsite"]}]
        self.hub = self.place.hub({"hub.mqtt.node": "pi"}, {"hub": {"uploads": [target], "rules": rules}})
        self.camera.wait_reader()

    def file(self, name, data=b"bytes of it" * 1000):
        path = os.path.join(self.place.captures, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def say_clip(self, name="yard_1.mp4"):
        path = self.file(name)
        self.camera.say("clip.end", path=path)
        return path

    def wait_empty(self):
        wait_until(lambda: self.hub.query("SELECT count(*) FROM deliveries") == [(0,)], "all to be delivered")

    def again(self):
        self.camera.readers = []
        self.hub.start()
        self.camera.wait_reader()


class Arriving(Uploads):
    def test_all_files_of_an_event_arrive_signed_and_whole_and_stay_here(self):
        store = self.place.add(Store())
        self.begin(self.target(store.url + "/{node}/{camera}/{date}/"))
        picture, png = self.file("yard_1.jpg"), self.file("yard_1.png", b"")
        said = self.camera.say("picture.saved", path=picture, formats=["jpg", "png"])
        clip = self.say_clip("a b+ü&.mp4")
        wait_until(lambda: len(store.objects) == 3, f"three objects, {store.refused} refused")
        self.wait_empty()
        folder = "/bucket/pi/yard/" + time.strftime("%Y-%m-%d", time.localtime(said["epoch"]))
        self.assertEqual(store.objects, {f"{folder}/yard_1.jpg": (b"bytes of it" * 1000, "image/jpeg"),
                                         f"{folder}/yard_1.png": (b"", "image/png"),
                                         f"{folder}/a b+ü&.mp4": (b"bytes of it" * 1000, "video/mp4")})
        self.assertEqual((store.refused, store.puts), (0, 3))
        self.assertTrue(all(os.path.exists(path) for path in (picture, png, clip)))
        self.hub.wait_log(f"Uploaded {re.escape(clip)} to {store.url}/pi/yard/")

    def test_a_real_camera_s_clip_is_uploaded_and_then_deleted_here(self):
        store = self.place.add(Store())
        rules = [{"name": "ring", "when": {"event": "trigger"}, "do": ["clip before=1 after=1"]},
                 {"name": "away", "when": {"event": "clip.end"}, "do": ["upload offsite"]}]
        hub = self.place.hub(config={"hub": {"uploads": [self.target(store.url, delete=True)], "rules": rules}})
        daemon = self.place.daemon()
        daemon.wait_frames(10)
        hub.wait_event("camera.up")
        daemon.ask("trigger bell")
        path = hub.wait_event("clip.end")[0]["path"]
        wait_until(lambda: not os.path.exists(path), "the clip to go")
        data, kind = store.objects["/bucket/" + os.path.basename(path)]
        self.assertEqual((data[4:8], kind), (b"ftyp", "video/mp4"))

    def test_a_store_that_knows_no_sha256_is_believed_by_its_md5(self):
        store = self.place.add(Store(tells_sums=False))
        self.begin(self.target(store.url, delete=True))
        path = self.say_clip()
        wait_until(lambda: not os.path.exists(path), "the clip to go")
        self.assertEqual(store.puts, 1)


class Failing(Uploads):
    def broken(self, answer, tells_sums, reason):
        store = self.place.add(Store([answer], tells_sums=tells_sums))
        self.begin(self.target(store.url, delete=True))
        path = self.say_clip()
        self.hub.wait_log(f"The upload offsite does not take a delivery: {reason}")
        self.assertTrue(store.puts > 1 or os.path.exists(path))
        wait_until(lambda: not os.path.exists(path), "the clip to go")
        self.assertEqual((store.puts, store.objects["/bucket/yard_1.mp4"][0]), (2, b"bytes of it" * 1000))
        self.hub.wait_log("The upload offsite takes deliveries again")

    def test_what_arrived_with_other_bytes_is_sent_again_before_the_file_goes(self):
        self.broken("other", True, "it has other bytes than the file: their SHA-256 is")

    def test_what_arrived_with_another_md5_is_sent_again_before_the_file_goes(self):
        self.broken("other", False, "it tells neither the SHA-256 nor the MD5")

    def test_what_arrived_short_is_sent_again_before_the_file_goes(self):
        self.broken("cut", True, "it has 10999 bytes of the file's 11000")

    def test_what_waits_outlives_kills_and_a_store_that_is_away(self):
        closed = self.place.add(Closed())
        self.begin(self.target(f"http://127.0.0.1:{closed.port}/bucket", delete=True))
        paths = [self.say_clip(f"yard_{i}.mp4") for i in range(5)]
        wait_until(lambda: self.hub.query("SELECT count(*) FROM deliveries WHERE attempts > 0") == [(5,)], "five tries")
        self.hub.kill()
        closed.socket.close()
        store = self.place.add(Store(["hang"], port=closed.port))
        self.again()
        wait_until(lambda: store.puts == 1, "a request")
        self.hub.kill()  # in the middle of one
        store.free.set()
        self.again()
        wait_until(lambda: not [path for path in paths if os.path.exists(path)], "all clips to go")
        self.assertEqual(len(store.objects), 5)
        self.wait_empty()

    def test_a_store_that_hangs_ends_after_its_time(self):
        store = self.place.add(Store(["hang"]))
        self.begin(self.target(store.url, timeout_s=1))
        self.say_clip()
        wait_until(lambda: store.objects, "the second try")
        self.hub.wait_log("does not take a delivery: Operation too slow")

    def test_a_wrong_key_is_told_and_the_file_stays(self):
        store = self.place.add(Store())
        self.begin(self.target(store.url, secret="rabbit", delete=True))
        path = self.say_clip()
        self.hub.wait_log("The upload offsite does not take a delivery: it answered 403")
        self.assertEqual((store.objects, os.path.exists(path)), ({}, True))

    def test_a_file_that_is_gone_is_told_and_holds_up_no_other(self):
        store = self.place.add(Store())
        self.begin(self.target(store.url))
        gone = os.path.join(self.place.captures, "gone.mp4")
        self.camera.say("clip.end", path=gone)
        self.say_clip()
        wait_until(lambda: list(store.objects) == ["/bucket/yard_1.mp4"], "the other one")
        self.hub.wait_log(f"{gone} was not uploaded to offsite: it is there no more")
        self.wait_empty()

    def test_many_files_at_once_do_not_make_the_rule_rest(self):
        store = self.place.add(Store())
        self.begin(self.target(store.url))
        for i in range(60):
            self.say_clip(f"yard_{i}.mp4")
        wait_until(lambda: len(store.objects) == 60, "all clips")

    def test_what_is_wrong_with_an_upload_ends_the_start(self):
        hub = self.place.hub()
        hub.stop()
        good = self.target("http://127.0.0.1:1/bucket")
        rule = {"name": "r", "when": {"event": "clip.end"}, "do": ["upload offsite"]}
        for targets, rules, reason in (
                ([{**good, "url": "http://127.0.0.1"}], [], 'needs a "url" with the bucket'),
                ([{**good, "url": "http://127.0.0.1/bucket?x=1"}], [], 'needs a "url" with the bucket'),
                ([{**good, "region": "a:b"}], [], '"region" is a name'),
                ([{**good, "secret": "x"}], [], '"secret" is none of'),
                ([{"name": "a", "url": good["url"]}], [], 'it needs an "access_key_file"'),
                ([good, good], [], "two have this name"),
                ([], [rule], 'there is no upload "offsite" in hub.uploads'),
                ([good], [{**rule, "when": {"event": "trigger"}}], 'its "when" must be picture.saved, clip.end or both'),
                ([good], [{"name": "r", "every": "1h", "do": ["upload offsite"]}], 'its "when" must be')):
            with open(hub.config_path, "w", encoding="utf-8") as file:
                json.dump({"hub": {"uploads": targets, "rules": rules}}, file)
            hub.start()
            self.assertEqual(hub.process.wait(harness.PATIENCE_S), 2, hub.log())
            self.assertIn(reason, hub.log())


if __name__ == "__main__":
    harness.main()
