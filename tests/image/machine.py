"""A Pi for the tests: QEMU running from a card, asked over TCP and ssh, both forwarded to 127.0.0.1."""

import http.client
import json
import os
import socket
import struct
import subprocess
import time

from card import run

# The machine's clock counts instructions: on a busy host it gets slow but no time-out inside strikes too early.
STEADY = ["-icount", "shift=3,sleep=on", "-rtc", "clock=vm"]
UBOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, seconds, what, pause=0.5):
    """Returns the first true value of condition(); an AssertionError that says `what` after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(pause)
    raise AssertionError(f"{what}: not within {seconds} s")


class Machine:
    """QEMU's `virt` board: U-Boot starts the card's own boot script, as on a Pi."""

    UART = 0  # which of them is the console

    def __init__(self, card, folder, key=None, memory=1024, network=True):
        self.card = card
        self.key = key
        self.port, self.ssh_port, self.page_port = free_port(), free_port(), free_port()
        self.console_path = os.path.join(folder, "console.log")
        forward = ",".join(f"hostfwd=tcp:127.0.0.1:{port}-:{inside}"
                           for port, inside in ((self.port, 9999), (self.ssh_port, 22), (self.page_port, 80)))
        self.command = self.board() + ["-m", str(memory), "-display", "none", "-monitor", "none"]
        self.command += [*["-serial", "null"] * self.UART, "-serial", f"file:{self.console_path}"]
        self.command += self.network(forward) if network else ["-nic", "none"]
        self.qemu = None

    def board(self):
        drive = f"file={self.card.path},format=raw,if=none,id=card"
        return ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a53", "-bios", UBOOT, *STEADY,
                "-drive", drive, "-device", "virtio-blk-device,drive=card", "-device", "virtio-rng-device"]

    def network(self, forward):
        return ["-netdev", f"user,id=net,{forward}", "-device", "virtio-net-device,netdev=net"]

    def start(self):
        self.started = time.monotonic()
        with open(self.console_path, "w"):  # what it said before is not what it says now
            pass
        self.qemu = subprocess.Popen(self.command, stdin=subprocess.DEVNULL)

    def cut_power(self):
        if self.qemu:
            self.qemu.kill()
            self.qemu.wait()
            self.qemu = None

    def power_off(self, seconds=90):
        self.ssh("systemctl poweroff", check=False)
        self.qemu.wait(seconds)
        self.qemu = None

    def console(self):
        with open(self.console_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def token(self):
        content = self.card.fat_read("pastcam/token.txt")
        return content.decode().strip() if content else None

    def ask(self, command, token=None, seconds=60):
        """The reply to a command line, None when nobody answers."""
        token = token or self.token()
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
                connection.sendall(f"auth {token}\n{command}\n".encode())
                return b"".join(iter(lambda: connection.recv(65536), b"")).decode().strip() or None
        except OSError:
            return None

    def page(self, path, headers=None, body=None, seconds=60, method=None):
        """The answer of pastcam-web, (status, headers, body); None when nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.page_port, timeout=seconds)
        try:
            connection.request(method or ("GET" if body is None else "POST"), path, body, {"Host": "pastcam.local", **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def wait_for_page(self, seconds=300):
        """Seconds from power-on, as wait_for_health."""
        wait_until(lambda: (self.page("/healthz", seconds=5) or (0,))[0] == 200, seconds, "an answer of the page")
        return time.monotonic() - self.started

    def wait_for_health(self, seconds=300):
        """Seconds from power-on, or from the call when that was long ago, to the first `health`."""
        token = wait_until(self.token, seconds, "a token on the card")
        wait_until(lambda: (self.ask("health", token, 5) or "").startswith("RSS="), seconds, "an answer to health")
        return time.monotonic() - self.started

    def ssh(self, command, check=True, seconds=180, **options):
        """Runs a command as root in the machine, returns what it printed."""
        result = subprocess.run(["ssh", "-q", "-p", str(self.ssh_port), "-i", self.key, *self.ssh_options(), "root@127.0.0.1", command],
                                capture_output=True, timeout=seconds, check=False, **options)
        if check and result.returncode:
            raise AssertionError(f"{command}: exit {result.returncode}\n{result.stdout!r}\n{result.stderr!r}")
        return result.stdout.decode() if isinstance(result.stdout, bytes) else result.stdout

    def wait_for_ssh(self, seconds=300):
        wait_until(lambda: self.ssh("echo yes", check=False, seconds=60) == "yes\n", seconds, "ssh")

    def fetch(self, path, to):
        subprocess.run(["scp", "-q", "-P", str(self.ssh_port), "-i", self.key, *self.ssh_options(), "-r", f"root@127.0.0.1:{path}", to],
                       check=True, timeout=300)

    def send(self, path, to):
        subprocess.run(["scp", "-q", "-P", str(self.ssh_port), "-i", self.key, *self.ssh_options(), "-r", path, f"root@127.0.0.1:{to}"],
                       check=True, timeout=600)

    @staticmethod
    def ssh_options():
        return ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes",
                "-o", "BatchMode=yes", "-o", "ConnectTimeout=20"]


class RaspberryPi(Machine):
    """A Pi as far as QEMU has one. Its GPU it has not, so this does what the GPU's firmware does before U-Boot runs.
    The size of the card must be a power of two."""

    # QEMU's watchdog resets the board as soon as it is started.
    WORDS = "systemd.watchdog_sec=off"

    def __init__(self, card, folder, key=None):
        self.folder = folder
        self.monitor_path = os.path.join(folder, "monitor")
        super().__init__(card, folder, key, self.MEMORY)

    def firmware(self, name):
        """A file of the FAT as one of this computer's."""
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(self.card.fat_read(name))
        return path

    def tree(self):
        path = self.firmware(self.TREE)
        self.set_property(path, "/chosen", "bootargs", f"{self.card.fat_read('cmdline.txt').decode().strip()} {self.WORDS}")
        return path

    @staticmethod
    def set_property(tree, node, name, value, kind="s"):
        run("fdtput", "-t", kind, tree, node, name, value)

    def board(self):
        return [*self.processor(), *STEADY, "-drive", f"file={self.card.path},format=raw,if=sd"]

    def network(self, forward):
        return ["-netdev", f"user,id=net,{forward}", "-qmp", f"unix:{self.monitor_path},server=on,wait=off"]

    def start(self):
        """Returns when Linux runs. What U-Boot has used of QEMU's USB, Linux cannot use again: so it is plugged in now."""
        super().start()
        wait_until(lambda: "Run /init" in self.console(), 600, "Linux")
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(self.monitor_path)
            answers = monitor.makefile("r")
            for command in ({"execute": "qmp_capabilities"},
                            {"execute": "device_add", "arguments": {"driver": "usb-net", "netdev": "net"}}):
                monitor.sendall(json.dumps(command).encode())
                while "return" not in (answer := json.loads(answers.readline())):
                    if "error" in answer:
                        raise AssertionError(answer)


class Pi3(RaspberryPi):
    MEMORY = 1024
    UART = 1
    TREE = "bcm2837-rpi-3-b.dtb"

    def processor(self):
        return ["qemu-system-aarch64", "-M", "raspi3b", "-kernel", self.firmware("u-boot.bin"), "-dtb", self.tree()]


class PiZero(RaspberryPi):
    MEMORY = 512
    TREE = "bcm2835-rpi-zero.dtb"
    # QEMU has no power domains.
    WORDS = f"{RaspberryPi.WORDS} initcall_blacklist=bcm2835_power_driver_init"
    START_AT, UBOOT_AT, TREE_AT = 0x1000, 0x8000, 0x3000000

    def tree(self):
        """U-Boot asks QEMU for the clock of the usual card controller, is told 0, and divides by it: the other controller has the card."""
        path = super().tree()
        self.set_property(path, "/soc/mmc@7e202000", "status", "disabled")
        self.set_property(path, "/soc/mmc@7e300000", "status", "okay")
        self.set_property(path, "/soc/mmc@7e300000", "pinctrl-names", "default")
        pins = run("fdtget", "-t", "x", path, "/soc/gpio@7e200000/emmc-gpio48", "phandle", text=True).strip()
        self.set_property(path, "/soc/mmc@7e300000", "pinctrl-0", pins, "x")
        return path

    def start_code(self):
        """Calls U-Boot with the device tree: mov r0, #0; ldr r2, TREE_AT; ldr pc, UBOOT_AT; a gap; both addresses."""
        path = os.path.join(self.folder, "start")
        with open(path, "wb") as file:
            file.write(struct.pack("<6I", 0xE3A00000, 0xE59F2004, 0xE59FF004, 0, self.TREE_AT, self.UBOOT_AT))
        return path

    def processor(self):
        loaded = ((self.firmware("u-boot-zero.bin"), self.UBOOT_AT), (self.tree(), self.TREE_AT), (self.start_code(), f"{self.START_AT},cpu-num=0"))
        devices = [f"loader,file={path},addr={address},force-raw=on" for path, address in loaded]
        return ["qemu-system-arm", "-M", "raspi0", *(word for device in devices for word in ("-device", device))]
