"""A program of the project while it runs: what it logs, when it is up, how it ends."""

import os
import re
import signal
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.environ.get("PASTCAM", os.path.join(ROOT, "build", "pastcam"))
SANITIZED = "/sanitize-" in BINARY  # built with a sanitizer: slower, and larger in memory
PATIENCE_S = 120 if SANITIZED else 60  # for what should take far less; sanitizers and shared machines are slow


def wait_until(condition, what, patience_s=PATIENCE_S):
    """Returns condition()'s first true value."""
    end = time.monotonic() + patience_s
    while True:
        over = time.monotonic() >= end  # looked at before: a last look comes after all of the time
        value = condition()
        if value:
            return value
        if over:
            raise AssertionError(f"waited {patience_s} s in vain for {what}")
        time.sleep(0.02)


def assignments(options):
    """As words of a command line; an option that is None is left out."""
    return [word for key, value in options.items() if value is not None for word in ("-o", f"{key}={value}")]


class Program:
    """Started at once, and killed at the end of a with."""

    READY = None  # what its log says when it is up; a group in it is its port

    def __init__(self, folder, log_name, command, environment=None):
        self.folder = folder
        self.log_path = os.path.join(folder, log_name)
        self.command = command
        self.environment = environment or {}  # beside that of the test, looked at with each start
        self.port = None
        self.start()

    def start(self):
        with open(self.log_path, "ab") as log:
            self.log_start = log.tell()
            self.process = subprocess.Popen(self.command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env={**os.environ, **self.environment})

    def __enter__(self):
        try:
            self.wait_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.kill()

    def log(self):
        """Since it was started."""
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            file.seek(self.log_start)
            return file.read()

    def wait_log(self, pattern):
        return wait_until(lambda: re.search(pattern, self.log()), f"/{pattern}/ in the log")

    def wait_ready(self):
        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"exited with {self.process.returncode}:\n{self.log()}")
            return re.search(self.READY, self.log())
        found = wait_until(ready, f"the start of {os.path.basename(self.command[0])}")
        if found.groups():
            self.port = int(found[1])

    def wait_exit(self, patience_s=PATIENCE_S):
        return self.process.wait(patience_s)

    def stop(self, patience_s=PATIENCE_S):
        self.process.send_signal(signal.SIGTERM)
        return self.wait_exit(patience_s)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
