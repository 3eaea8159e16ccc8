"""A Pi for the tests: QEMU running from a card, asked over TCP and ssh, both forwarded to 127.0.0.1."""

import os
import socket
import subprocess
import time

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

    def __init__(self, card, folder, key=None, memory=1024, network=True):
        self.card = card
        self.key = key
        self.port, self.ssh_port = free_port(), free_port()
        self.console_path = os.path.join(folder, "console.log")
        forward = f"hostfwd=tcp:127.0.0.1:{self.port}-:9999,hostfwd=tcp:127.0.0.1:{self.ssh_port}-:22"
        self.command = self.board() + ["-m", str(memory), "-display", "none", "-monitor", "none"]
        self.command += ["-serial", f"file:{self.console_path}"]
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
        with open(self.console_path, errors="replace") as file:
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
