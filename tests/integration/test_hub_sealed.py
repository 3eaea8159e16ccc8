"""With seal.recipients pastcam-hub keeps of what happened only what the folder of captures tells anyway; the rest opens with the key alone."""

import base64
import glob
import json
import os
import re
import subprocess
import unittest

from broker import Broker
from harness import BINARY, wait_until
from http_target import Closed
from hub import HUB, Place
from hub_mqtt import STATUS

SAID = {"label": "wonderland", "zone": "attic", "score": 0.7312, "reason": "looking-glass"}
MARKS = [b"wonderland", b"attic", b"7312", b"looking-glass"]


class SealedEvents(unittest.TestCase):
    def setUp(self):
        self.place = Place()
        self.addCleanup(self.place.__exit__)
        self.key = os.path.join(self.place.folder, "key")
        made = subprocess.run([BINARY, "seal-key", self.key], capture_output=True, text=True, check=True)
        self.recipient = re.search(r"age1[0-9a-z]{58}", made.stderr)[0]
        self.sealed = {"seal.recipients": json.dumps([self.recipient])}
        self.camera = self.place.camera()
        self.camera.answers["status"] = json.dumps(STATUS)

    def begin(self, options, **hub):
        rules = [{"name": "bell", "when": {"event": ["trigger"]}, "do": ["webhook hook"]}] if "webhooks" in hub else []
        self.hub = self.place.hub(options, {"hub": {"rules": rules, **hub}})
        wait_until(lambda: len(self.camera.readers) >= 1, "the hub to follow")

    def marks(self):
        """Which of the words are anywhere in the files of the store, as they are on the disk."""
        raw = b""
        for path in glob.glob(os.path.join(self.hub.data, "hub.db*")):
            with open(path, "rb") as file:
                raw += file.read()
        return {mark for mark in MARKS if mark in raw}

    def open(self, event):
        done = subprocess.run(["age", "-d", "-i", self.key], input=base64.b64decode(event["sealed"]), capture_output=True, check=True)
        return json.loads(done.stdout)

    def test_a_stored_event_opens_with_the_key_alone(self):
        self.begin(self.sealed)
        said = self.camera.say("trigger", path="/c/a.jpg.age", formats=["jpg"], **SAID)
        kept = self.hub.wait_event("trigger")[0]
        self.assertEqual(set(kept), {"event", "id", "epoch", "camera", "path", "formats", "sealed"})
        self.assertEqual((kept["id"], kept["camera"]), (said["id"], "yard"))
        self.assertEqual(self.open(kept), {**said, "camera": "yard"})
        self.assertEqual(self.hub.query("SELECT zone, label, score FROM events WHERE type = 'trigger'"), [(None, None, None)])
        self.assertRegex(self.hub.run("events").stdout, r"yard +trigger +\(sealed\)\n")
        self.assertEqual(self.marks(), set())
        self.assertEqual(self.hub.stop(), 0)  # which writes all of the WAL into the file
        self.assertEqual(self.marks(), set())
        with open(os.path.join(self.hub.data, "hub.db"), "rb") as file:
            self.assertIn(kept["sealed"][-16:].encode(), file.read())

    def test_without_recipients_the_words_are_found(self):
        self.begin({})
        self.camera.say("trigger", **SAID)
        self.hub.wait_event("trigger")
        self.assertEqual(self.marks(), set(MARKS))

    def test_messages_wait_in_memory_and_arrive_in_plain_text(self):
        broker = self.place.add(Broker())
        listener = self.place.add(broker.listener())
        target = self.place.add(Closed())
        self.begin({**self.sealed, "hub.mqtt.host": "127.0.0.1", "hub.mqtt.port": broker.port, "hub.mqtt.node": "pi"},
                   webhooks=[{"name": "hook", "url": target.url}])
        listener.wait("pastcam/pi/yard/status", "online")
        said = self.camera.say("trigger", **SAID)
        self.assertEqual(json.loads(listener.wait("pastcam/pi/yard/event")[0]), {**said, "camera": "yard"})
        self.hub.wait_log("does not take a delivery")
        self.assertEqual(self.marks(), set())
        up = self.place.add(target.open())
        self.assertEqual(json.loads(up.wait()[0][2])["label"], "wonderland")
        self.assertEqual(self.marks(), set())

    def test_what_waited_before_events_were_sealed_still_arrives(self):
        target = self.place.add(Closed())
        webhooks = [{"name": "hook", "url": target.url}]
        self.begin({}, webhooks=webhooks)
        self.camera.say("trigger", **SAID)
        self.hub.wait_log("does not take a delivery")
        self.hub.wait_event("trigger")
        self.hub.stop()
        up = self.place.add(target.open())
        self.begin(self.sealed, webhooks=webhooks)
        self.assertEqual(json.loads(up.wait()[0][2])["label"], "wonderland")
        self.hub.wait_log("1 messages that wait are kept in memory")
        wait_until(lambda: self.hub.query("SELECT count(*) FROM deliveries") == [(0,)], "the row to be gone")

    def test_what_is_no_recipient_stops_it(self):
        for words, code, says in ((["age1nonsense"], 2, "seal.recipients: .*is no key"), (["/nowhere/keys"], 44, "cannot read the recipients in /nowhere/keys"),
                                  ([7], 2, "seal.recipients must be a list of texts")):
            folder = self.place.folder
            done = subprocess.run([HUB, "-o", f"hub.data_dir={folder}/hub", "-o", f"network.socket_dir={folder}/sockets",
                                   "-o", f"seal.recipients={json.dumps(words)}"], capture_output=True, text=True, check=False, timeout=60)
            self.assertEqual(done.returncode, code)
            self.assertRegex(done.stdout + done.stderr, says)
            self.assertFalse(os.path.exists(os.path.join(folder, "hub", "hub.db")))


if __name__ == "__main__":
    unittest.main()
