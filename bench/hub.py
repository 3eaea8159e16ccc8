"""Measures pastcam-hub: inserts, history, memory, latency to MQTT, kills. usage: [KILLS=500] [CUTS=50] bench/hub.py build [PART]..."""

import json
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

BUILD = os.path.abspath(sys.argv[1])
os.environ["PASTCAM"] = os.path.join(BUILD, "pastcam")
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests", "integration"))
from broker import Broker, Relay, certificates  # noqa: E402
from harness import wait_until  # noqa: E402
from http_target import Target  # noqa: E402
from hub import Place  # noqa: E402
from power_cut import cuts  # noqa: E402
from s3 import KEY, REGION, SECRET, Store  # noqa: E402

CUTS = int(os.environ.get("CUTS", "50"))
KILLS = int(os.environ.get("KILLS", "100"))


def row(what, value, unit, limit):
    print(f"{what:58} {value:10.3f} {unit:4} (limit {limit:g}) {'' if value <= limit else 'OVER'}", flush=True)


def cpu_s(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mib(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmRSS"))


def insert():
    count = 20000
    with Place() as place:
        camera, hub = place.camera(), place.hub()
        camera.wait_reader()
        row("memory, nothing but events", rss_mib(hub.process.pid), "MiB", 10)
        before = cpu_s(hub.process.pid)
        for i in range(count):
            camera.say("motion.start", zone="gate", score=i)
        wait_until(lambda: hub.query("SELECT count(*) FROM events") == [(count,)], "all", 120)
        row("an event: receive, parse, judge, store; all threads", (cpu_s(hub.process.pid) - before) / count * 1e3, "ms", 0.1)


def history():
    count, days = 1_000_000, 100
    with Place() as place:
        hub = place.hub()
        hub.stop()
        database = sqlite3.connect(os.path.join(hub.data, "hub.db"))
        begin = int(time.time() * 1000) - days * 86400000
        database.executemany(
            "INSERT INTO events (camera, id, time_ms, type, json) VALUES ('yard', ?, ?, 'trigger', ?)",
            ((f"aaaaaaaaaaaa-{i}", begin + i * days * 86400000 // count, json.dumps({"event": "trigger", "id": i, "x": "y" * 150}))
             for i in range(count)))
        database.commit()
        database.close()

        def cpu_ms(*words):
            """Of a program that ends; the least of some."""
            took = []
            for _ in range(9):
                before = resource.getrusage(resource.RUSAGE_CHILDREN)
                lines = hub.run("events", "--json", *words).stdout.count("\n")
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                took.append((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3)
            return min(took), lines
        (start, _), (took, lines) = cpu_ms("--since", "1s"), cpu_ms("--since", "52d", "--until", "51d")
        assert lines > 9000, lines
        row(f"a day of a million events, {lines} of them; processor", took - start, "ms", 20)
        row("the program's start", start, "ms", 100)


def connect(place, port):
    camera = place.camera()
    hub = place.hub({"hub.mqtt.host": "127.0.0.1", "hub.mqtt.port": port, "hub.mqtt.node": "pi"})
    camera.wait_reader()
    hub.wait_log("Connected to the MQTT broker")
    return camera, hub


def latency():
    with Place() as place:
        broker = place.add(Broker())
        camera, hub = connect(place, broker.port)
        row("memory, with MQTT", rss_mib(hub.process.pid), "MiB", 10)
        reader = subprocess.Popen(["mosquitto_sub", "-h", "127.0.0.1", "-p", str(broker.port), "-t", "pastcam/pi/yard/event"],
                                  stdout=subprocess.PIPE, text=True)
        time.sleep(0.5)
        took = []
        for _ in range(200):
            start = time.perf_counter()
            camera.say("trigger")
            reader.stdout.readline()
            took.append((time.perf_counter() - start) * 1e3)
            time.sleep(0.01)
        reader.kill()
        reader.wait()
        took.sort()
        row("from the camera's event to a subscriber of the broker, median", took[100], "ms", 10)
        row("the same, 99th of 100", took[197], "ms", 10)


def memory():
    """With all that there is configured and in use, a webhook too whose handshake fails again and again: the most after the start."""
    with Place() as place, tempfile.TemporaryDirectory() as folder:
        certificates(folder)
        path = lambda name: os.path.join(folder, name)
        broker = place.add(Broker([f"cafile {path('ca.pem')}", f"certfile {path('server.pem')}", f"keyfile {path('server.key')}",
                                   "allow_anonymous true"], ["--cafile", path("ca.pem")]))
        target, store, camera = place.add(Target()), place.add(Store()), place.camera()
        for name, key in ("access", KEY), ("secret", SECRET):
            with open(path(name), "w", encoding="utf-8") as file:
                file.write(key + "\n")
            os.chmod(path(name), 0o600)
        upload = {"name": "s3", "url": store.url, "region": REGION, "access_key_file": path("access"), "secret_key_file": path("secret")}
        rule = {"name": "r", "when": {"event": "picture.saved"}, "do": ["webhook hook", "webhook tls", "upload s3"]}
        hub = place.hub({"hub.mqtt.host": "127.0.0.1", "hub.mqtt.port": broker.port, "hub.mqtt.ca_file": path("ca.pem")},
                        {"hub": {"webhooks": [{"name": "hook", "url": target.url}, {"name": "tls", "url": f"https://127.0.0.1:{broker.port}/"}],
                                 "uploads": [upload], "rules": [rule]}})
        hub.wait_log("Connected to the MQTT broker")
        time.sleep(1.1)  # until the start's code is given back
        camera.wait_reader()
        most = 0
        for i in range(400):
            if i % 20 == 0:
                camera.say("picture.saved", path=path("ca.pem"), formats=["pem"])
            time.sleep(0.02)
            most = max(most, rss_mib(hub.process.pid))
        target.wait(20)
        wait_until(lambda: store.puts == 20, f"all uploads, {store.refused} refused")
        row("memory, TLS, webhooks and uploads, in use: the most", most, "MiB", 10)
        row("the same, afterwards", rss_mib(hub.process.pid), "MiB", 10)


def away():
    """Ten minutes at five a second, faster; who listens does so all the while, at the broker itself."""
    with Place() as place:
        broker = place.add(Broker())
        relay = place.add(Relay(broker.port))
        listener = place.add(broker.listener("pastcam/pi/yard/event"))
        camera, hub = connect(place, relay.port)
        relay.cut()
        for i in range(3000):
            camera.say("trigger", label=str(i))
        hub.wait_event("trigger", 3000)
        relay.mend()
        wait_until(lambda: len(listener.payloads("pastcam/pi/yard/event")) >= 3000, "all of them", 150)
        heard = [json.loads(text)["id"] for text in listener.payloads("pastcam/pi/yard/event")]
        row("of 3000 events while the broker was away: missing", 3000 - len(set(heard)), "", 0)
        row("out of order", sum(a != b["id"] for a, b in zip(dict.fromkeys(heard), camera.kept)), "", 0)


def kills():
    """A stream of events, and a kill at any moment of a batch (a quarter of a second) or of the start."""
    with Place() as place:
        camera, hub = place.camera(), place.hub()
        over = threading.Event()

        def load():
            while not over.wait(0.01):
                camera.say("trigger")
        stream = threading.Thread(target=load)
        stream.start()
        for _ in range(KILLS):
            if random.random() < 0.8:
                wait_until(lambda: camera.readers, "the hub to follow")
            time.sleep(random.random() * 1.2)
            hub.kill()
            camera.readers = []
            hub.start()
        over.set()
        stream.join()
        camera.wait_reader()
        camera.say("boot")
        wait_until(lambda: hub.query("SELECT 1 FROM events WHERE type = 'boot'"), "the last event", 120)
        stored = [identity for identity, in hub.query("SELECT id FROM events WHERE type <> 'lost' ORDER BY seq")]
        said = [event["id"] for event in camera.kept]
        row(f"{KILLS} kills under load, of {len(said)} events: missing", len(set(said) - set(stored)), "", 0)
        row("stored twice", len(stored) - len(set(stored)), "", 0)
        row("out of order", sum(a != b for a, b in zip(stored, said)), "", 0)
        assert hub.query("PRAGMA integrity_check") == [("ok",)]


def available():
    """Home Assistant's start, until all that it must know of eight cameras has come; and a hub that is frozen or killed."""
    with Place() as place:
        broker = place.add(Broker())
        for i in range(7):
            place.camera(f"c{i}", f"{i:012x}").answers["status"] = "{}"
        camera, hub = connect(place, broker.port)
        hub.stop()
        camera.readers = []
        hub.arguments += ["-o", "hub.mqtt.keepalive_s=5"]
        hub.start()
        camera.wait_reader()
        hub.wait_log("Connected to the MQTT broker")
        listener = place.add(broker.listener())

        def fresh():
            """Messages that are not the broker's memory: discovery, and availability after it."""
            heard = [(topic, payload) for retained, topic, payload in listener.all() if not retained]
            configs = [topic for topic, _ in heard if topic.startswith("homeassistant/device/")]
            states = {topic for topic, payload in heard if topic.endswith("/status") and payload == "online" and "pastcam/" in topic}
            return configs, states
        time.sleep(2)  # what was still to be said of the start
        before = len(fresh()[0])
        listener.__exit__()
        listener = place.add(broker.listener())
        start = time.monotonic()
        broker.publish("homeassistant/status", "online")
        wait_until(lambda: len(set(fresh()[0])) == 8 and len(fresh()[1]) == 9, f"all; {before} before")
        row("Home Assistant's start to all of 8 cameras available", time.monotonic() - start, "s", 4)
        time.sleep(1)
        row("discovery messages a camera", len(fresh()[0]) / 8, "", 1)
        for how in "frozen", "killed":
            start = time.monotonic()
            heard = len(listener.payloads("pastcam/pi/status"))
            hub.process.send_signal(signal.SIGSTOP if how == "frozen" else signal.SIGKILL)
            wait_until(lambda: listener.payloads("pastcam/pi/status")[heard:][-1:] == ["offline"], "offline", 30)
            late = 6 if how == "frozen" else 0  # mosquitto looks for silent clients each six seconds
            row(f"a hub that is {how} to offline, keepalive 5 s", time.monotonic() - start, "s", 7.5 + late)
            hub.process.send_signal(signal.SIGCONT)
            if how == "frozen":
                wait_until(lambda: listener.payloads("pastcam/pi/status")[-1] == "online", "the connection again", 60)


def power():
    with Place() as place:
        worst, total = cuts(place, CUTS, time.time_ns())
        row(f"{CUTS} power cuts, of {total} events: the oldest that is lost was", worst, "s", 1)


PARTS = {"insert": insert, "latency": latency, "memory": memory, "away": away, "available": available, "kills": kills, "power": power, "history": history}
for part in sys.argv[2:] or PARTS:
    PARTS[part]()
