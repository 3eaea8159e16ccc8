"""What the place where tests run lacks: a container or a chroot of package builders forbids what some of them need.

A test file that needs more than a plain place says so, in a line `Needs: WHAT` of its first lines; WHAT is a key of NEEDS.
tests/run asks here first, and leaves the file out by name, with the reason."""

import functools
import os
import re
import subprocess
import tempfile

NO_MOUNTS = "mounts of its own"


@functools.cache
def own_mounts():
    """(the command that runs another one with mounts of its own, ""), or (None, why there is none)."""
    why = ""
    ways = [["--mount"]] if os.getuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="pastcam-place-") as folder:
        for way in [*ways, ["--mount", "--user", "--map-root-user"]]:
            command = ["unshare", *way]
            try:
                done = subprocess.run([*command, "sh", "-ec", 'mount -t tmpfs tmpfs "$1" && mkdir "$1/a" && mount --bind "$1/a" "$1/a"', "sh", folder],
                                      capture_output=True, text=True, check=False)
            except OSError as error:
                return None, f"{NO_MOUNTS}: unshare: {error.strerror}"
            if done.returncode == 0:
                return command, ""
            why = why or (done.stderr.strip() or "unshare failed").splitlines()[0]
    return None, f"{NO_MOUNTS}: {why}"


def no_mounts():
    return own_mounts()[1]


def cgroup_root():
    """Where a group of the memory controller can be made: version 1 or 2."""
    old = "/sys/fs/cgroup/memory"
    return old if os.path.exists(old) else "/sys/fs/cgroup"


def no_cgroup():
    root = cgroup_root()
    if not root.endswith("/memory"):
        try:
            with open(os.path.join(root, "cgroup.subtree_control"), encoding="ascii") as file:
                if "memory" not in file.read().split():
                    return f"a cgroup of its own: {root} has no memory controller for groups"
        except OSError as error:
            return f"a cgroup of its own: {root}: {error.strerror}"
    group = os.path.join(root, f"pastcam-place-{os.getpid()}")
    try:
        os.mkdir(group)
        os.rmdir(group)
    except OSError as error:
        return f"a cgroup of its own: {group}: {error.strerror}"
    return ""


@functools.cache
def no_block_device():
    """One of a file, with a filesystem that can be mounted."""
    command, why = own_mounts()
    if command is None:
        return why
    with tempfile.TemporaryDirectory(prefix="pastcam-place-") as folder:
        script = 'truncate -s 4M "$1/image" && mkfs.ext4 -q "$1/image" && mkdir "$1/disk" && mount -o loop "$1/image" "$1/disk" && umount "$1/disk"'
        done = subprocess.run([*command, "sh", "-ec", script, "sh", folder], capture_output=True, text=True, check=False)
    return f"a block device: {(done.stderr.strip() or 'mount failed').splitlines()[0]}" if done.returncode else ""


def has_sanitizer():
    return "a program without sanitizers" if "/sanitize-" in os.environ.get("PASTCAM", "") else ""


# What a file may need, and what says what is missing for that; "": nothing.
NEEDS = {"own mounts": no_mounts, "a block device": no_block_device, "a cgroup": no_cgroup, "no sanitizer": has_sanitizer}


def missing(path):
    """What the test file needs and cannot have here, with the reason; "" when it can run."""
    with open(path, encoding="utf-8") as file:
        needs = re.search(r"^Needs: (.*?)\.?$", file.read(4096), re.M)
    for need in needs.group(1).split(", ") if needs else ():
        if why := NEEDS[need]():
            return why
    return ""
