"""pastcam-hub's memory: cameras that come and go, kills, damage, files without events."""

import csv
import hashlib
import io
import json
import os
import subprocess
import unittest

import harness
from harness import wait_until
from hub import HUB, Place
from power_cut import cuts, read, start_watched


def ids(events):
    return [event["id"] for event in events]


class Following(unittest.TestCase):
    def test_events_of_a_real_camera_are_remembered_with_their_files(self):
        with Place() as place:
            hub, daemon = place.hub(), place.daemon()
            daemon.wait_frames(3)
            paths = harness.paths_of(daemon.ask("save jpg png"))
            daemon.ask("trigger bell")
            trigger = hub.wait_event("trigger")[0]
            self.assertEqual((trigger["label"], trigger["camera"]), ("bell", "camera"))
            def summed():
                rows = hub.query("SELECT path, bytes, sha256 FROM files ORDER BY path")
                return rows if len(rows) == 2 and all(row[2] for row in rows) else None
            rows = wait_until(summed, "both files' sums")
            for (path, size, sha256), saved in zip(rows, sorted(paths)):
                with open(saved, "rb") as file:
                    data = file.read()
                self.assertEqual((path, size, sha256), (saved, len(data), hashlib.sha256(data).hexdigest()))
            self.assertEqual(hub.stop(), 0)

    def test_what_happens_while_the_hub_is_dead_is_read_later(self):
        with Place() as place:
            camera, hub = place.camera(), place.hub()
            camera.wait_reader()
            camera.say("trigger", label="one")
            hub.wait_event("trigger")
            hub.kill()
            for label in "two", "three":
                camera.say("trigger", label=label)
            hub.start()
            events = hub.wait_event("trigger", 3)
            self.assertEqual([event["label"] for event in events], ["one", "two", "three"])
            self.assertEqual(camera.sinces, ["000000000000-0", "aaaaaaaaaaaa-1"])

    def test_a_restarted_daemon_whose_numbers_begin_again_tells_new_events(self):
        with Place() as place:
            camera, hub = place.camera(), place.hub()
            camera.wait_reader()
            camera.say("boot", version="1")
            hub.wait_event("boot")
            camera.__exit__()
            camera.kept, camera.run = [], "bbbbbbbbbbbb"
            camera.__enter__()
            camera.say("boot", version="2")
            events = hub.wait_event("boot", 2)
            self.assertEqual(ids(events), ["aaaaaaaaaaaa-1", "bbbbbbbbbbbb-1"])

    def test_several_cameras_each_have_their_own_cursor(self):
        with Place() as place:
            yard, door, hub = place.camera("yard"), place.camera("door", "cccccccccccc"), place.hub()
            yard.wait_reader()
            door.wait_reader()
            yard.say("trigger", label="y")
            door.say("trigger", label="d")
            hub.wait_event("trigger", 2)
            self.assertEqual(len(hub.events("--camera", "door")), 1)
            hub.kill()
            hub.start()
            wait_until(lambda: len(door.sinces) == 2 and len(yard.sinces) == 2, "both to be followed again")
            self.assertEqual((yard.sinces[1], door.sinces[1]), ("aaaaaaaaaaaa-1", "cccccccccccc-1"))

    def test_lost_events_are_told_and_their_files_found(self):
        with Place() as place:
            camera = place.camera()
            os.mkdir(place.captures)
            hub = place.hub()
            camera.wait_reader()
            camera.say("trigger")
            hub.wait_event("trigger")
            path = os.path.join(place.captures, "yard_20261121_101500_f00000052.jpg")
            with open(path, "wb") as file:
                file.write(b"jpeg")
            os.utime(path, (1, 1))
            camera.say_raw(json.dumps(camera.make("lost", count=5)) + "\n")
            self.assertEqual(hub.wait_event("lost")[0]["count"], 5)
            found = hub.wait_event("picture.saved")[0]
            self.assertEqual((found["path"], found["camera"], found["found"]), (path, "yard", True))

    def test_lines_that_are_no_events_do_no_harm(self):
        with Place() as place:
            camera, hub = place.camera(), place.hub()
            camera.wait_reader()
            camera.say_raw("NOT_SENT why\n{\"event\":1}\n[1,2\n\n" + "x" * 100000 + "\n")
            camera.say("trigger")
            hub.wait_event("trigger")
            self.assertEqual(hub.log().count("is no event"), 1)


class Kills(unittest.TestCase):
    def test_no_kill_loses_or_doubles_an_event(self):
        with Place() as place:
            camera, hub = place.camera(), place.hub()
            for i in range(12):
                camera.wait_reader()
                for _ in range(20):
                    camera.say("trigger", label=str(i))
                if i % 3 == 0:
                    hub.wait_event("trigger", 1)
                hub.kill()
                camera.readers = []
                hub.start()
            camera.say("boot")
            hub.wait_event("boot")
            self.assertEqual(ids(hub.events()), [event["id"] for event in camera.kept])
            self.assertEqual(hub.query("PRAGMA integrity_check"), [("ok",)])


class PowerCuts(unittest.TestCase):
    def test_no_power_cut_damages_the_store_or_takes_what_is_old(self):
        with Place() as place:
            worst, _ = cuts(place, 4, 15)
            self.assertLess(worst, 10)  # half a second, on a machine that does nothing else

    def test_what_is_committed_is_synced_while_a_huge_file_is_being_summed(self):
        with Place() as place:
            os.mkdir(place.captures)
            path = os.path.join(place.captures, "yard_20261121_101500_f00000052.jpg")
            with open(path, "wb") as file:
                file.truncate(1 << 40)  # of nothing; its sum takes minutes
            os.utime(path, (1, 1))
            camera, hub = place.camera(), place.hub()
            hub.wait_event("picture.saved")
            hub.stop()
            start_watched(hub)
            wait_until(lambda: len(camera.sinces) == 2, "the hub to follow")
            for label in "first", "second":
                camera.say("trigger", label=label)
                wait_until(lambda: label.encode() in read(os.path.join(hub.data, "hub.db-wal.synced")), "the event to be synced")
            self.assertEqual(hub.query("SELECT bytes FROM files"), [(None,)])


class Damage(unittest.TestCase):
    def test_a_damaged_store_is_set_aside_told_and_made_again_from_the_captures(self):
        with Place() as place:
            hub, daemon = place.hub(), place.daemon()
            daemon.wait_frames(3)
            path = harness.paths_of(daemon.ask("save"))[0]
            hub.wait_event("picture.saved")
            daemon.stop()
            hub.stop()
            os.utime(path, (1, 1))
            with open(os.path.join(hub.data, "hub.db"), "r+b") as file:
                file.write(b"garbage" * 1000)
            hub.start()
            self.assertEqual(hub.wait_event("picture.saved")[0]["path"], path)
            self.assertRegex(hub.log(), "was damaged and is set aside as .*hub.db.damaged-")
            self.assertTrue([name for name in os.listdir(hub.data) if ".damaged-" in name])

    def test_rows_of_files_that_are_gone_go_and_their_events_stay(self):
        with Place() as place:
            hub, daemon = place.hub(), place.daemon()
            daemon.wait_frames(3)
            path = harness.paths_of(daemon.ask("save"))[0]
            wait_until(lambda: hub.query("SELECT 1 FROM files WHERE bytes > 0"), "its sum")
            os.unlink(path)
            hub.stop()
            hub.start()
            wait_until(lambda: hub.query("SELECT count(*) FROM files") == [(0,)], "its row to go")
            self.assertEqual(len(hub.wait_event("picture.saved")), 1)

    def test_a_folder_that_cannot_be_written_ends_the_start_with_a_reason(self):
        with Place() as place:
            done = subprocess.run([HUB, "-o", "hub.data_dir=/proc/hub"], cwd=place.folder, capture_output=True, text=True,
                                  stdin=subprocess.DEVNULL, check=False)
            self.assertEqual(done.returncode, 44)
            self.assertIn("/proc/hub", done.stderr)


class History(unittest.TestCase):
    def test_each_format_tells_the_same_events(self):
        with Place() as place:
            camera, hub = place.camera(), place.hub()
            camera.wait_reader()
            camera.say("motion.start", epoch=1795221841, zone="gate, \"left\"", score=1.5)
            camera.say("trigger", epoch=1795221842, label="=1+1")
            camera.say("motion.end", epoch=1795221843, zone="gate", score=2)
            hub.wait_event("motion.end")
            rows = list(csv.DictReader(io.StringIO(hub.run("events", "--csv").stdout)))
            self.assertEqual([row["type"] for row in rows], ["motion.start", "trigger", "motion.end"])
            self.assertEqual((rows[0]["zone"], rows[1]["label"]), ("gate, \"left\"", "'=1+1"))
            self.assertEqual(rows[0]["time"], "2026-11-21T00:44:01.000Z")
            calendar = hub.run("events", "--ical", "--type", "motion").stdout
            self.assertEqual(calendar.count("BEGIN:VEVENT"), 2)
            self.assertIn("DTSTART:20261121T004401Z", calendar)
            self.assertEqual(len(hub.run("events").stdout.splitlines()), 3)
            self.assertEqual(ids(hub.events("--limit", "1")), ["aaaaaaaaaaaa-3"])
            self.assertEqual(ids(hub.events("--since", "1795221842", "--until", "2026-11-21T00:44:03Z")), ["aaaaaaaaaaaa-2"])

    def test_labels_of_any_bytes_break_no_format(self):
        with Place() as place:
            camera, hub = place.camera(), place.hub()
            camera.wait_reader()
            camera.say("trigger", label="two\nlines\x1b[2J\x9b31m; \"x\"", epoch=1795221842)
            hub.wait_event("trigger")
            table = hub.run("events").stdout
            self.assertTrue(table.endswith("label=two lines [2J 31m; \"x\"\n"), table)
            self.assertEqual(next(csv.DictReader(io.StringIO(hub.run("events", "--csv").stdout, newline="")))["label"],
                             camera.kept[0]["label"])
            calendar = hub.run("events", "--ical").stdout
            self.assertIn('SUMMARY:yard: trigger two\\nlines [2J\x9b31m\\; "x"\n', calendar)

    def test_what_is_asked_wrongly_is_told(self):
        with Place() as place:
            hub = place.hub()
            for words, reason in ((("events", "--since", "soon"), "is no moment"), (("events", "--since", "1h", "--until", "2h"), "--until is not after"),
                                  (("events", "--type", "movement"), "there is no event"), (("events", "--limit", "0"), "--limit"),
                                  (("dance",), "what is \"dance\""), (("events", "--what"), "usage")):
                done = hub.run(*words, check=False)
                self.assertEqual(done.returncode, 2, words)
                self.assertIn(reason, done.stderr)


if __name__ == "__main__":
    harness.main()
