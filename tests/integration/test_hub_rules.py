"""Rules of pastcam-hub: what they send to cameras, when, and how often."""

import json
import os
import time
import unittest

import harness
from harness import wait_until
from hub import Place


def rule(name="r", **members):
    return {"name": name, "when": {"event": "motion.start"}, "do": ["clip before=10"], **members}


def lines(camera):
    return [line for line in camera.asked if line != "status"]


class Acting(unittest.TestCase):
    def place(self, rules, options=None):
        place = Place()
        self.addCleanup(place.__exit__)
        self.camera = place.camera()
        self.hub = place.hub(options, {"hub": {"rules": rules}})
        self.camera.wait_reader()
        return place

    def say_and_settle(self, *events, **fields):
        """Says events, and waits until all of them were judged: another rule's line comes after."""
        for name in events:
            self.camera.say(name, **fields)
        mark = f"trigger mark{len(self.camera.kept)}"
        self.camera.say("trigger", label=mark.split()[1])
        wait_until(lambda: mark in self.camera.asked, "the mark")
        return [line for line in lines(self.camera) if "mark" not in line]

    MARK = {"name": "mark", "when": {"event": "trigger"}, "do": ["trigger {label}"]}

    def test_a_rule_sends_its_lines_to_the_events_camera(self):
        place = self.place([rule(do=["clip before=10 label={zone}", "pastStack png count=16"]), self.MARK])
        other = place.camera("door", "cccccccccccc")
        self.assertEqual(self.say_and_settle("motion.start", zone="gate", score=3),
                         ["clip before=10 label=gate", "pastStack png count=16"])
        self.assertEqual(lines(other), [])

    def test_a_rule_may_name_the_cameras_that_act(self):
        place = self.place([rule(camera=["door", "hall"]), self.MARK])
        door = place.camera("door", "cccccccccccc")
        door.wait_reader()
        self.assertEqual(self.say_and_settle("motion.start"), [])
        wait_until(lambda: lines(door) == ["clip before=10"], "the other camera's line")

    def test_a_camera_that_a_rule_names_and_that_is_not_there_is_told(self):
        self.place([rule(camera=["shed", "yard"]), self.MARK])
        self.assertEqual(self.say_and_settle("motion.start"), ["clip before=10"])
        self.hub.wait_log('Rule "r" could not send "clip before=10" to camera shed: there is none of this name')

    def test_armed_is_asked_anew_and_stays(self):
        self.place([rule(**{"if": {"armed": True}}), self.MARK])
        self.assertEqual(self.say_and_settle("motion.start"), [])
        self.assertEqual(self.hub.run("arm").stdout, "armed\n")
        self.assertEqual(self.say_and_settle("motion.start"), ["clip before=10"])
        self.hub.kill()
        self.camera.readers = []
        self.hub.start()
        self.camera.wait_reader()
        self.assertEqual(self.say_and_settle("motion.start")[-1:], ["clip before=10"])
        self.assertEqual(self.hub.run("disarm").stdout, "disarmed\n")
        count = len(self.say_and_settle())
        self.assertEqual(len(self.say_and_settle("motion.start")), count)

    def test_a_rule_cools_down_over_a_restart(self):
        self.place([rule(cooldown_s=3600), self.MARK])
        self.assertEqual(self.say_and_settle("motion.start", "motion.start"), ["clip before=10"])
        self.hub.stop()
        self.camera.readers = []
        self.hub.start()
        self.camera.wait_reader()
        self.assertEqual(self.say_and_settle("motion.start"), ["clip before=10"])

    def test_night_is_the_cameras(self):
        self.place([rule(**{"if": {"night": True}}), self.MARK])
        self.assertEqual(self.say_and_settle("motion.start"), [])
        self.assertEqual(self.say_and_settle("night.enter", "motion.start"), ["clip before=10"])
        self.assertEqual(self.say_and_settle("night.exit", "motion.start"), ["clip before=10"])

    def test_a_rule_that_calls_itself_is_bounded_and_told(self):
        self.place([{"name": "loop", "when": {"event": "picture.saved"}, "do": ["save"]}])
        self.assertIn('Rule "loop" calls itself', self.hub.log())
        for _ in range(50):
            self.camera.say("picture.saved")
        self.hub.wait_log('Rule "loop" fired 30 times within 60 s for camera yard and rests')
        self.hub.wait_event("picture.saved", 50)
        sent = self.hub.log().count('Rule "loop": save')
        self.assertEqual(sent, 30)

    def test_lines_for_a_camera_that_is_slow_to_answer_wait_their_turn(self):
        self.place([rule(name=str(number), do=[f"clip label={number}-{line}" for line in range(8)]) for number in range(10)])
        wait_until(lambda: "status" in self.camera.asked, "the hub to ask for the status")
        self.camera.may_answer.clear()
        self.camera.say("motion.start")
        self.hub.wait_log("still busy with 8 lines, and 64 wait")
        self.assertLessEqual(len(lines(self.camera)), 8)
        self.camera.may_answer.set()
        all_of_them = [f"clip label={number}-{line}" for number in range(10) for line in range(8)]

        def dropped():
            return self.hub.log().count("could not send")
        wait_until(lambda: len(lines(self.camera)) + dropped() == len(all_of_them), "the lines that waited")
        self.assertIn(dropped(), (8, 9))  # the answer to `status` may have come before, or be one of those that wait
        self.assertEqual(sorted(lines(self.camera)), sorted(all_of_them[:-dropped()]))

    def test_many_cameras_do_not_make_a_rule_rest(self):
        place = self.place([rule()])
        others = [place.camera(f"c{number}", f"{number:012x}") for number in range(1, 5)]
        for camera in others:
            camera.wait_reader()
        for count in range(1, 11):
            for camera in others:
                camera.say("motion.start")
            wait_until(lambda: [len(lines(camera)) for camera in others] == [count] * 4, "a clip of each")
        self.assertNotIn("rests", self.hub.log())

    def test_two_rules_that_call_each_other_come_to_rest(self):
        with Place() as place:
            ping, pong = ({"name": one, "when": {"event": "trigger", "label": one}, "do": [f"trigger {other}"]}
                          for one, other in (("ping", "pong"), ("pong", "ping")))
            hub, daemon = place.hub(config={"hub": {"rules": [ping, pong]}}), place.daemon()
            daemon.wait_frames(1)
            hub.wait_event("camera.up")
            daemon.ask("trigger ping")
            hub.wait_log('Rule "ping" fired 30 times within 60 s for camera camera and rests')
            self.assertEqual(len(hub.wait_event("trigger", 61)), 61)

    def test_an_event_of_long_ago_sends_no_lines(self):
        self.place([rule(), self.MARK])
        self.assertEqual(self.say_and_settle("motion.start", monotonic=time.monotonic() - 100), [])

    def test_a_rule_by_time_fires_for_each_camera(self):
        place = self.place([{"name": "lapse", "every": "1s", "do": ["save"]}])
        door = place.camera("door", "cccccccccccc")
        wait_until(lambda: lines(self.camera).count("save") >= 2 and "save" in lines(door), "pictures of the lapse")

    def test_a_line_that_the_camera_refuses_is_told(self):
        self.place([rule(do=["save"])])
        self.camera.answers["save"] = "NOT_SAVED no camera"
        self.camera.say("motion.start")
        self.hub.wait_log('Camera yard answered "save" with: NOT_SAVED no camera')

    def test_a_real_camera_makes_the_clip(self):
        with Place() as place:
            hub, daemon = place.hub(config={"hub": {"rules": [
                {"name": "bell", "when": {"event": "trigger", "label": "bell"}, "do": ["clip before=1 after=1"]}]}}), place.daemon()
            daemon.wait_frames(10)
            hub.wait_event("camera.up")
            daemon.ask("trigger bell")
            path = hub.wait_event("clip.end")[0]["path"]
            self.assertGreater(os.path.getsize(path), 1000)


class Asked(unittest.TestCase):
    def explain(self, hub, event):
        path = os.path.join(hub.folder, "event.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(event, file)
        return hub.run("rules", "--explain", path).stdout

    def test_explain_tells_what_fires_and_why_not(self):
        with Place() as place:
            hub = place.hub(config={"hub": {"rules": [
                rule("one", **{"if": {"armed": True}}), rule("two", when={"event": "motion.start", "zone": "gate"}),
                rule("three", cooldown_s=5, do=["save", "clip label={zone}"]), {"name": "four", "every": "1h", "do": ["save"]}]}})
            event = {"event": "motion.start", "id": "aa-1", "epoch": 1795221841, "camera": "yard", "zone": "path"}
            self.assertEqual(self.explain(hub, event).splitlines(), [
                "disarmed, day", "one: no, it is not armed", "two: no, the zone is \"path\", not \"gate\"",
                "three: fires, unless it is cooling down", "    save", "    clip label=path",
                "four: no, it waits for a time, not for an event"])
            self.assertEqual(len(hub.run("rules").stdout.splitlines()), 4)
            bad = hub.run("rules", "--explain", "/nonexistent", check=False)
            self.assertIn("cannot read /nonexistent", bad.stderr)

    def test_rules_that_are_wrong_end_the_start_with_the_reason(self):
        with Place() as place:
            hub = place.hub()
            hub.stop()
            with open(hub.config_path, "w", encoding="utf-8") as file:
                json.dump({"hub": {"rules": [rule(when={"event": "movement"})]}}, file)
            hub.start()
            self.assertEqual(hub.process.wait(harness.PATIENCE_S), 2)
            self.assertRegex(hub.log(), r'hub.rules: rule "r": there is no event "movement"')


if __name__ == "__main__":
    harness.main()
