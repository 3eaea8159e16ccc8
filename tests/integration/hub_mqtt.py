"""A hub on a real broker, with a camera of the test's own and somebody who listens."""

import json
import unittest

from broker import Broker
from hub import Place

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
