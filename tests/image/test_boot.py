"""The card in a machine: from power-on to a picture, everything running, and what happens when pastcam does not."""

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import numpy as np
from PIL import Image

from card import Card, run
from machine import Machine, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(1, os.path.join(HERE, "..", "integration"))
from broker import Broker  # noqa: E402

IMAGE = os.environ["IMAGE"]
GIBIBYTE = 1 << 30
SMALL_CARD = 1_900_000_000  # what is sold as 2 GB
SYNTHETIC = {"camera": {"backend": "synthetic", "width": 320, "height": 240, "framerate": 5}}


BROKER_PASSWORD = "the broker's own"


def make_key(folder):
    path = os.path.join(folder, "key")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


class BootTest(unittest.TestCase):
    """One machine for all tests; each leaves it healthy."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="pastcam-boot-")
        cls.addClassCleanup(cls.folder.cleanup)
        key = make_key(cls.folder.name)
        cls.card = Card(f"{IMAGE}.img", os.path.join(cls.folder.name, "card.img"), SMALL_CARD)
        cls.start_broker()
        cls.card.fat_write("pastcam/config.json", json.dumps({**SYNTHETIC, "hub": {"mqtt": cls.mqtt}}).encode())
        with open(f"{key}.pub", "rb") as public:
            cls.card.fat_write("pastcam/authorized_keys", public.read())
        cls.machine = Machine(cls.card, cls.folder.name, key)
        cls.addClassCleanup(cls.machine.cut_power)
        cls.machine.start()
        seconds = cls.machine.wait_for_health(600)
        print(f"\nmeasured: first health {seconds:.0f} s after power-on", flush=True)
        print(f"measured: the page {cls.machine.wait_for_page(300) - seconds:.0f} s after it", flush=True)
        cls.machine.wait_for_ssh(300)
        wait_until(lambda: cls.machine.ssh("systemctl is-active pastcam-web pastcam-hub", check=False) == "active\nactive\n", 300, "page and hub")
        cls.starts_again = cls.machine.ssh("systemctl show -P NRestarts pastcam-web pastcam-hub").split()

    @classmethod
    def start_broker(cls):
        """One that asks for a password, which is in a file of its own on the card."""
        passwords = os.path.join(cls.folder.name, "passwords")
        run("mosquitto_passwd", "-c", "-b", passwords, "card", BROKER_PASSWORD)
        cls.broker = cls.enterClassContext(Broker([f"password_file {passwords}"], ["-u", "card", "-P", BROKER_PASSWORD]))
        run("mmd", "-i", f"{cls.card.path}@@{cls.card.start(1)}", "::pastcam/pastcam-hub")
        cls.card.fat_write("pastcam/pastcam-hub/mqtt-password", f"{BROKER_PASSWORD}\r\n".encode())
        cls.mqtt = {"host": "10.0.2.2", "port": cls.broker.port, "user": "card", "password_file": "/run/pastcam-card/files-pastcam-hub/mqtt-password"}

    def restart_with(self, settings):
        """Puts a config.json on the running card and restarts the service; waits until it answers."""
        content = settings if isinstance(settings, str) else json.dumps(settings)
        self.machine.ssh("mount -o remount,rw /boot/firmware && cat >/boot/firmware/pastcam/config.json && "
                         "mount -o remount,ro /boot/firmware", input=content.encode())
        self.machine.ssh("systemctl reset-failed pastcam; systemctl restart pastcam || true")  # it is started again until it is healthy
        self.healthy()

    def healthy(self):
        token = self.machine.token()
        wait_until(lambda: (self.machine.ask("health", token, 10) or "").startswith("RSS="), 180, "an answer to health")

    def status(self):
        return json.loads(self.machine.ask("status"))

    def wait_for_another_process(self):
        """Until pastcam has been started anew, which the time that it has run tells."""
        last = [0]

        def younger():
            reply = self.machine.ask("status")
            before, last[0] = last[0], json.loads(reply)["uptime_s"] if reply else last[0]
            return last[0] < before
        wait_until(younger, 300, "another process")

    def restarts(self):
        return int(self.machine.ssh("systemctl show -P NRestarts pastcam"))

    def picture(self):
        reply = wait_until(lambda: (lambda r: r if r and r.startswith("Saved") else None)(self.machine.ask("save jpg")), 120, "a saved picture", 3)
        path = reply.split(": ", 1)[1].split(" (")[0]
        local = os.path.join(self.folder.name, os.path.basename(path))
        self.machine.fetch(path, local)
        with open(local, "rb") as file:
            image = Image.open(io.BytesIO(file.read()))
        image.load()
        return image

    def test_a_picture_is_saved_and_decodes(self):
        self.assertEqual(self.picture().size, (320, 240))

    def test_without_the_token_nothing(self):
        reply = self.machine.ask("save", token="wrong") or ""
        self.assertFalse(reply.startswith("Saved"), reply)

    def log_in(self):
        """The headers of a browser that has given the token."""
        self.machine.wait_for_page()
        answer = wait_until(lambda: self.machine.page("/api/login", {"Content-Type": "application/json"}, json.dumps({"token": self.machine.token()})),
                            300, "an answer to the token")
        self.assertEqual(answer[0], 204, answer)
        return {"Cookie": answer[1]["Set-Cookie"].split(";")[0]}

    def test_the_page_shows_a_picture_to_who_has_the_token(self):
        self.machine.wait_for_page()
        status, headers, body = self.machine.page("/")
        self.assertEqual((status, headers["Content-Type"].split(";")[0]), (200, "text/html"))
        self.assertIn(b"Token of this camera", body)
        self.assertEqual(self.machine.page("/at/now.jpg")[0], 401)
        status, headers, body = self.machine.page("/at/now.jpg", self.log_in())
        self.assertEqual((status, headers["Content-Type"]), (200, "image/jpeg"))
        with Image.open(io.BytesIO(body)) as image:
            image.load()
            self.assertEqual(image.size, (320, 240))

    def test_the_page_shows_the_settings_and_refuses_to_change_them(self):
        """They are what config.json on the card says."""
        browser = self.log_in()
        status, headers, body = self.machine.page("/api/settings", browser)
        self.assertEqual((status, json.loads(body)["trouble"]), (200, ""))
        change = {**browser, "Content-Type": "application/json", "If-Match": headers["ETag"]}
        status, _, said = self.machine.page("/api/settings", change, '{"camera.width": 640}', method="PUT")
        self.assertEqual(status, 507, said)
        self.assertIn(b"the settings were not saved", said)
        self.assertEqual(self.machine.page("/api/settings", browser)[2], body)

    def test_page_and_hub_have_no_more_rights_than_they_need(self):
        self.machine.wait_for_page()
        for unit, capabilities in (("pastcam-web", 1 << 10), ("pastcam-hub", 0)):  # CAP_NET_BIND_SERVICE
            status = self.machine.ssh(f"cat /proc/$(systemctl show -P MainPID {unit})/status; id -un $(stat -c %u /proc/$(systemctl show -P MainPID {unit}))")
            self.assertEqual(status.splitlines()[-1], unit)
            for name in ("CapEff", "CapPrm", "CapBnd"):
                self.assertIn(f"{name}:\t{capabilities:016x}", status)

    def history(self):
        status, _, body = self.machine.page("/api/history", self.log_in(), seconds=180)
        self.assertEqual(status, 200, body)
        return json.loads(body)

    def test_events_are_on_the_data_partition_and_survive_a_restart(self):
        self.assertTrue(self.machine.ask("trigger doorbell").startswith("TRIGGERED"))

        def stored():
            history = self.history()
            return history["source"] == "hub" and any(event.get("label") == "doorbell" for event in history["events"])
        wait_until(stored, 180, "the event in the store")
        self.machine.ssh("systemctl kill -s KILL pastcam pastcam-hub pastcam-web")
        self.healthy()
        self.machine.wait_for_page()
        wait_until(stored, 180, "the event in the store, later")
        self.assertEqual(self.machine.ssh("stat -c '%U %a' /data/pastcam-hub /data/pastcam-hub/hub.db && findmnt -no TARGET --target /data/pastcam-hub").split(),
                         ["pastcam-hub", "750", "pastcam-hub", "640", "/data"])

    def test_mqtt_tells_of_the_camera_and_of_the_system(self):
        update = run("mosquitto_sub", "-h", "127.0.0.1", "-p", str(self.broker.port), *self.broker.client, "-C", "1", "-W", "120",
                     "-t", "pastcam/pastcam/update", timeout=180)
        self.assertEqual(set(json.loads(update)), {"installed_version", "latest_version"})
        # Offline is right while another test has it started again.
        wait_until(lambda: run("mosquitto_sub", "-h", "127.0.0.1", "-p", str(self.broker.port), *self.broker.client, "-C", "1", "-W", "120",
                               "-t", "pastcam/pastcam/camera/status", timeout=180).strip() == b"online", 180, "the camera to be online")

    def test_all_units_run(self):
        wait_until(lambda: self.machine.ssh("systemctl is-system-running", check=False).strip() not in ("starting", "initializing"), 180, "end of start")
        failed = self.machine.ssh("systemctl --failed --no-legend --plain", check=False)
        self.assertEqual(failed, "")
        self.assertEqual(self.machine.ssh("systemctl is-system-running", check=False).strip(), "running")

    def test_page_and_hub_started_once(self):
        self.assertEqual(self.starts_again, ["0", "0"])
        self.assertNotIn("Cannot fork", self.machine.ssh("journalctl --quiet"))

    def test_the_root_is_read_only_and_the_data_has_grown(self):
        self.assertIn("ro", self.machine.ssh("findmnt -no OPTIONS /").split(","))
        self.assertIn("ro", self.machine.ssh("findmnt -no OPTIONS /boot/firmware").split(","))
        self.assertGreater(int(self.machine.ssh("findmnt -bno SIZE /data")), GIBIBYTE)

    def test_address_and_console(self):
        wait_until(lambda: b"10.0.2.15" in (self.card.fat_read("pastcam/address.txt") or b""), 120, "address.txt")
        self.assertLessEqual({"10.0.2.15", "pastcam.local", "http://pastcam.local/", "http://10.0.2.15/"}, set(self.card.fat_read("pastcam/address.txt").decode().split()))
        self.assertIn("pastcam.local   address: 10.0.2.15", self.machine.console())
        lines = [line for line in self.machine.console().split("\n") if line]
        code = run("qrencode", "--type=UTF8", "--margin=2", "http://pastcam.local/", text=True)
        self.assertIn(code.splitlines(), [lines[at:at + code.count("\n")] for at in range(len(lines))])

    def test_killed_it_comes_back(self):
        before = self.machine.ssh("systemctl show -P MainPID pastcam").strip()
        self.machine.ssh("systemctl kill -s KILL pastcam")
        self.healthy()
        self.assertNotEqual(self.machine.ssh("systemctl show -P MainPID pastcam").strip(), before)

    def test_a_broken_configuration_is_left_out_and_named(self):
        self.addCleanup(self.restart_with, SYNTHETIC)
        self.restart_with('{"camera": {"width": "wide"')
        self.assertIn(b"config.json on the card is not used", self.card.fat_read("pastcam/errors.txt"))
        self.assertIn("config.json on the card is not used", json.loads(self.machine.ask("status"))["note"])
        wait_until(lambda: "config.json on the card is not used" in self.machine.console(), 60, "a word on the console")
        self.restart_with(SYNTHETIC)
        self.assertIsNone(self.card.fat_read("pastcam/errors.txt"))

    def test_a_configuration_that_pastcam_cannot_start_with_is_left_out(self):
        self.addCleanup(self.restart_with, SYNTHETIC)
        self.restart_with({**SYNTHETIC, "network": {"trigger_port": 22}})
        self.assertRegex(self.status()["note"], "config.json on the card is not used, the defaults are: .*port 22")

    def test_over_its_memory_it_comes_back_with_a_smaller_ring(self):
        hog = os.path.join(self.folder.name, "hog.so")
        run("aarch64-linux-gnu-gcc", "-shared", "-fPIC", "-O2", "-o", hog, os.path.join(HERE, "..", "integration", "shims", "hog.c"))
        self.machine.send(hog, "/var/lib/hog.so")
        self.machine.ssh("mkdir -p /run/systemd/system/pastcam.service.d && printf '[Service]\\nEnvironment=LD_PRELOAD=/var/lib/hog.so SHIM_HOG_MIB=/run/hog-mib\\n' "
                         ">/run/systemd/system/pastcam.service.d/hog.conf && systemctl daemon-reload")
        self.addCleanup(self.restart_with, SYNTHETIC)
        self.addCleanup(self.machine.ssh, "rm -f /run/systemd/system/pastcam.service.d/hog.conf /run/pastcam/memory-exits && systemctl daemon-reload")
        self.restart_with({**SYNTHETIC, "ring": {"size": 40000}, "memory": {"max_rss_mb": 120}})
        slots = self.status()["ring"]["slots"]
        self.machine.ssh("(sleep 10; echo 120 >/run/hog.new; mv /run/hog.new /run/hog-mib; sleep 1; rm /run/hog-mib) >/dev/null 2>&1 &")
        self.wait_for_another_process()
        self.assertIn("status=42", self.machine.ssh("journalctl -u pastcam -o cat | grep 'Main process exited' | tail -n 1"))
        self.assertAlmostEqual(self.status()["ring"]["slots"] / slots, 0.75, delta=0.05)
        self.assertEqual(self.restarts(), 1)

    def test_in_a_smaller_cgroup_the_ring_is_smaller(self):
        self.machine.ssh("systemctl set-property --runtime pastcam MemoryMax=128M")
        self.addCleanup(self.restart_with, SYNTHETIC)
        self.addCleanup(self.machine.ssh, "systemctl set-property --runtime pastcam MemoryMax=infinity")
        self.restart_with({"camera": {**SYNTHETIC["camera"], "framerate": 30}, "ring": {"size": 4000}, "memory": {"max_rss_mb": 600}})
        status = self.status()
        self.assertIn("cgroup", status["memory"]["slots_reason"])
        self.assertLess(status["ring"]["bytes"], 128 << 20)
        wait_until(lambda: self.status()["ring"]["committed"] >= status["ring"]["slots"], 120, "the whole ring to be taken")
        self.picture()
        self.assertIn("oom_kill 0", self.machine.ssh("cat /sys/fs/cgroup/system.slice/pastcam.service/memory.events"))
        self.assertEqual(self.restarts(), 0)

    def test_a_camera_that_fails_is_taken_up_again(self):
        self.addCleanup(self.restart_with, SYNTHETIC)
        self.restart_with({"camera": {**SYNTHETIC["camera"], "synthetic": {"faults": "vanish@5+5,stall@20+10"}, "capture_timeout_s": 1}})

        def recovered():
            camera = self.status()["camera"]
            return camera["reopens"] > 0 and camera["stalls"] > 0 and camera["state"] == "running"
        wait_until(recovered, 300, "a camera that vanished, came back, stalled and went on")
        self.picture()
        self.assertEqual(self.restarts(), 0)

    def test_a_camera_lost_for_good_is_tried_with_a_fresh_process(self):
        self.addCleanup(self.restart_with, SYNTHETIC)
        self.restart_with({"camera": {**SYNTHETIC["camera"], "synthetic": {"faults": "vanish@20+10000"}, "lost_after_s": 5}})
        self.wait_for_another_process()
        self.assertIn("status=43", self.machine.ssh("journalctl -u pastcam -o cat | grep 'Main process exited' | tail -n 1"))
        wait_until(lambda: self.status()["camera"]["state"] == "running", 120, "the camera to run again")

    def test_wpa_supplicant_takes_any_wifi_conf(self):
        for text in ("ssid=Home\npassword=12345678\ncountry=DE\n", "ssid=Home\npassword=\n", f"ssid=Home\npassword={'a0' * 32}\n",
                     'ssid="Café "}#\\\\ $(id)"\r\npassword=p"a}#\\\\ $(id)%s\r\n'):
            said = self.machine.ssh("{ /usr/lib/pastcam/wifi-config >/run/wifi.test && wpa_supplicant -D none -i none -c /run/wifi.test; } 2>&1", check=False,
                                    input=text.encode())
            self.assertIn("No such device", said)  # the one thing that is wrong
            self.assertNotIn("parse", said)

    def test_libcamera_s_virtual_camera_from_missing_to_a_picture(self):
        self.addCleanup(self.restart_with, SYNTHETIC)
        shutil.copytree(os.path.join(HERE, "virtual"), virtual := os.path.join(self.folder.name, "virtual"))
        y, x = np.mgrid[0:240, 0:320]
        picture = np.stack([255 * x / 320, 255 * y / 240, np.full(x.shape, 90)], axis=2).astype(np.uint8)
        os.mkdir(os.path.join(virtual, "pictures"))
        Image.fromarray(picture).save(os.path.join(virtual, "pictures", "0.jpg"), quality=95)
        self.machine.send(virtual, "/run/virtual")
        self.machine.ssh("cp -r /usr/share/libcamera /run/libcamera && mkdir -p /run/libcamera/pipeline/virtual && "
                         "mount --bind /run/libcamera /usr/share/libcamera")
        self.addCleanup(self.machine.ssh, "umount /usr/share/libcamera")
        # While there is none at all, libcamera 0.4 never looks for this camera again in the same process: first there is another.
        self.machine.ssh("sed s/Virtual0/Other0/ /run/virtual/virtual.yaml >/run/libcamera/pipeline/virtual/virtual.yaml")
        self.restart_with({"camera": {**SYNTHETIC["camera"], "backend": "libcamera", "id": "Virtual0"}})
        self.assertEqual(self.status()["camera"]["state"], "absent")
        self.assertTrue(self.machine.ask("save").startswith("NOT_SAVED no camera"))

        self.machine.ssh("cp /run/virtual/virtual.yaml /run/libcamera/pipeline/virtual")
        wait_until(lambda: self.status()["camera"]["state"] == "running", 120, "the camera to be found")
        self.assertEqual(self.status()["camera"]["model"], "Virtual pictures")
        self.assertLess(np.abs(np.asarray(self.picture()).astype(int) - picture).mean(), 3)
        self.assertEqual(self.restarts(), 0)


if __name__ == "__main__":
    unittest.main()
