"""pastcam-hub on a real broker: what it takes, and whom it trusts."""

import os
import re
import subprocess
import tempfile

import harness
from broker import Broker, certificates
from hub_mqtt import Mqtt


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
        bad = "live", "", "save\nsave", b"\xff\xfe", b"save\0", b"x" * (1 << 20), "get npy", "{}"
        for payload in bad:
            self.command(payload)
        self.command("save", "-r")  # live, it is not retained
        self.listener.wait("pastcam/pi/yard/reply", "DONE")
        replies = self.listener.wait("pastcam/pi/yard/reply", count=len(bad) + 1)  # each is told why
        self.assertEqual((replies.count("DONE"), replies.count("it is too long for a command"), replies.count("it has a zero byte")), (1, 1, 1))
        self.broker.publish("pastcam/pi/nobody/command", "save")
        self.listener.wait("pastcam/pi/nobody/reply", "there is no camera nobody")
        self.broker.publish("pastcam/pi/armed/set", "maybe")
        self.hub.wait_log("arming takes ON or OFF")
        self.assertEqual([line for line in self.camera.asked if line != "status"], ["save"])
        self.hub.stop()
        self.camera.readers = []
        for topic, payload in (("yard/command", "save"), ("door/command", b"x" * (1 << 20)), ("armed/set", "ON"), ("nobody/command", b"\xff\0")):
            self.broker.publish(f"pastcam/pi/{topic}", payload, "-r")
        self.hub.start()
        for topic in "yard/command", "armed/set", "door/command", "nobody/command":
            self.hub.wait_log(f"what came on pastcam/pi/{topic} is not done: the broker kept it")
        self.assertEqual(self.camera.asked.count("save"), 1)
        self.assertEqual(self.hub.query("SELECT value FROM settings WHERE name = 'armed' AND value = '1'"), [])

    def test_who_asks_for_a_picture_while_one_is_on_its_way_gets_another(self):
        self.ready()
        self.camera.may_answer.clear()
        for _ in range(3):
            self.command("get")
        self.command("live")
        self.listener.wait("pastcam/pi/yard/reply")  # by then, all that came before is taken
        self.camera.may_answer.set()
        self.listener.wait("pastcam/pi/yard/reply", "DONE", 2)  # this camera sends no pictures
        self.assertEqual(self.camera.asked.count("get jpg meta"), 2)

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
        self.hub.command += ["-o", f"hub.mqtt.password_file={self.secret('x', 0o644)}"]
        self.hub.start()
        self.assertEqual(self.hub.process.wait(harness.PATIENCE_S), 44)
        self.assertIn("everybody may read", self.hub.log())

    def test_a_certificate_of_ones_own_opens_the_broker_and_none_does_not(self):
        with tempfile.TemporaryDirectory() as folder:
            certificates(folder)
            path = lambda name: os.path.join(folder, name)
            own = {"hub.mqtt.cert_file": path("server.pem"), "hub.mqtt.key_file": path("server.key")}
            broker = Broker([f"cafile {path('ca.pem')}", f"certfile {path('server.pem')}", f"keyfile {path('server.key')}",
                             "require_certificate true", "use_identity_as_username true"],
                            ["--cafile", path("ca.pem"), "--cert", path("server.pem"), "--key", path("server.key")])
            self.ready(broker=broker, options={"hub.mqtt.ca_file": path("ca.pem"), **own})
            self.camera.say("trigger")
            self.listener.wait("pastcam/pi/yard/event")
            self.hub.stop()
            self.hub.command += ["-o", "hub.mqtt.cert_file=", "-o", "hub.mqtt.key_file="]
            self.hub.start()
            self.hub.wait_log("The MQTT broker .* it is tried again")

    def test_a_message_that_the_broker_forbids_is_told_with_mqtt_5(self):
        acl = os.path.join(self.place.folder, "acl")
        with open(acl, "w", encoding="utf-8") as file:
            file.write("topic read #\ntopic write test/#\ntopic write pastcam/#\ntopic write homeassistant/#\n")
        self.ready(broker=Broker(["allow_anonymous true", f"acl_file {acl}"]), options={"hub.mqtt.version": "5"},
                   rules=[{"name": "a", "when": {"event": "trigger"}, "do": ["mqtt home/bell rang"]}])
        self.camera.say("trigger")
        self.hub.wait_log("The MQTT broker 127.0.0.1 refuses messages: Not authorized")

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
            self.hub.command += ["-o", f"hub.mqtt.ca_file={path('other.pem')}"]
            self.hub.start()
            self.hub.wait_log("The MQTT broker .*certificate")


if __name__ == "__main__":
    harness.main()
