"""Reads the clips that pastcam wrote, and the numbers that its synthetic camera burnt into their frames."""

import json
import re
import struct
import subprocess

import numpy as np

from pictures import read_number


def probe(path):
    """What ffprobe says; it has nothing to complain about."""
    command = ["ffprobe", "-v", "warning", "-show_streams", "-show_format", "-of", "json", path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == "", done.stderr
    return json.loads(done.stdout)


def frames_of(path, options=()):
    """The burnt-in numbers of all frames that are shown, and their times. options: of the one who reads the file."""
    stream = probe(path)["streams"][0]
    shape = (-1, stream["height"], stream["width"], 3)
    raw = subprocess.run(["ffmpeg", "-v", "error", *options, "-i", path, "-fps_mode", "passthrough", "-f", "rawvideo",
                          "-pix_fmt", "rgb24", "-"], capture_output=True, check=True)
    assert raw.stderr == b"", raw.stderr
    times = subprocess.run(["ffprobe", "-v", "error", *options, "-show_entries", "frame=pts_time", "-of", "csv=p=0", path],
                           capture_output=True, text=True, check=True)
    numbers = [read_number(pixels) for pixels in np.frombuffer(raw.stdout, np.uint8).reshape(shape)]
    return numbers, [float(text.strip(",")) for text in times.stdout.split()]


def frames_on_time(path):
    """The same with the times at which a player that follows the edit list to the letter shows them, below 0 for those before it:
    ffmpeg leaves out the frame in which the presentation begins, and counts from the next one."""
    numbers, times = frames_of(path, ("-ignore_editlist", "1"))
    with open(path, "rb") as file:
        data = file.read()
    at = data.rfind(b"elst") + 4  # version and flags, one entry: duration and beginning, of eight bytes each
    begin = struct.unpack_from(">q", data, at + 16)[0] if at > 4 else 0
    scale = int(probe(path)["streams"][0]["time_base"].partition("/")[2])
    return numbers, [time - begin / scale for time in times]


def count_frames(path):
    """How many frames can be decoded."""
    command = ["ffprobe", "-v", "warning", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == "", done.stderr
    return int(done.stdout.strip(",\n"))


def fragments_of(data):
    """How many frames each whole fragment has of a video that may break off."""
    counts, at, frames = [], 0, 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if at + size > len(data):
            break
        if kind == b"moof":
            frames = struct.unpack_from(">I", data, data.index(b"trun", at) + 8)[0]
        elif kind == b"mdat":
            counts.append(frames)
        at += size
    return counts


def assert_row(test, numbers, lost):
    """One frame after the other: none is missing but those that the camera itself has lost, since the machine stood still."""
    test.assertEqual(numbers, sorted(set(numbers)))
    test.assertLessEqual(numbers[-1] - numbers[0] + 1 - len(numbers), lost, numbers)


def clip_of(reply):
    return re.search(r"/\S+\.mp4", reply).group(0)
