"""pastcam-hub on a real broker: what it tells, in which order, and what becomes of it when the broker goes."""

import contextlib
import json
import os
import re
import sqlite3
import subprocess
import time
import unittest
from unittest import mock

import harness
from broker import Broker, Relay, check_discovery
from harness import wait_until
from http_target import Closed, Target
from hub import ENVIRONMENT, Place
from hub_mqtt import STATUS, Mqtt


class Telling(Mqtt):
    def test_events_and_states_come_as_they_happen(self):
        self.ready()
        self.assertEqual(json.loads(self.listener.wait("pastcam/pi/yard/state")[-1]),
                         {"camera": "running", "light": 90, "night": "DAY", "ring_s": 14.2, "free_mib": 900, "rss_mib": 340.5,
                          "frame_age_s": 0.1, "motion": "ON"})
        self.listener.wait("pastcam/pi/yard/status", "online")
        self.listener.wait("pastcam/pi/yard/motion/gate", "OFF")
        said = self.camera.say("motion.start", zone="gate", score=2)
        self.assertEqual(json.loads(self.listener.wait("pastcam/pi/yard/event")[0]), {**said, "camera": "yard"})
        self.listener.wait("pastcam/pi/yard/motion/gate", "ON")
        self.camera.say("motion.end", zone="gate", score=2)
        self.listener.wait("pastcam/pi/yard/motion/gate", "OFF", 2)
        self.camera.__exit__()
        self.listener.wait("pastcam/pi/yard/status", "offline")

    def test_each_of_as_many_zones_as_there_may_be_is_told(self):
        zones = [{"name": f"z{number}", "status": "STILL"} for number in range(64)]
        self.status = {**STATUS, "motion": {"enabled": True, "on": True, "zones": zones}}
        self.ready()
        self.listener.wait("pastcam/pi/yard/motion/z63", "OFF")
        self.camera.say("motion.start", zone="z63", score=2)
        self.listener.wait("pastcam/pi/yard/motion/z63", "ON")
        self.assertNotIn("more than", self.hub.log())

    def test_home_assistant_would_take_the_discovery_message(self):
        self.ready(options={"hub.page_url": "http://pi.local:8080/"})
        topic = self.config_topic()
        message = check_discovery(self, topic, self.listener.payloads(topic)[-1])
        platforms = [component["p"] for component in message["components"].values()]
        self.assertEqual({word: platforms.count(word) for word in set(platforms)},
                         {"binary_sensor": 2, "event": 1, "camera": 1, "image": 1, "switch": 2, "button": 3, "sensor": 6})
        self.assertEqual(message["availability"], [{"topic": "pastcam/pi/status"}, {"topic": "pastcam/pi/yard/status"}])
        self.assertEqual((message["availability_mode"], message["device"]["model"]), ("all", "imx219"))
        self.camera.say("picture.saved", path="/c/yard_1.jpg", formats=["jpg"])
        self.listener.wait("pastcam/pi/yard/picture_url", "http://pi.local:8080/captures/yard_1.jpg?camera=yard")
        # Each topic that an entity reads has been told something.
        for component in message["components"].values():
            if component["p"] in ("binary_sensor", "sensor", "switch"):
                told = self.listener.payloads(component["state_topic"])
                self.assertTrue(told, component)
                self.assertLessEqual(set(re.findall(r"value_json\.(\w+)", component.get("value_template", ""))),
                                     set(json.loads(told[-1])) if "value_template" in component else set(), component)
        with open(os.path.join(harness.ROOT, "docs", "events.md"), encoding="utf-8") as file:
            rows = "".join(line.split("|")[1] for line in file if line.startswith("| `") and "." in line.split("|")[1])
        self.assertLessEqual(set(re.findall(r"`([a-z]+\.[a-z]+)`", rows)), set(message["components"]["event"]["event_types"]))
        ids = sorted(component["unique_id"] for component in message["components"].values())
        self.hub.stop()
        self.camera.readers = []
        self.hub.command += ["-o", "hub.mqtt.node=renamed"]
        self.hub.start()
        self.listener.wait("pastcam/renamed/yard/state")
        again = json.loads(self.listener.payloads(topic)[-1])
        self.assertEqual(sorted(component["unique_id"] for component in again["components"].values()), ids)

    def test_motion_is_switched_by_its_topic_and_its_state_follows(self):
        self.ready()
        switch = json.loads(self.listener.payloads(self.config_topic())[-1])["components"]["motion"]
        self.camera.answers.update(motion="MOTION OFF", status=json.dumps({**STATUS, "motion": {"enabled": True, "on": False}}))
        self.broker.publish(switch["command_topic"], switch["payload_off"])
        self.listener.wait("pastcam/pi/yard/reply", "MOTION OFF")
        self.camera.say("motion.off")
        wait_until(lambda: json.loads(self.listener.payloads(switch["state_topic"])[-1])["motion"] == "OFF", "the state")
        self.assertIn("motion off", self.camera.asked)

    def test_a_camera_that_looks_for_no_motion_has_no_switch_for_it(self):
        self.ready()
        topic = self.config_topic()
        self.assertIn("motion", json.loads(self.listener.payloads(topic)[-1])["components"])
        self.camera.answers["status"] = json.dumps({**STATUS, "motion": {"enabled": False, "on": False}})
        self.camera.say("motion.off")
        wait_until(lambda: "motion" not in json.loads(self.listener.payloads(topic)[-1])["components"], "the switch to go")

    def test_what_rauc_tells_is_an_update_entity(self):
        folder = os.path.join(self.place.folder, "bin")
        os.mkdir(folder)
        slots = [{"rootfs.0": {"state": "booted", "slot_status": {"bundle": {"version": "1.1"}}}},
                 {"rootfs.1": {"state": "inactive", "slot_status": {"bundle": {"version": "1.2"}}}}]
        with open(os.path.join(folder, "rauc"), "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\n[ \"$*\" = 'status --detailed --output-format=json' ] && echo '"
                       f"{json.dumps({'boot_primary': 'rootfs.1', 'slots': slots})}'\n")
        os.chmod(os.path.join(folder, "rauc"), 0o755)
        with mock.patch.dict(ENVIRONMENT, PATH=folder + ":" + os.environ["PATH"]):
            self.ready()
        self.assertEqual(json.loads(self.listener.wait("pastcam/pi/update")[0]), {"installed_version": "1.1", "latest_version": "1.2"})
        topic = self.config_topic()
        wait_until(lambda: "update" in json.loads(self.listener.payloads(topic)[-1])["components"], "the entity")
        message = check_discovery(self, topic, self.listener.payloads(topic)[-1])
        self.assertEqual(message["components"]["update"]["state_topic"], "pastcam/pi/update")

    def test_the_picture_of_the_card_is_drawn_from_the_entities(self):
        self.status = {**STATUS, "motion": {"enabled": True, "on": True, "zones": [
            {"name": "all", "status": "STILL"}, {"name": "gate", "status": "STILL"}]}}
        self.ready()
        self.camera.say("motion.start", zone="gate", score=2)
        topic = wait_until(self.config_topic, "the discovery message")
        wait_until(lambda: "motion_all" in self.listener.payloads(topic)[-1], "all zones")
        self.listener.wait("pastcam/pi/yard/event")
        self.listener.wait("pastcam/pi/yard/motion/gate", "ON")
        lines = "".join(f"{name} {payload}\n" for _, name, payload in self.listener.all())
        card = subprocess.run([os.path.join(harness.ROOT, "tools", "home-assistant-card")], input=lines, capture_output=True, text=True,
                              check=True).stdout
        with open(os.path.join(harness.ROOT, "docs", "home-assistant.svg"), encoding="utf-8") as file:
            self.assertEqual(card, file.read(), "draw it anew: docs/mqtt.md")

    def test_all_is_said_again_when_home_assistant_has_started(self):
        self.ready()
        topic = self.config_topic()
        wait_until(lambda: "gate" in self.listener.payloads(topic)[-1], "the zones to be announced")
        before = len(self.listener.payloads(topic))
        began = time.monotonic()
        self.broker.publish("homeassistant/status", "online")
        self.listener.wait(topic, count=before + 1)
        self.assertGreater(time.monotonic() - began, 0.8)
        self.assertEqual(len(self.listener.payloads(topic)), before + 1)

    def test_a_killed_hub_is_told_to_be_offline_by_the_broker(self):
        self.ready()
        self.hub.kill()
        self.listener.wait("pastcam/pi/status", "offline")

    def test_a_hub_that_stops_says_so(self):
        self.ready()
        self.assertEqual(self.hub.stop(), 0)
        self.listener.wait("pastcam/pi/status", "offline")

    def test_a_camera_that_is_no_more_leaves_nothing_behind(self):
        self.ready()
        topic = self.config_topic()
        self.hub.stop()
        self.camera.__exit__()
        self.hub.start()
        self.listener.wait(topic, "")

        def left():
            with self.broker.listener() as late:
                return [name for kept, name, _ in late.all() if kept and "/yard/" in name]
        wait_until(lambda: not left(), "all that was kept of it to go")

    def test_a_rule_sends_messages(self):
        self.ready(rules=[{"name": "a", "when": {"event": "trigger"}, "do": ["mqtt home/bell {label} rang", "mqtt home/all"]}])
        said = self.camera.say("trigger", label="front")
        self.listener.wait("home/bell", "front rang")
        self.assertEqual(json.loads(self.listener.wait("home/all")[0])["id"], said["id"])

    def test_a_label_that_no_topic_may_have_holds_up_nothing(self):
        self.ready(rules=[{"name": "a", "when": {"event": "trigger"}, "do": ["mqtt home/{label} rang"]}])
        self.camera.say("trigger", label="a+b#c")
        self.listener.wait("home/a_b_c", "rang")
        self.hub.stop()
        with contextlib.closing(sqlite3.connect(os.path.join(self.hub.data, "hub.db"))) as database, database:
            database.execute("INSERT INTO mqtt_queue (topic, payload) VALUES ('home/+', 'x')")
        self.camera.readers = []
        self.hub.start()
        self.hub.wait_log(r"A message to the MQTT topic home/\+ is dropped")
        self.camera.wait_reader()
        self.camera.say("trigger", label="after")
        self.listener.wait("home/after", "rang")
        wait_until(lambda: self.hub.query("SELECT count(*) FROM mqtt_queue") == [(0,)], "the queue to be empty")


class Many(unittest.TestCase):
    def test_fifty_cameras_go_through_one_broker_each_in_its_order(self):
        with Place() as place:
            broker = place.add(Broker())
            cameras = [place.camera(f"c{i:02}", f"{i:012x}") for i in range(50)]
            hub = place.hub({"hub.mqtt.host": "127.0.0.1", "hub.mqtt.port": broker.port, "hub.mqtt.node": "pi"})
            hub.wait_log("Connected to the MQTT broker")
            for camera in cameras:
                camera.wait_reader()
            listener = place.add(broker.listener("pastcam/pi/+/event"))
            for _ in range(10):
                for camera in cameras:
                    camera.say("trigger")
            wait_until(lambda: len(listener.all()) >= 500, "all events")
            for camera in cameras:
                heard = [json.loads(text)["id"] for text in listener.payloads(f"pastcam/pi/{camera.name}/event")]
                self.assertEqual(heard, [event["id"] for event in camera.kept])


class BrokerAway(Mqtt):
    def test_all_arrives_in_order_once_the_broker_is_back(self):
        broker = self.place.add(Broker())
        relay = self.place.add(Relay(broker.port))
        self.ready(broker=broker, options={"hub.mqtt.port": relay.port})
        relay.cut()
        self.hub.wait_log("it is tried again")
        for i in range(120):
            self.camera.say("trigger", label=str(i))
        self.hub.wait_event("trigger", 120)
        self.hub.kill()  # what waits is on the disk
        self.camera.readers = []
        self.hub.start()
        self.camera.wait_reader()
        self.camera.say("trigger", label="last")
        relay.mend()
        heard = [json.loads(text)["id"] for text in self.listener.wait("pastcam/pi/yard/event", count=121)]
        self.assertEqual(heard, [event["id"] for event in self.camera.kept])
        wait_until(lambda: self.hub.query("SELECT count(*) FROM mqtt_queue") == [(0,)], "the queue to be empty")

    def test_the_last_picture_is_told_once_the_broker_is_back(self):
        broker = self.place.add(Broker())
        relay = self.place.add(Relay(broker.port))
        self.ready(broker=broker, options={"hub.mqtt.port": relay.port, "hub.page_url": "http://pi"})
        relay.cut()
        self.hub.wait_log("it is tried again")
        self.camera.say("picture.saved", path="/c/yard_1.jpg", formats=["jpg"])
        self.hub.wait_event("picture.saved")
        relay.mend()
        self.listener.wait("pastcam/pi/yard/picture_url", "http://pi/captures/yard_1.jpg?camera=yard")

    def test_what_happens_while_neither_broker_nor_store_takes_it_is_told_later(self):
        broker, target = self.place.add(Broker()), self.place.add(Target())
        relay = self.place.add(Relay(broker.port))
        self.ready(broker=broker, options={"hub.mqtt.port": relay.port},
                   rules=[{"name": "tell", "when": {"event": "trigger"}, "do": [f"webhook {target.url}", "save"]}])
        self.camera.say("trigger", label="before")
        self.listener.wait("pastcam/pi/yard/event")
        target.wait()
        wait_until(lambda: self.hub.query("SELECT label, (SELECT count(*) FROM deliveries) + (SELECT count(*) FROM mqtt_queue) FROM events"
                                          " WHERE type = 'trigger'") == [("before", 0)], "all of it to be written")
        relay.cut()
        self.hub.wait_log("it is tried again")
        locker = sqlite3.connect(os.path.join(self.hub.data, "hub.db"), timeout=harness.PATIENCE_S, isolation_level=None)
        locker.execute("BEGIN IMMEDIATE")
        self.camera.say("trigger", label="meanwhile")
        self.hub.wait_log("Events cannot be stored")
        locker.execute("ROLLBACK")
        locker.close()
        self.hub.wait_event("trigger", 2)
        relay.mend()
        heard = [json.loads(text)["label"] for text in self.listener.wait("pastcam/pi/yard/event", count=2)]
        self.assertEqual(heard, ["before", "meanwhile"])
        self.assertEqual([json.loads(body)["label"] for _, _, body in target.wait(2)], ["before", "meanwhile"])
        wait_until(lambda: self.camera.asked.count("save") >= 2, "a line for each")
        self.assertEqual(self.camera.asked.count("save"), 2)

    def test_the_queue_is_bounded_and_keeps_the_newest(self):
        nobody = self.place.add(Closed())
        self.begin(options={"hub.mqtt.queue": 10, "hub.mqtt.port": nobody.port})
        for i in range(30):
            self.camera.say("trigger", label=str(i))
        self.hub.wait_event("trigger", 30)
        self.hub.wait_log("More than 10 messages wait for the MQTT broker: the oldest are dropped")
        newest = [str(i) for i in range(20, 30)]
        wait_until(lambda: [json.loads(row[0])["label"] for row in self.hub.query("SELECT payload FROM mqtt_queue ORDER BY id")] == newest,
                   "the newest ten")

    def test_events_go_on_when_the_broker_flaps(self):
        self.ready()
        for i in range(3):
            self.camera.say("trigger", label=f"before{i}")
            self.broker.stop()
            self.camera.say("trigger", label=f"away{i}")
            self.broker.__enter__()
            wait_until(lambda: self.hub.query("SELECT count(*) FROM mqtt_queue") == [(0,)], "the queue to be empty")


if __name__ == "__main__":
    harness.main()
