"""Long runs of motion detection on scenes whose truth is known: how many false events in HOURS simulated hours, and how
many of WALKS walkers are told within three frames.

usage: motion_runs.py PROGRAM [HOURS [WALKS]]. PROGRAM is bench/motion/main.c. A walk counts from the first frame with
half of the walker in it. The hours are of pictures of 640x480 in cells of 4x4 pixels, of which the cells alone are drawn,
with the noise that a cell's mean has (a rainy one is drawn in pixels): 24 in about five minutes of a processor. The
walks are in pictures of 1024x768."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

FRAMERATE = 10
NIGHT = ["-n", "100000,16", "-l", "0.5"]
TREE = "[[[0.12,0.25],[0.46,0.25],[0.46,0.65],[0.12,0.65]]]"

STILL = [  # what must not be told: name, effects, arguments; periods that no frame rate divides
    ("lamp +2 EV", "noise,lamp=2@5+15/31.3", []),
    ("lamp -2 EV", "noise,lamp=-2@5+15/31.3", []),
    ("clouds dim it", "noise,dim=0.6@2+40/47.3", []),
    ("a cloud's edge", "noise,cloud=0.5@2+30/41.7", []),
    ("lightning", "noise,lamp=3@5+0.1/17.3,lamp=2@5.3+0.3/23.9", []),
    ("exposure ladder", "noise", ["-n", "100000,8", "-l", "1", "-L", "21.7"]),
    ("day and night", "noise", ["-n", "100000,16", "-l", "0.5", "-N", "61.3"]),
    ("8 hours of dusk and dawn", "noise", ["-l", "400,0.02,57600"]),
    ("night, gain 16", "noise", NIGHT),
    ("rain", "noise,rain=40", ["-s", "160x120", "-b", "2"]),  # streaks as large as a cell would be what moves
    ("a tree sways, ignored", "noise,sway=1", ["-i", TREE]),
    ("a tree sways", "noise,sway=1", []),
]
WALKING = [
    ("walkers of 0.5 %, day", "noise,walker=0.5@3+7/10.37", []),
    ("walkers of 2 %, night, gain 16", "noise,walker=2@3+7/10.37", NIGHT),
    ("a tenth as many, smeared", "noise,walker=2@3+7/10.37", ["-m", *NIGHT]),
]


def run(program, effects, arguments, frames):
    done = subprocess.run([program, "-q", *arguments, effects, str(frames)], capture_output=True, text=True, check=True)
    return [int(word) for word in done.stdout.split()]


def still(program, hours, scene):
    name, effects, arguments = scene
    size = [] if "-s" in arguments else ["-c", "-s", "640x480"]
    frames, false, _, _ = run(program, effects, [*size, *arguments], int(hours * 3600 * FRAMERATE))
    return f"{name:32} {frames / FRAMERATE / 3600:5.1f} h  {false:4} false events"


def walking(program, walks, scene):
    name, effects, arguments = scene
    walks = walks // 10 if "-m" in arguments else walks  # each of its frames is drawn sixteen times
    _, false, there, told = run(program, effects, arguments, int(walks * 10.37 * FRAMERATE) + 10)
    return f"{name:32} {told:5} of {there} told within 3 frames, {false} false events"


def main():
    program = sys.argv[1]
    hours = float(sys.argv[2]) if len(sys.argv) > 2 else 24
    walks = int(sys.argv[3]) if len(sys.argv) > 3 else 200
    with ThreadPoolExecutor(2) as pool:
        rows = [pool.submit(still, program, hours, scene) for scene in STILL if hours > 0]
        rows += [pool.submit(walking, program, walks, scene) for scene in WALKING if walks > 0]
        for row in rows:
            print(row.result(), flush=True)


if __name__ == "__main__":
    main()
