"""pastcam-web and the cameras behind it: several, that come and go, and many who look."""

import os
import re
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request

from faults import UNHURRIED
from harness import PATIENCE_S, main, wait_until
from pictures import decode
from web import Site, Web, read_until


class Cameras(unittest.TestCase):
    def test_several_cameras_are_told_apart_and_may_come_and_go(self):
        with Site(names=("front", "back")) as site:
            web = site.web
            site.wait_frames(5)
            self.assertEqual(web.ask("/api/cameras").json(), {"cameras": ["back", "front"]})
            self.assertEqual(web.ask("/at/now.jpg").status, 400)
            self.assertEqual(web.ask("/at/now.jpg?camera=front").status, 200)
            with web.stream("/api/events?since=all") as client:
                read_until(client, lambda data: b"back=" in data and b"front=" in data)
                site.daemons["back"].stop()
                data = read_until(client, lambda data: b'{"cameras":["front"]}' in data)
                self.assertIn(b"event: away", data)
                site.daemons["back"] = site.make("back")
                site.daemons["back"].wait_ready()
                read_until(client, lambda data: b'{"cameras":["back","front"]}' in data)

    def test_a_daemon_that_was_killed_is_away_with_a_reason(self):
        with Site() as site:
            site.daemon.process.kill()
            site.daemon.process.wait()
            answer = site.web.ask("/at/now.jpg")
            self.assertEqual(answer.status, 503)
            self.assertIn("camera camera", answer.detail())

    def test_nobody_is_shown_the_last_picture_of_a_killed_daemon_as_live(self):
        def begin_of_answer():
            with site.web.stream("/live.mjpg") as client:
                return read_until(client, lambda data: b"\r\n\r\n" in data).partition(b"\r\n")[0]
        def are_new(data):
            return [epoch for epoch in re.findall(rb"Pastcam-Epoch: ([\d.]+)", data) if float(epoch) > killed]
        with Site() as site, site.web.stream("/live.mjpg") as viewer:
            read_until(viewer, lambda data: data.count(b"Pastcam-Frame") >= 2)
            site.daemon.process.kill()
            site.daemon.process.wait()
            killed = time.time()
            wait_until(lambda: b" 503 " in begin_of_answer(), "the refusal")
            self.assertIn(b" 503 ", begin_of_answer())
            site.daemons[""] = site.make("")
            site.daemons[""].wait_ready()
            self.assertTrue(are_new(read_until(viewer, are_new)))  # who stayed sees it again
            self.assertIn(b" 200 ", begin_of_answer())

    def test_the_page_may_be_killed_without_a_frame_lost(self):
        with Site(options=UNHURRIED) as site:
            site.wait_frames(3)
            before = site.daemon.status()["camera"]
            for _ in range(5):
                viewers = [site.web.stream("/live.mjpg") for _ in range(3)]
                for viewer in viewers:
                    read_until(viewer, lambda data: data.count(b"Pastcam-Frame") >= 2)
                site.web.process.kill()
                site.web.process.wait()
                for viewer in viewers:
                    viewer.close()
                site.web = Web(site.folder)
                site.web.wait_ready()
            after = site.daemon.status()["camera"]
            self.assertEqual((after["lost"], after["dropped"]), (before["lost"], before["dropped"]))

    def test_many_who_ask_at_once_wait_for_their_turn(self):
        with Site(options=UNHURRIED) as site:
            site.wait_frames(4)
            answers = []
            ask = lambda path: answers.append(site.web.ask(path).status)
            paths = ["/at/now.jpg?width=80"] * 30 + ["/at/-0.5.jpg"] * 10 + ["/at/-0.5.png"] * 4 + ["/api/timeline"] * 16
            threads = [threading.Thread(target=ask, args=(path,)) for path in paths]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(answers, [200] * len(paths))
            camera = site.daemon.status()["camera"]
            self.assertEqual((camera["lost"], camera["dropped"]), (0, 0))

    def test_it_speaks_tls_where_there_is_a_certificate(self):
        with tempfile.TemporaryDirectory(prefix="pastcam-tls-") as folder:
            key, certificate = os.path.join(folder, "key.pem"), os.path.join(folder, "certificate.pem")
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", certificate,
                            "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
            with Site(web_options={"web.tls_cert": certificate, "web.tls_key": key}, wait=False) as site:
                site.web.wait_ready()
                context = ssl.create_default_context(cafile=certificate)
                ask = lambda path: urllib.request.urlopen(f"https://localhost:{site.web.port}{path}", context=context, timeout=PATIENCE_S)
                wait_until(lambda: b"camera" in ask("/api/cameras").read(), "the camera")
                site.wait_frames(5)
                with ask("/at/now.jpg") as answer:
                    self.assertEqual((answer.status, answer.headers["Strict-Transport-Security"]), (200, "max-age=31536000"))
                    self.assertEqual(decode(answer.read()).shape, (240, 320, 3))
                self.assertEqual(site.web.raw(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), b"")
                self.assertEqual(ask("/healthz").status, 200)
            with Site(web_options={"web.tls_cert": key, "web.tls_key": certificate}, wait=False, names=()) as site:
                self.assertEqual(site.web.process.wait(PATIENCE_S), 2)
                self.assertIn("in PEM", site.web.log())

    def test_who_reads_slowest_makes_way_for_who_has_just_come(self):
        def connect():
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            client.settimeout(PATIENCE_S)
            client.connect(("127.0.0.1", site.web.port))
            self.addCleanup(client.close)
            return client
        with Site(web_options={"web.max_clients": 8}, options={"camera.width": 1024, "camera.height": 768}) as site:
            site.wait_frames(2)
            slow = [connect() for _ in range(6)]
            for client in slow:
                client.sendall(b"GET /at/now.png HTTP/1.1\r\nHost: localhost\r\n\r\n")
            for client in slow:
                self.assertEqual(client.recv(1), b"H")  # it is being sent
            honest = connect()
            for _ in range(5):
                connect().sendall(b"GET /at/now.png HTTP/1.1\r\nHost: localhost\r\n\r\n")
            honest.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertEqual(honest.recv(12), b"HTTP/1.1 200")

    def test_slow_and_idle_connections_make_way(self):
        with Site(web_options={"web.max_clients": 8}) as site:
            idle = [socket.create_connection(("127.0.0.1", site.web.port)) for _ in range(40)]
            for client in idle:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                try:
                    client.sendall(b"GET /healthz HTTP/1.1\r\nX-Slow: ")
                except OSError:
                    pass
            self.assertEqual(site.web.ask("/healthz").status, 200)
            for client in idle:
                client.close()


if __name__ == "__main__":
    main()
