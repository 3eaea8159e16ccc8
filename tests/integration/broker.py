"""A real mosquitto on a free loopback port, somebody who listens to all of it, and Home Assistant's rules for discovery."""

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading

from harness import PATIENCE_S, free_port, wait_until

MOSQUITTO = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin") or "mosquitto"


def certificates(folder):
    """An authority, a server's certificate by it for this machine, and another authority."""
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
    for name in "ca", "other":
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                f"{name}.key", "-out", f"{name}.pem", "-days", "30000", "-subj", f"/CN={name}")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "server.key", "-out",
            "server.csr", "-subj", "/CN=127.0.0.1")
    with open(os.path.join(folder, "names"), "w", encoding="utf-8") as file:
        file.write("subjectAltName=IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "server.pem",
            "-days", "30000", "-extfile", "names")


class Broker:
    """mosquitto, with further lines of configuration; client: what its clients need on their command line."""

    def __init__(self, lines=(), client=(), port=None):
        self.temporary = tempfile.TemporaryDirectory(prefix="pastcam-broker-test-")
        self.folder = self.temporary.name
        self.port = port or free_port()
        self.lines = lines
        self.client = list(client)
        self.process = None

    def __enter__(self):
        path = os.path.join(self.folder, "mosquitto.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join([f"listener {self.port} 127.0.0.1", "persistence false", "user root",
                                  *(self.lines or ["allow_anonymous true"])]) + "\n")
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen([MOSQUITTO, "-c", path], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

        def answers():
            if self.process.poll() is not None:
                with open(os.path.join(self.folder, "log"), encoding="utf-8") as log:
                    raise AssertionError(f"mosquitto ended: {log.read()}")
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return True
            except OSError:
                return False
        wait_until(answers, "mosquitto")
        return self

    def stop(self):
        self.process.kill()
        self.process.wait()

    def __exit__(self, *_):
        self.stop()
        self.temporary.cleanup()

    def publish(self, topic, payload, *words):
        """payload: bytes or text."""
        data = payload if isinstance(payload, bytes) else payload.encode()
        subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.port), "-q", "1", "-t", topic, "-s" if data else "-n",
                        *self.client, *words], input=data, check=True, timeout=PATIENCE_S)

    def listener(self, topic="#"):
        return Listener(self, topic)


class Relay:
    """A way to a broker that can be cut, while others go on to listen at the broker itself."""

    def __init__(self, to):
        self.to, self.is_cut, self.pairs = to, False, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near = self.listener.accept()[0]
                far = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                return
            if self.is_cut:
                near.close()
                far.close()
                continue
            self.pairs.append((near, far))
            for one, other in (near, far), (far, near):
                threading.Thread(target=self.copy, args=(one, other), daemon=True).start()

    @staticmethod
    def copy(one, other):
        try:
            while data := one.recv(65536):
                other.sendall(data)
        except OSError:
            pass
        for end in one, other:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        self.is_cut = True
        for near, far in self.pairs:
            for end in near, far:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def mend(self):
        self.is_cut = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.cut()
        self.listener.close()
        for pair in self.pairs:
            for end in pair:
                end.close()


class Listener:
    """All messages of a topic, as they come: (retained, topic, payload). Text only; pictures by their length."""

    def __init__(self, broker, topic="#"):
        self.path = os.path.join(broker.folder, f"heard-{id(self)}")
        with open(self.path, "wb") as file:
            self.process = subprocess.Popen(
                ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(broker.port), "-q", "1", "-t", topic, "-t", "test/ready",
                 "-F", "%r\t%t\t%l\t%p", *broker.client], stdin=subprocess.DEVNULL, stdout=file)

        def ready():
            broker.publish("test/ready", "1")
            return any(topic == "test/ready" for _, topic, _ in self.all())
        wait_until(ready, "the listener")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def all(self):
        with open(self.path, encoding="utf-8", errors="replace") as file:
            lines = [line.rstrip("\n").split("\t", 3) for line in file if line.endswith("\n")]
        return [(fields[0] == "1", fields[1], fields[3]) for fields in lines if len(fields) == 4]

    def payloads(self, topic):
        return [payload for _, name, payload in self.all() if name == topic]

    def wait(self, topic, payload=None, count=1):
        def there():
            found = [text for text in self.payloads(topic) if payload is None or text == payload]
            return found if len(found) >= count else None
        return wait_until(there, f"{payload or 'something'} on {topic}, {count} times; heard {self.all()[-5:]}")


# --- Home Assistant's rules: home-assistant.io/integrations/mqtt, and of each platform ---

TOPIC = re.compile(r"^homeassistant/device/[a-zA-Z0-9_-]+/config$")
# Of every entity; Home Assistant drops keys that it does not know without a word, so an unknown one is a mistake here.
COMMON = {"p", "unique_id", "name", "entity_category", "icon", "enabled_by_default", "json_attributes_topic",
          "json_attributes_template", "default_entity_id"}
PLATFORMS = {  # what must be there, and what may
    "binary_sensor": ({"state_topic"}, {"device_class", "value_template", "payload_on", "payload_off", "off_delay", "expire_after",
                                        "force_update"}),
    "sensor": ({"state_topic"}, {"device_class", "value_template", "unit_of_measurement", "state_class", "expire_after",
                                 "force_update", "suggested_display_precision", "options", "last_reset_value_template"}),
    "event": ({"state_topic", "event_types"}, {"device_class", "value_template"}),
    "image": (set(), {"image_topic", "url_topic", "content_type", "image_encoding", "url_template"}),
    "camera": ({"topic"}, {"image_encoding"}),
    "switch": ({"command_topic"}, {"device_class", "state_topic", "value_template", "command_template", "payload_on", "payload_off",
                                   "state_on", "state_off", "optimistic", "retain"}),
    "button": ({"command_topic"}, {"device_class", "command_template", "payload_press", "retain"}),
    "update": (set(), {"device_class", "state_topic", "value_template", "latest_version_topic", "latest_version_template", "title",
                       "command_topic", "payload_install", "retain", "release_summary", "release_url", "entity_picture",
                       "display_precision"}),
}
CLASSES = {"binary_sensor": {"motion"}, "event": {"motion", "button", "doorbell"}, "switch": {"switch", "outlet"},
           "button": {"restart", "identify", "update"}, "update": {"firmware"}}
SENSOR_CLASSES = {"duration": {"s", "min", "h", "d", "ms"}, "data_size": {"B", "kB", "MB", "GB", "KiB", "MiB", "GiB"}}


def check_component(test, key, component):
    platform = component["p"]
    test.assertIn(platform, PLATFORMS, key)
    must, may = PLATFORMS[platform]
    test.assertLessEqual(must, set(component), key)
    test.assertLessEqual(set(component), COMMON | must | may, key)
    test.assertRegex(component["unique_id"], r"^[a-zA-Z0-9_-]+$")
    for name, value in component.items():
        if name.endswith("topic"):
            test.assertTrue(0 < len(value.encode()) < 65536 and not set(value) & set("+#\0"), (key, name, value))
    if platform == "image":
        test.assertEqual(len({"image_topic", "url_topic"} & set(component)), 1, key)
    if platform == "event":
        test.assertTrue(component["event_types"] and all(isinstance(word, str) for word in component["event_types"]))
    if platform == "sensor" and component.get("device_class"):
        test.assertIn(component["unit_of_measurement"], SENSOR_CLASSES[component["device_class"]], key)
    if platform in CLASSES:
        test.assertIn(component.get("device_class"), CLASSES[platform] | {None}, key)
    if platform in ("sensor", "binary_sensor"):
        test.assertNotEqual(component.get("entity_category"), "config", key)
    test.assertIn(component.get("entity_category"), {None, "config", "diagnostic"}, key)
    test.assertIn(component.get("state_class"), {None, "measurement", "total", "total_increasing"}, key)
    test.assertFalse("content_type" in component and "url_topic" in component, key)
    for name, value in component.items():
        test.assertIsInstance(value, list if name == "event_types" else str, (key, name))
        if name.endswith("template"):
            test.assertRegex(value, r"^\{\{ .* \}\}$", (key, name))


def check_discovery(test, topic, payload):
    """Fails the test when Home Assistant would refuse the message. Returns it."""
    test.assertRegex(topic, TOPIC)
    message = json.loads(payload)
    test.assertLessEqual(set(message), {"device", "origin", "components", "availability", "availability_mode", "qos",
                                        "state_topic", "command_topic", "encoding"})
    test.assertTrue(message["device"].get("identifiers") or message["device"].get("connections"))
    test.assertLessEqual(set(message["device"]), {"identifiers", "connections", "manufacturer", "model", "name", "hw_version",
                                                  "serial_number", "sw_version", "via_device", "suggested_area",
                                                  "configuration_url", "model_id"})
    test.assertTrue(all(isinstance(value, str) for key, value in message["device"].items() if key not in ("identifiers", "connections")))
    if "configuration_url" in message["device"]:
        test.assertRegex(message["device"]["configuration_url"], r"^(https?|homeassistant)://[^/]+")
    test.assertTrue(message["origin"]["name"])
    test.assertLessEqual(set(message["origin"]), {"name", "sw_version", "support_url"})
    test.assertIn(message.get("availability_mode", "latest"), {"all", "any", "latest"})
    for item in message.get("availability", []):
        test.assertLessEqual({"topic"}, set(item))
        test.assertLessEqual(set(item), {"topic", "payload_available", "payload_not_available", "value_template"})
    test.assertIn(message.get("qos", 0), {0, 1, 2})
    ids = [component["unique_id"] for component in message["components"].values()]
    test.assertEqual(len(ids), len(set(ids)))
    for key, component in message["components"].items():
        check_component(test, key, component)
    return message
