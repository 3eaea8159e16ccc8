"""Drives Firefox by its own Marionette, as geckodriver would, which Debian does not have."""

import base64
import json
import os
import re
import socket
import subprocess
import tempfile
import time

PATIENCE_S = 300  # for what takes seconds, on a busy machine
PREFERENCES = {"marionette.port": 0, "app.update.enabled": False, "browser.shell.checkDefaultBrowser": False, "datareporting.policy.dataSubmissionEnabled": False,
               "toolkit.telemetry.reportingpolicy.firstRun": False, "browser.startup.page": 0, "network.captive-portal-service.enabled": False,
               "network.connectivity-service.enabled": False, "extensions.update.enabled": False, "app.normandy.enabled": False, "services.settings.server": "data:,#"}


class Firefox:
    def __init__(self, width=1440, height=900):
        self.profile = tempfile.TemporaryDirectory(prefix="pastcam-firefox-")
        with open(os.path.join(self.profile.name, "user.js"), "w", encoding="utf-8") as file:
            for name, value in PREFERENCES.items():
                file.write(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n")
        self.process = subprocess.Popen(["firefox-esr", "--headless", "--marionette", "--no-remote", "--profile", self.profile.name, f"--width={width}", f"--height={height}"],
                                        env={**os.environ, "HOME": self.profile.name, "MOZ_DISABLE_CONTENT_SANDBOX": "1"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self.socket = self.connect()
            self.buffer, self.number = b"", 0
            self.read()  # its greeting
            self.command("WebDriver:NewSession", {})
        except BaseException:
            self.quit()
            raise

    def connect(self):
        path, end = os.path.join(self.profile.name, "MarionetteActivePort"), time.monotonic() + PATIENCE_S
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with open(path, encoding="ascii") as file:
                    return socket.create_connection(("127.0.0.1", int(file.read())), PATIENCE_S)
            except (OSError, ValueError):
                time.sleep(0.1)
        raise AssertionError("Firefox does not answer")

    def read(self):
        while not (head := re.match(rb"(\d+):", self.buffer)) or len(self.buffer) < head.end() + int(head.group(1)):
            chunk = self.socket.recv(1 << 20)
            if not chunk:
                raise AssertionError("Firefox has gone")
            self.buffer += chunk
        end = head.end() + int(head.group(1))
        message, self.buffer = json.loads(self.buffer[head.end():end]), self.buffer[end:]
        return message

    def command(self, name, parameters):
        self.number += 1
        text = json.dumps([0, self.number, name, parameters]).encode()
        self.socket.sendall(str(len(text)).encode() + b":" + text)
        _, number, error, result = self.read()
        if error or number != self.number:
            raise AssertionError(f"{name}: {error}")
        return result

    def get(self, url):
        self.command("WebDriver:Navigate", {"url": url})

    def run(self, script, *arguments):
        return self.command("WebDriver:ExecuteScript", {"script": script, "args": arguments})["value"]

    def press(self, key):
        actions = [{"type": kind, "value": key} for kind in ("keyDown", "keyUp")]
        self.command("WebDriver:PerformActions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def screenshot(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.command("WebDriver:TakeScreenshot", {"full": False})["value"]))

    def quit(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if hasattr(self, "socket"):
            self.socket.close()
        self.profile.cleanup()
