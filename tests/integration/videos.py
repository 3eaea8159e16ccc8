"""Reads the clips that pastcam wrote, and the numbers that its synthetic camera burnt into their frames."""

import json
import re
import subprocess

import numpy as np

from pictures import read_number


def probe(path):
    """What ffprobe says; it has nothing to complain about."""
    command = ["ffprobe", "-v", "warning", "-show_streams", "-show_format", "-of", "json", path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == "", done.stderr
    return json.loads(done.stdout)


def frames_of(path):
    """The burnt-in numbers of all frames that are shown, and their times."""
    stream = probe(path)["streams"][0]
    shape = (-1, stream["height"], stream["width"], 3)
    raw = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-fps_mode", "passthrough", "-f", "rawvideo",
                          "-pix_fmt", "rgb24", "-"], capture_output=True, check=True)
    assert raw.stderr == b"", raw.stderr
    times = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "frame=pts_time", "-of", "csv=p=0", path],
                           capture_output=True, text=True, check=True)
    numbers = [read_number(pixels) for pixels in np.frombuffer(raw.stdout, np.uint8).reshape(shape)]
    return numbers, [float(text.strip(",")) for text in times.stdout.split()]


def count_frames(path):
    """How many frames can be decoded."""
    command = ["ffprobe", "-v", "warning", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == "", done.stderr
    return int(done.stdout.strip(",\n"))


def clip_of(reply):
    return re.search(r"/\S+\.mp4", reply).group(0)
