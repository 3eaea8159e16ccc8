"""Who may ask pastcam-web for what, and what of its settings can be changed."""

import json
import os
import time
import unittest

from harness import PATIENCE_S, main, wait_until
from web import Site, Web

TOKEN, VIEW = "0123456789abcdef0123", "view-view-view-view-"


class Access(unittest.TestCase):
    def test_tokens_sessions_and_roles(self):
        with Site() as site:
            paths = {}
            for name, token in (("token", TOKEN), ("view", VIEW)):
                paths[name] = os.path.join(site.folder, name)
                with open(os.open(paths[name], os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
                    file.write(token)
            site.wait_frames(5)
            site.web.stop()
            options = {"web.token_file": paths["token"], "web.view_token_file": paths["view"]}
            with Web(site.folder, options) as web:
                bearer = {"Authorization": f"Bearer {TOKEN}"}
                view = {"Authorization": f"Bearer {VIEW}"}
                wait_until(lambda: web.ask("/api/status", headers=bearer).status == 200, "the camera")
                self.assertEqual(web.ask("/").status, 200)
                self.assertEqual(web.ask("/api/session").json()["role"], "none")
                for path in ("/at/now.jpg", "/live.mjpg", "/api/events", "/metrics", "/api/captures", "/api/settings", "/captures/a.jpg"):
                    self.assertEqual(web.ask(path).status, 401, path)
                self.assertEqual(web.ask("/at/now.jpg", headers=view).status, 200)
                self.assertEqual(web.ask("/api/save", "POST", {}, view).status, 403)
                self.assertEqual(web.ask("/api/settings", headers=view).status, 403)
                self.assertEqual(web.ask("/api/save?wait=1", "POST", {}, bearer).status, 200)

                begun = time.monotonic()
                self.assertEqual(web.ask("/at/now.jpg", headers={"Authorization": "Bearer wrong"}).status, 401)
                self.assertEqual(web.ask("/api/login", "POST", {"token": "wrong"}).status, 401)
                self.assertGreater(time.monotonic() - begun, 0.7)  # 0.25 s, then 0.5 s

                login = web.ask("/api/login", "POST", {"token": TOKEN})
                cookie = login.headers["Set-Cookie"]
                self.assertEqual(login.status, 204)
                for word in ("HttpOnly", "SameSite=Strict", "Max-Age="):
                    self.assertIn(word, cookie)
                session = {"Cookie": cookie.split(";")[0]}
                self.assertEqual(web.ask("/at/now.jpg", headers=session).status, 200)
                self.assertEqual(web.ask("/api/logout", "POST", headers=session).status, 204)
                self.assertEqual(web.ask("/at/now.jpg", headers=session).status, 401)

    def test_pages_of_strangers_are_kept_out(self):
        with Site(web_options={"web.cors_origins": "http://ha.example:8123"}) as site:
            web = site.web
            self.assertEqual(web.ask("/api/save", "POST", {}, {"Origin": "http://evil.example"}).status, 403)
            self.assertEqual(web.ask("/api/save", "POST", {}, {"Sec-Fetch-Site": "cross-site"}).status, 403)
            self.assertEqual(web.ask("/api/cameras", headers={"Host": "evil.example"}).status, 421)
            self.assertIn(b" 400 ", web.raw(b"GET /api/cameras HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n"))
            self.assertIsNone(web.ask("/api/cameras", headers={"Origin": "http://evil.example"}).headers["Access-Control-Allow-Origin"])
            allowed = web.ask("/api/cameras", headers={"Origin": "http://ha.example:8123"})
            self.assertEqual(allowed.headers["Access-Control-Allow-Origin"], "http://ha.example:8123")
            self.assertEqual(web.ask("/api/trigger", "POST", {}, {"Origin": "http://ha.example:8123"}).status, 200)

    def test_beyond_this_machine_it_wants_a_token(self):
        with Site() as site:
            site.web.stop()
            web = Web(site.folder, {"web.bind": "0.0.0.0"})
            self.addCleanup(web.__exit__)
            self.assertEqual(web.process.wait(PATIENCE_S), 2)
            self.assertIn("web.token_file", web.log())


class Settings(unittest.TestCase):
    def test_settings_are_read_changed_and_refused(self):
        with Site(config={"own": {"kept": True}, "ring": {"size": 50}}) as site:
            web = site.web
            answer = web.ask("/api/settings")
            options = {option["path"]: option for option in answer.json()["options"]}
            self.assertEqual((options["ring.size"]["value"], options["ring.size"]["default"]), (50, 300))
            self.assertEqual(options["night.metric"]["choices"], ["scene", "mean"])
            tag = {"If-Match": answer.headers["ETag"]}
            self.assertEqual(web.ask("/api/settings", "PUT", {"ring.size": 60}).status, 428)
            for changes, word in (({"ring.size": 1}, "ring.size"), ({"ring.sise": 60}, "ring.size"), ({"ring": 5}, "ring"), ({"night.enable": "yes"}, "night.enable"), ({"motion.scale": 3}, "motion.scale"),
                                  ({"motion.zones": [{"name": "a", "polygon": [[0, 0], [1, 1], [1, 0], [0, 1]]}]}, "crosses"),
                                  ({"motion.zones": [{"name": "a", "polygon": [[0, 0], [0.004, 0], [0, 0.004]]}]}, "make it larger")):
                refused = web.ask("/api/settings", "PUT", changes, tag)
                self.assertEqual(refused.status, 422, changes)
                self.assertIn(word, refused.detail())
            changed = web.ask("/api/settings", "PUT", {"ring.size": None, "night.gain": 3}, tag)
            self.assertEqual(changed.status, 200, changed.body)
            with open(web.config_path, encoding="utf-8") as file:
                self.assertEqual(json.load(file), {"own": {"kept": True}, "ring": {}, "night": {"gain": 3}})

    def test_the_second_of_two_browsers_is_told(self):
        with Site(config={"ring": {"size": 50}}) as site:
            web = site.web
            tag = {"If-Match": web.ask("/api/settings").headers["ETag"]}
            changed = web.ask("/api/settings", "PUT", {"ring.size": 70, "night.gain": 3}, tag)
            self.assertEqual(changed.status, 200, changed.body)
            with open(web.config_path, encoding="utf-8") as file:
                self.assertEqual(json.load(file), {"ring": {"size": 70}, "night": {"gain": 3}})
            with open(web.config_path + ".old", encoding="utf-8") as file:
                self.assertEqual(json.load(file), {"ring": {"size": 50}})
            self.assertEqual(web.ask("/api/settings", "PUT", {"ring.size": 80}, tag).status, 412)
            again = {"If-Match": changed.headers["ETag"]}
            self.assertEqual(web.ask("/api/settings", "PUT", {"ring.size": 80}, again).status, 200)


if __name__ == "__main__":
    main()
