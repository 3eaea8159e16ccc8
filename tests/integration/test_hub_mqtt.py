"""pastcam-hub on a real broker: what it tells, in which order, what it takes, and what becomes of it when the broker goes."""

import json
import os
import re
import subprocess
import tempfile
import time
import unittest
from unittest import mock

import harness
from broker import Broker, Relay, certificates, check_discovery, free_port
from harness import wait_until
from hub import ENVIRONMENT, Place

STATUS = {"camera": {"state": "running", "model": "imx219", "last_frame_age_s": 0.1}, "night": {"status": "DAY", "level": 90},
          "ring": {"seconds": 14.2}, "storage": {"free_mib": 900}, "memory": {"rss_mib": 340.5},
          "motion": {"enabled": True, "on": True, "zones": [{"name": "gate", "status": "STILL", "score": 0}, {"name": "a/b +#", "status": "STILL"}]}}


class Mqtt(unittest.TestCase):
    status = STATUS

    def setUp(self):
        self.place = Place()
        self.addCleanup(self.place.__exit__)

    def begin(self, options=None, rules=(), broker=None, config=None):
        """A broker, somebody who listens, a camera and a hub."""
        self.broker = broker if broker and broker.process else self.place.add(broker or Broker())
        self.listener = self.place.add(self.broker.listener())
        self.camera = self.place.camera()
        self.camera.answers["status"] = json.dumps(self.status)
        self.hub = self.place.hub({"hub.mqtt.host": "127.0.0.1", "hub.mqtt.port": self.broker.port, "hub.mqtt.node": "pi",
                                   **(options or {})}, {"hub": {"rules": list(rules)}, **(config or {})})
        self.camera.wait_reader()

    def ready(self, **options):
        self.begin(**options)
        self.listener.wait("pastcam/pi/status", "online")
        self.listener.wait("pastcam/pi/yard/state")

    def config_topic(self):
        return next((topic for _, topic, _ in self.listener.all() if topic.startswith("homeassistant/device/")), None)


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
        self.hub.arguments += ["-o", "hub.mqtt.node=renamed"]
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
        self.broker.publish("homeassistant/status", "online")
        began = time.monotonic()
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
        with self.broker.listener() as late:
            self.assertEqual([name for kept, name, _ in late.all() if kept and "/yard/" in name], [])

    def test_a_rule_sends_messages(self):
        self.ready(rules=[{"name": "a", "when": {"event": "trigger"}, "do": ["mqtt home/bell {label} rang", "mqtt home/all"]}])
        said = self.camera.say("trigger", label="front")
        self.listener.wait("home/bell", "front rang")
        self.assertEqual(json.loads(self.listener.wait("home/all")[0])["id"], said["id"])


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

    def test_the_queue_is_bounded_and_keeps_the_newest(self):
        self.begin(options={"hub.mqtt.queue": 10, "hub.mqtt.port": free_port()})
        for i in range(30):
            self.camera.say("trigger", label=str(i))
        self.hub.wait_event("trigger", 30)
        self.hub.wait_log("More than 10 messages wait for the MQTT broker: the oldest are dropped")
        rows = self.hub.query("SELECT payload FROM mqtt_queue ORDER BY id")
        self.assertEqual([json.loads(row[0])["label"] for row in rows], [str(i) for i in range(20, 30)])

    def test_events_go_on_when_the_broker_flaps(self):
        self.ready()
        for i in range(3):
            self.camera.say("trigger", label=f"before{i}")
            self.broker.stop()
            self.camera.say("trigger", label=f"away{i}")
            self.broker.__enter__()
            wait_until(lambda: self.hub.query("SELECT count(*) FROM mqtt_queue") == [(0,)], "the queue to be empty")


class Taking(Mqtt):
    def command(self, payload, *words):
        self.broker.publish("pastcam/pi/yard/command", payload, *words)

    def test_lines_come_back_by_topic_and_are_answered(self):
        self.ready()
        self.camera.answers["save"] = "Saved single full-resolution image: /c/a.jpg"
        self.command("save jpg")
        self.listener.wait("pastcam/pi/yard/reply", "Saved single full-resolution image: /c/a.jpg")
        self.assertIn("save jpg", self.camera.asked)

    def test_what_is_no_command_is_told_and_does_nothing(self):
        self.ready()
        for payload in "live", "", "save\nsave", b"\xff\xfe", b"save\0", b"x" * (1 << 20), "get npy", "{}":
            self.command(payload)
        self.command("save", "-r")  # live, it is not retained
        self.listener.wait("pastcam/pi/yard/reply", "DONE")
        self.broker.publish("pastcam/pi/nobody/command", "save")
        self.broker.publish("pastcam/pi/armed/set", "maybe")
        self.hub.wait_log("arming takes ON or OFF")
        self.assertEqual([line for line in self.camera.asked if line != "status"], ["save"])
        self.assertIn("1048576 bytes on pastcam/pi/yard/command are no command", self.hub.log())
        self.hub.stop()
        self.camera.readers = []
        for topic, payload in (("yard/command", "save"), ("door/command", b"x" * (1 << 20)), ("armed/set", "ON"), ("nobody/command", b"\xff\0")):
            self.broker.publish(f"pastcam/pi/{topic}", payload, "-r")
        self.hub.start()
        self.hub.wait_log("a command that the broker kept on pastcam/pi/yard/command is not done")
        self.hub.wait_log("a command that the broker kept on pastcam/pi/armed/set is not done")
        self.hub.wait_log("1048576 bytes on pastcam/pi/door/command are no command")
        self.assertEqual(self.camera.asked.count("save"), 1)
        self.assertEqual(self.hub.query("SELECT value FROM settings WHERE name = 'armed' AND value = '1'"), [])

    def test_commands_may_be_forbidden(self):
        self.ready(options={"hub.mqtt.commands": "false"})
        self.command("save")
        self.camera.say("trigger")
        self.listener.wait("pastcam/pi/yard/event")
        self.assertNotIn("save", self.camera.asked)

    def test_arming_goes_both_ways_and_stays(self):
        self.ready()
        self.listener.wait("pastcam/pi/armed", "OFF")
        self.broker.publish("pastcam/pi/armed/set", "ON")
        self.listener.wait("pastcam/pi/armed", "ON")
        self.hub.run("disarm")
        self.listener.wait("pastcam/pi/armed", "OFF", 2)
        self.hub.run("arm")
        self.listener.wait("pastcam/pi/armed", "ON", 2)

    def test_a_picture_of_a_real_camera_is_shown_when_asked(self):
        broker = self.place.add(Broker())
        self.place.daemon().wait_frames(3)
        hub = self.place.hub({"hub.mqtt.host": "127.0.0.1", "hub.mqtt.port": broker.port, "hub.mqtt.node": "pi"})
        hub.wait_log("Connected to the MQTT broker")
        listener = self.place.add(broker.listener("pastcam/pi/camera/#"))
        listener.wait("pastcam/pi/camera/state")
        broker.publish("pastcam/pi/camera/command", "get")
        path = os.path.join(self.place.folder, "picture")
        with open(path, "wb") as file:
            subprocess.run(["mosquitto_sub", "-h", "127.0.0.1", "-p", str(broker.port), "-t", "pastcam/pi/camera/picture", "-C", "1",
                            "-N"], stdout=file, check=True, timeout=harness.PATIENCE_S)
        with open(path, "rb") as file:
            self.assertEqual(file.read(3), b"\xff\xd8\xff")


class Secrets(Mqtt):
    def secret(self, text, mode=0o600):
        path = os.path.join(self.place.folder, "password")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        os.chmod(path, mode)
        return path

    def broker_with_password(self):
        passwords = os.path.join(self.place.folder, "passwords")
        subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, "cam", "wonderland"], check=True)
        return Broker(["allow_anonymous false", f"password_file {passwords}"], ["-u", "cam", "-P", "wonderland"])

    def test_a_password_opens_the_broker_with_both_versions(self):
        for version in "3.1.1", "5":
            with self.subTest(version):
                self.ready(broker=self.broker_with_password(),
                           options={"hub.mqtt.user": "cam", "hub.mqtt.password_file": self.secret("wonderland"),
                                    "hub.mqtt.version": version})
                self.camera.say("trigger")
                self.listener.wait("pastcam/pi/yard/event")
                self.tearDown()
                self.doCleanups()
                self.setUp()

    def test_the_rights_that_the_page_gives_are_enough(self):
        with open(os.path.join(harness.ROOT, "docs", "fleet.md"), encoding="utf-8") as file:
            rights = re.search(r"```acl\n(.*?)```", file.read(), re.S).group(1)
        acl, passwords = (os.path.join(self.place.folder, name) for name in ("acl", "passwords"))
        with open(acl, "w", encoding="utf-8") as file:
            file.write(rights)
        for user in ("-c", "pi"), ("homeassistant",):
            subprocess.run(["mosquitto_passwd", "-b", *user[:-1], passwords, user[-1], "wonderland"], check=True)
        self.ready(broker=Broker(["allow_anonymous false", f"password_file {passwords}", f"acl_file {acl}"],
                                 ["-u", "homeassistant", "-P", "wonderland"]),
                   options={"hub.mqtt.user": "pi", "hub.mqtt.password_file": self.secret("wonderland")})
        self.camera.say("trigger")
        self.listener.wait("pastcam/pi/yard/event")
        self.broker.publish("pastcam/pi/yard/command", "save")
        self.listener.wait("pastcam/pi/yard/reply", "DONE")
        topic = self.config_topic()
        before = len(self.listener.payloads(topic))
        self.broker.publish("homeassistant/status", "online")
        self.listener.wait(topic, count=before + 1)
        heard = len(self.listener.all())
        subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.broker.port), "-u", "pi", "-P", "wonderland", "-q", "1",
                        "-t", "pastcam/other/yard/command", "-m", "save"], check=True)
        self.broker.publish("test/ready", "2")
        self.listener.wait("test/ready", "2")
        self.assertEqual([topic for _, topic, _ in self.listener.all()[heard:] if topic.startswith("pastcam/other")], [])

    def test_a_wrong_password_is_told_once(self):
        self.begin(broker=self.broker_with_password(),
                   options={"hub.mqtt.user": "cam", "hub.mqtt.password_file": self.secret("rabbit")})
        self.hub.wait_log(r"The MQTT broker 127.0.0.1 port \d+: .*(not authorised|bad user name)")
        self.camera.say("trigger")
        self.hub.wait_event("trigger")
        self.assertEqual(self.hub.log().count("it is tried again"), 1)

    def test_a_password_that_everybody_may_read_ends_the_start(self):
        self.begin()
        self.hub.stop()
        self.hub.arguments += ["-o", f"hub.mqtt.password_file={self.secret('x', 0o644)}"]
        self.hub.start()
        self.assertEqual(self.hub.process.wait(harness.PATIENCE_S), 44)
        self.assertIn("everybody may read", self.hub.log())

    def test_tls_is_spoken_and_a_stranger_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            certificates(folder)
            path = lambda name: os.path.join(folder, name)
            broker = Broker([f"cafile {path('ca.pem')}", f"certfile {path('server.pem')}", f"keyfile {path('server.key')}",
                             "allow_anonymous true"], ["--cafile", path("ca.pem")])
            self.ready(broker=broker, options={"hub.mqtt.ca_file": path("ca.pem")})
            self.camera.say("trigger")
            self.listener.wait("pastcam/pi/yard/event")
            self.hub.stop()
            self.hub.arguments += ["-o", f"hub.mqtt.ca_file={path('other.pem')}"]
            self.hub.start()
            self.hub.wait_log("The MQTT broker .*certificate")


if __name__ == "__main__":
    harness.main()
