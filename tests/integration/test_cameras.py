"""Several cameras on one machine: one configuration, a process each."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from harness import BINARY, PATIENCE_S, ROOT, Daemon, main, names_in, paths_of, read_all, wait_until

NAMES = ("front", "yard", "attic")
UNITS = os.path.join(ROOT, "overlay", "usr", "lib", "systemd", "system")
COMMON = {
    "camera": {"backend": "synthetic", "width": 160, "height": 120, "framerate": 20},
    "ring": {"size": 600},
    "night": {"enable": False},
    "network": {"trigger_port": 0, "socket_dir": ""},
    "storage": {"min_free_mb": 0},
    "memory": {"max_rss_mb": 600},
}


class Machine:
    """A folder with one configuration, and the daemons of its cameras."""

    def __init__(self, cameras, **sections):
        self.folder = tempfile.mkdtemp(prefix="pastcam-cameras-")
        self.captures = os.path.join(self.folder, "captures")
        self.config = dict(COMMON, export={"base_dir": self.captures}, cameras=cameras, **sections)
        self.daemons = {}  # by name: the newest of each
        self.started = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for daemon in self.started:
            daemon.__exit__()
        shutil.rmtree(self.folder)

    def start(self, name):
        """With the harness's own options left out: the configuration says all."""
        folder = os.path.join(self.folder, name)
        os.makedirs(folder, exist_ok=True)
        nothing = {key: None for key in (*Daemon.DEFAULTS, "export.base_dir")}
        daemon = Daemon(nothing, config=self.config, folder=folder, arguments=("--camera", name),
                        environment={"RUNTIME_DIRECTORY": self.folder})
        self.daemons[name] = daemon
        self.started.append(daemon)
        daemon.wait_ready()
        return daemon

    def ask(self, name, line):
        """Through the camera's socket; the reply as JSON."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE_S)
            client.connect(os.path.join(self.folder, f"{name}.sock"))
            client.sendall(line.encode() + b"\n")
            return json.loads(read_all(client))

    def files(self):
        return names_in(self.captures)


def frame_number(path):
    return int(re.search(r"_f(\d+)", path).group(1))


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Cameras(unittest.TestCase):
    def test_one_that_is_killed_and_one_that_aborts_leave_the_third_alone(self):
        with Machine({name: {} for name in NAMES}) as machine:
            front, yard, attic = (machine.start(name) for name in NAMES)
            for daemon in (front, yard, attic):
                daemon.wait_frames(10)
            saved = attic.ask("past at=-0.2 count=4 npy")
            before = {frame_number(path): read(path) for path in paths_of(saved)}
            status = attic.status()
            front.process.kill()
            yard.process.send_signal(signal.SIGABRT)
            self.assertEqual(front.wait_exit(), -signal.SIGKILL)
            self.assertEqual(yard.wait_exit(), -signal.SIGABRT)
            newest = status["ring"]["newest_id"]
            wait_until(lambda: attic.status()["ring"]["newest_id"] >= newest + 20, "twenty frames more")

            at = float(re.search(r"timestamp: (\S+) ", saved).group(1))
            again = {frame_number(path): read(path) for path in paths_of(attic.ask(f"past at={at} count=16 npy"))}
            self.assertLessEqual(set(before), set(again))
            for number, content in before.items():
                self.assertEqual(again[number], content, f"frame {number} has changed")
            now = attic.status()
            self.assertEqual(now["camera"]["restarts"], status["camera"]["restarts"])
            self.assertEqual(now["ring"]["dropped"], 0, "frames without a gap")
            self.assertRegex(machine.start("front").ask("save"), "^Saved ")

    def test_files_carry_the_name_in_one_folder(self):
        with Machine({name: {} for name in NAMES}) as machine:
            for name in NAMES:
                daemon = machine.start(name)
                self.assertEqual(daemon.status()["name"], name)
                path, = paths_of(daemon.ask("save"))
                self.assertRegex(path, rf"/captures/{name}_\d{{8}}_\d{{6}}_f\d{{8}}\.jpg$")
            self.assertEqual([file.split("_")[0] for file in machine.files()], sorted(NAMES))

    def test_sockets_carry_the_name(self):
        with Machine({"front": {}, "yard": {}}) as machine:
            machine.config["network"] = {"trigger_port": 0, "socket_dir": machine.folder}
            machine.start("front")
            machine.start("yard")
            self.assertEqual(machine.ask("yard", "status")["name"], "yard")
            machine.daemons["front"].process.kill()
            machine.daemons["front"].wait_exit()
            self.assertEqual(machine.ask("yard", "status")["name"], "yard")
            machine.start("front")  # over the socket that the kill left
            self.assertEqual(machine.ask("front", "status")["name"], "front")
            self.assertEqual(machine.daemons["yard"].stop(), 0)
            self.assertEqual([name for name in os.listdir(machine.folder) if name.endswith(".sock")], ["front.sock"])

    def test_one_camera_cannot_be_started_twice(self):
        with Machine({"front": {}, "yard": {}}) as machine:
            machine.config["network"] = {"trigger_port": 0, "socket_dir": machine.folder}
            first = machine.start("front")
            with self.assertRaisesRegex(AssertionError, "(?s)exited with 44.*another pastcam serves .*front.sock already"):
                machine.start("front")
            self.assertEqual(first.stop(), 0)

    def test_retention_knows_both_forms(self):
        with Machine({"front": {}, "yard": {}}, storage={"min_free_mb": 0, "max_age_days": 1}) as machine:
            os.mkdir(machine.captures)
            old = time.time() - 3 * 86400
            names = ("front_20200101_101500_f00000001.jpg", "20200101_101500_f00000001.jpg",
                     "yard_20200101_101500_f00000001.png", "holiday_20200101.jpg", "front_20200101_101500.jpg")
            for name in names:
                path = os.path.join(machine.captures, name)
                with open(path, "wb") as file:
                    file.write(b"x")
                os.utime(path, (old, old))
            status = machine.start("front").status
            wait_until(lambda: status()["storage"]["pictures"] == 3, "the pictures to be counted")
            self.assertEqual(machine.files(), sorted(names), "a clock that is not trusted yet deletes nothing")

    def test_memory_is_shared(self):
        cameras = {"front": {"memory": {"share": 0.5}}, "yard": {}, "attic": {}}
        with Machine(cameras, memory={"max_rss_mb": 400}) as machine:
            limits = [machine.start(name).status()["memory"]["max_rss_mib"] for name in NAMES]
            self.assertEqual(limits, [200, 100, 100])

    def test_the_ports_count_up_and_ask_finds_them(self):
        with Machine({"front": {}, "yard": {}}) as machine:
            port = free_ports(2)
            machine.config["network"] = {"trigger_port": port, "socket_dir": ""}
            self.assertEqual([machine.start(name).port for name in ("front", "yard")], [port, port + 1])
            config = os.path.join(machine.folder, "yard", "config.json")
            done = subprocess.run([BINARY, "-c", config, "--camera", "yard", "ask", "status"], capture_output=True,
                                  check=True)
            self.assertEqual(json.loads(done.stdout)["name"], "yard")


def free_ports(count):
    """The first of so many ports in a row that nobody has."""
    for port in range(20000, 30000, 7):
        sockets = []
        try:
            for i in range(count):
                sockets.append(socket.create_server(("127.0.0.1", port + i)))
            return port
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()
    raise AssertionError("no free ports")


class CommandLine(unittest.TestCase):
    def run_with(self, cameras, *arguments):
        with tempfile.TemporaryDirectory(prefix="pastcam-cameras-") as folder:
            path = os.path.join(folder, "config.json")
            with open(path, "w", encoding="utf-8") as file:
                json.dump(dict(COMMON, cameras=cameras), file)
            done = subprocess.run([BINARY, "-c", path, *arguments], capture_output=True, text=True, check=False)
            return done.returncode, done.stdout + done.stderr

    def assert_refused(self, cameras, pattern, *arguments):
        code, text = self.run_with(cameras, *arguments)
        self.assertEqual(code, 2, text)
        self.assertRegex(text, pattern)

    def test_which_camera_must_be_said(self):
        two = {"front": {}, "yard": {}}
        self.assert_refused(two, r"say which, as in --camera front \(front, yard\)")
        self.assert_refused(two, "say which", "--dump-config")
        self.assert_refused(two, 'there is no camera "attic" in the configuration: it has front, yard', "--camera",
                            "attic")
        for name in ("a/b", "..", "a b", "", "x" * 200):
            self.assert_refused(two, "is not a camera's name", "--camera", name)
            self.assert_refused({name: {}}, "but a name must be 1 to 32 letters", "--check-config")

    def test_check_config_checks_every_camera(self):
        code, text = self.run_with({"front": {}, "yard": {}}, "--check-config")
        self.assertEqual((code, text), (0, "The configuration is good.\n"))
        wrong = {"front": {}, "yard": {"camera": {"width": 1}}, "attic": {"camera": {"height": 1}}}
        self.assert_refused(wrong, r"(?s)cameras\.yard: camera\.width is 1.*cameras\.attic: camera\.height is 1",
                            "--check-config")
        self.assertEqual(self.run_with(wrong, "--check-config", "--camera", "front")[0], 0)

    def test_two_cameras_with_one_port(self):
        port = {"network": {"trigger_port": 9999}}
        self.assert_refused({"front": port, "yard": port}, "the cameras front and yard both have port 9999",
                            "--check-config")

    def test_what_is_in_force_is_a_configuration_of_its_own(self):
        code, text = self.run_with({"front": {"memory": {"share": 0.5}}, "yard": {}}, "--camera", "front",
                                   "--dump-config")
        self.assertEqual(code, 0)
        values = json.loads(text)
        self.assertNotIn("cameras", values)
        self.assertEqual(values["memory"]["max_rss_mb"], 300)


class Unit(unittest.TestCase):
    def test_the_template_is_the_unit_but_for_the_name(self):
        with open(os.path.join(UNITS, "pastcam.service"), encoding="utf-8") as file:
            unit = file.read()
        with open(os.path.join(UNITS, "pastcam@.service"), encoding="utf-8") as file:
            template = file.read().partition("\n")[2]  # less the comment
        unit = unit.replace("that remembers\n", "that remembers: %i\n").replace("config.json\n", "config.json --camera %i\n")
        self.assertEqual(template, unit)


if __name__ == "__main__":
    main()
