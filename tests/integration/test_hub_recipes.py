"""Each recipe of docs/rules.md and docs/webhooks.md, run: its event happens, and what it promises is seen."""

import calendar
import hashlib
import hmac
import json
import os
import re
import time
import unittest
import urllib.parse
from unittest import mock

import harness
import hub as hubs
from faults import preload, put
from harness import wait_until
from http_target import Target
from hub import Place


def page(name):
    with open(os.path.join(harness.ROOT, "docs", name), encoding="utf-8") as file:
        return file.read()


def blocks(name, key):
    """What stands in a page: whole configurations and single members of a list of hub.KEY."""
    found = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", page(name), re.S)]
    return {one["name"]: one for block in found for one in (block["hub"][key] if "hub" in block else [block])}


def utc(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%d %H:%M:%S"))


# The moment, what happens at which camera (or the moment that comes then), and the lines that cameras are then sent.
RULES = {
    "yard at night": ("2026-11-26 23:00:00", [("yard", "motion.start", {"zone": "gate"})], {"yard": ["clip before=10 label=gate"]}),
    "bell": ("2026-11-26 12:00:00", [("yard", "trigger", {"label": "other"}), ("yard", "trigger", {"label": "bell"})],
             {"yard": ["clip before=10 after=20 label=bell"]}),
    "night stack": ("2026-11-26 23:00:00", [("yard", "motion.start", {}), ("yard", "night.enter", {}), ("yard", "motion.start", {})],
                    {"yard": ["pastStack png count=16 at=0"]}),
    "all look": ("2026-11-26 12:00:00", [("door", "motion.start", {}), ("gate", "motion.start", {})],
                 {"yard": ["clip before=5"], "door": ["clip before=5"], "gate": []}),
    "timelapse": ("2026-11-26 11:50:00", "2026-11-26 12:00:00", {"yard": ["save jpg"], "door": ["save jpg"]}),
    "twice a day": ("2026-11-26 07:50:00", "2026-11-26 08:00:00", {"yard": ["save jpg png"]}),
    "weekend": ("2026-11-28 12:00:00", [("yard", "motion.start", {"score": 0.5}), ("yard", "motion.start", {"score": 2})],
                {"yard": ["clip before=10"]}),
}


# Has the hub look at its clock each second, and never fires.
TICK = {"name": "tick", "every": "1s", "if": {"any": [{"night": True}], "not": {"night": True}}, "do": ["save"]}


class Rules(unittest.TestCase):
    def run_recipe(self, rule, moment, happens, promised):
        with Place() as place:
            clock = os.path.join(place.folder, "clock")
            wall = utc(moment)
            cameras = {name: place.camera(name, f"{number:012x}") for number, name in enumerate(("yard", "door", "gate"), 1)}

            def set_clock(to):
                put(clock, to - int(time.time()))
            set_clock(wall)
            with mock.patch.dict(hubs.ENVIRONMENT, {**preload("clock", SHIM_CLOCK_S=clock), "TZ": "UTC"}):
                hub = place.hub({"hub.latitude": 51.5, "hub.longitude": -0.13}, {"hub": {"rules": [rule, TICK]}})
                hub.run("arm" if rule.get("if", {}).get("armed") else "disarm")
            for camera in cameras.values():
                camera.wait_reader()
            if isinstance(happens, str):
                for camera in cameras.values():
                    hub.wait_log(f"Following camera {camera.name}")
                set_clock(utc(happens))
                happens = []
            for name, event, fields in happens:
                cameras[name].say(event, epoch=wall, **fields)

            def lines():
                sent = {name: [line for line in camera.asked if line != "status"] for name, camera in cameras.items()}
                return {name: sent[name] for name in promised}
            wait_until(lambda: lines() == promised, f"{promised}, not {lines()}")

    def test_each_recipe_of_the_page_of_rules_does_what_it_promises(self):
        rules = blocks("rules.md", "rules")
        self.assertEqual(set(rules), set(RULES), "a recipe has no run here")
        for name, rule in rules.items():
            with self.subTest(name):
                self.run_recipe(rule, *RULES[name])


class Webhooks(unittest.TestCase):
    SECRET = "wonderland"

    def deliver(self, target, event, **fields):
        """What arrives where a recipe sends an event, its server being one of the test's own."""
        with Place() as place:
            server, camera = place.add(Target()), place.camera()
            secret = os.path.join(place.folder, "secret")
            with open(secret, "w", encoding="utf-8") as file:
                file.write(self.SECRET + "\n")
            os.chmod(secret, 0o600)
            path = urllib.parse.urlsplit(target["url"]).path
            here = {key: secret if key.endswith("_file") else value for key, value in target.items()}
            here["url"] = f"http://127.0.0.1:{server.port}{path}"
            rule = {"name": "r", "when": {"event": event}, "do": [f"webhook {target['name']}"]}
            place.hub(config={"hub": {"webhooks": [here], "rules": [rule]}})
            camera.wait_reader()
            if "path" in fields:
                fields["path"] = os.path.join(place.folder, fields["path"])
                with open(fields["path"], "wb") as file:
                    file.write(b"\xff\xd8picture\xff\xd9")
            camera.say(event, **fields)
            got_path, headers, body = server.wait()[0]
            self.assertEqual(got_path, path)
            return headers, body

    def check_log(self, target):
        headers, body = self.deliver(target, "trigger", label="bell")
        python = re.search(r"```python\n(.*?)```", page("webhooks.md"), re.S).group(1)
        seen = {"hmac": hmac, "hashlib": hashlib, "headers": headers, "secret": self.SECRET.encode(), "body": body}
        exec(python, seen)  # pylint: disable=exec-used
        self.assertTrue(seen["good"])
        self.assertEqual(json.loads(body)["label"], "bell")

    def check_phone(self, target):
        headers, body = self.deliver(target, "motion.start", zone="gate")
        self.assertEqual((body, headers["Title"], headers["Priority"]), (b"yard: motion.start gate", "pastcam", "high"))

    def check_chat(self, target):
        text = json.loads(self.deliver(target, "motion.start", zone='the "gate"', time="2026-11-26T10:15:00.000+00:00")[1])["text"]
        self.assertEqual(text, 'yard: motion.start the "gate" at 2026-11-26T10:15:00.000+00:00')

    def check_ha(self, target):
        event = json.loads(self.deliver(target, "trigger", label="bell")[1])
        self.assertEqual((event["event"], event["camera"], event["rule"]), ("trigger", "yard", "r"))

    check_red = check_ha

    def check_archive(self, target):
        headers, body = self.deliver(target, "picture.saved", path="a.jpg", formats=["jpg"])
        self.assertEqual(headers["Authorization"], f"Bearer {self.SECRET}")
        self.assertIn(b"\xff\xd8picture\xff\xd9", body)

    def test_each_recipe_of_the_page_of_webhooks_does_what_it_promises(self):
        targets = blocks("webhooks.md", "webhooks")
        self.assertGreaterEqual(len(targets) + len(RULES), 10)
        for name, target in targets.items():
            with self.subTest(name):
                getattr(self, f"check_{name}")(target)


if __name__ == "__main__":
    harness.main()
