"""GET /api/history: from the store of a real pastcam-hub, and from the daemons where there is none."""

import contextlib
import os
import tempfile
import unittest

from harness import EventReader, main, wait_until
from hub import Camera, Hub
from web import Site, Web


class Keeper(Camera):
    """A daemon that tells what it keeps, and closes."""

    def serve(self, client, line):
        if line.startswith("events"):
            for event in self.kept:
                self.put(client, event)
        client.close()


class Many(unittest.TestCase):
    def test_as_many_events_as_many_cameras_keep_are_all_in_the_pages(self):
        with tempfile.TemporaryDirectory(prefix="pastcam-web-test-") as folder, contextlib.ExitStack() as stack:
            for number in range(10):
                camera = stack.enter_context(Keeper(folder, f"c{number}", f"{number:012x}"))
                camera.kept = [{"event": "trigger", "id": f"{camera.run}-{i + 1}", "epoch": 1795000000 + i * 10 + number} for i in range(1000)]
            web = stack.enter_context(Web(folder, {"hub.data_dir": "hub"}))
            wait_until(lambda: len(web.ask("/api/cameras").json()["cameras"]) == 10, "the cameras")
            def page_of_all(until):
                page = web.ask(f"/api/history?limit=1000{until}").json()
                return "camera c" not in page["reason"] and page  # one took too long to tell its events, and is named
            seen, until = [], ""
            while until is not None:
                page = wait_until(lambda: page_of_all(until), "an answer of all cameras")  # pylint: disable=cell-var-from-loop
                seen += [event["epoch"] for event in page["events"]]
                until = page["next"] and f"&until={page['next']}"
            self.assertEqual(seen, [1795000000 + i for i in range(9999, -1, -1)])


class History(unittest.TestCase):
    def setUp(self):
        self.site = Site(web_options={"hub.data_dir": "hub"}).__enter__()
        self.addCleanup(self.site.__exit__)
        self.site.wait_frames(3)

    def ask(self, query=""):
        answer = self.site.web.ask(f"/api/history{query}")
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json()

    def types(self, query=""):
        return [event["event"] for event in self.ask(query)["events"]]

    def save(self):
        return self.site.web.ask("/api/save?wait=1", "POST", {"formats": ["jpg", "png"]}).json()["files"]

    def test_without_a_store_the_daemons_tell_what_they_keep(self):
        files = self.save()
        history = self.ask()
        self.assertEqual((history["source"], history["next"]), ("cameras", None))
        self.assertIn("hub.db is not there", history["reason"])
        self.assertIn("boot", [event["event"] for event in history["events"]])
        saved = next(event for event in history["events"] if event["event"] == "picture.saved")
        self.assertEqual(saved["camera"], "camera")
        self.assertEqual({file["name"] for file in saved["on_disk"]}, set(files))
        self.assertEqual(self.types("?type=picture.saved"), ["picture.saved"])
        self.assertEqual(self.types("?camera=other"), [])
        self.site.daemon.ask("trigger door")
        newest = self.ask("?limit=1")
        self.assertEqual((newest["events"][0]["event"], newest["next"]), ("trigger", newest["events"][0]["epoch"]))
        self.assertEqual(self.types(f"?limit=1&until={newest['next']}"), ["picture.saved"])

    def test_the_folder_may_be_relative_or_a_link(self):
        os.symlink("captures", os.path.join(self.site.folder, "link"))
        files = self.save()
        for folder in ("./captures", "link/"):
            with Web(self.site.folder, {"hub.data_dir": "hub", "export.base_dir": folder}) as web:
                wait_until(lambda: web.ask("/api/cameras").json()["cameras"], "the camera")
                saved = web.ask("/api/history?type=picture.saved").json()["events"][0]
                self.assertEqual({file["name"] for file in saved["on_disk"]}, set(files), folder)

    def test_the_store_tells_what_the_daemon_does_not_know_any_more(self):
        with Hub(self.site.folder) as hub:
            files = self.save()
            hub.wait_event("picture.saved")
            self.site.daemon.__exit__()
            self.assertEqual(self.ask()["source"], "hub")
            self.assertEqual(self.types("?type=picture,boot"), ["picture.saved", "boot"])
            os.unlink(os.path.join(self.site.folder, "captures", files[0]))
            there = self.ask("?type=picture")["events"][0]["on_disk"]
            self.assertEqual([file["name"] for file in there], files[1:])
            self.assertEqual(hub.stop(), 0)
        self.assertEqual(self.ask()["source"], "hub")
        with open(os.path.join(self.site.folder, "hub", "hub.db"), "r+b") as file:
            file.write(b"damaged" * 200)
        self.assertEqual(self.ask()["source"], "cameras")

    def test_a_camera_that_has_no_place_is_told(self):
        with Site(options={"network.max_clients": 4}, web_options={"hub.data_dir": "hub"}) as site:
            site.wait_frames(3)
            for _ in range(3):  # of four places, one is for questions
                self.addCleanup(EventReader(site.daemon).__exit__)
            wait_until(lambda: site.daemon.status()["network"]["streams"] == 3, "all places being taken")
            history = site.web.ask("/api/history").json()
            self.assertEqual(history["events"], [])
            self.assertIn("camera camera: BUSY", history["reason"])

    def test_what_is_wrong_is_told(self):
        for query in ("since=x", "limit=0", "type=", "color=red"):
            self.assertEqual(self.site.web.ask(f"/api/history?{query}").status, 200 if query == "type=" else 400, query)

    def test_many_who_ask_at_once_are_answered_or_told_to_ask_again(self):
        clients = [self.site.web.stream("/api/history") for _ in range(40)]
        for client in clients[::2]:
            client.close()
        statuses = {client.recv(12) for client in clients[1::2]}
        for client in clients[1::2]:
            client.close()
        self.assertLessEqual(statuses, {b"HTTP/1.1 200", b"HTTP/1.1 503"})
        wait_until(lambda: self.site.web.ask("/api/history").status == 200, "an answer afterwards")


if __name__ == "__main__":
    main()
