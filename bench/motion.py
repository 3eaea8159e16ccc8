"""Motion detection beside OpenCV's MOG2, on scenes whose truth is known and on a folder of pictures, in one run.

usage: motion.py PROGRAM PASTCAM [FRAMES]. PROGRAM is bench/motion/main.c. MOG2's masks, without its shadows, become
events by the same rules as pastcam's: the largest part has 0.1 % of the picture, for three frames in a row, and motion
holds for half a second. Times are of one thread's processor."""

import json
import os
import subprocess
import sys
import tempfile
import time

import cv2
import numpy

WIDTH, HEIGHT, FRAMERATE = 1024, 768, 10
MIN_FRAMES, HOLD = 3, 5
TREE, HAND_FROM = "../shared/data/tree", 18
TREE_IGNORED = "[[[0.13,0.27],[0.44,0.27],[0.44,0.63],[0.13,0.63]]]"
NIGHT = ["-n", "100000,16", "-l", "0.5"]

SCENES = [  # name, effects, arguments
    ("nothing, noise", "noise", []),
    ("walker 0.5 %", "noise,walker=0.5@3+7/10", []),
    ("walker 0.5 %, blurred", "noise,blur=3,walker=0.5@3+7/10", []),
    ("walker 2 %, night, gain 16", "noise,walker=2@3+7/10", NIGHT),
    ("the same, smeared", "noise,walker=2@3+7/10", ["-m", *NIGHT]),
    ("walker 1 %, rain", "noise,rain=100,walker=1@6+7/15", []),
    ("walker 1 %, clouds", "noise,dim=0.6@2+10/12,walker=1@6+7/15", []),
    ("walker 1 %, tree sways", "noise,sway=6,walker=1@8+7/16", []),
    ("rain", "noise,rain=200", []),
    ("clouds dim it", "noise,dim=0.6@2+8/10", []),
    ("a cloud's edge", "noise,cloud=0.5@2+20/24", []),
    ("a cloud's edge, quicker", "noise,cloud=0.7@2+12/15", []),
    ("lamp +2 EV", "noise,lamp=2@5+5/10", []),
    ("lamp -2 EV", "noise,lamp=-2@5+5/10", []),
    ("lightning", "noise,lamp=3@5+0.2/4", []),
    ("headlights", "noise,headlights=2@2+5/8", []),
    ("tree sways", "noise,sway=6", []),
    ("tree sways, ignored", "noise,sway=6", ["-i", TREE_IGNORED]),
    ("nothing, night, gain 16", "noise", NIGHT),
]


class Mog2:
    def __init__(self, median, ignored=None):
        self.subtractor = cv2.createBackgroundSubtractorMOG2()
        self.median = median
        self.ignored = ignored
        self.run = self.left = 0
        self.spent = 0.0

    def look(self, picture):
        begun = time.thread_time()
        mask = self.subtractor.apply(picture)
        if self.median:
            mask = cv2.medianBlur(mask, 5)
        self.spent += time.thread_time() - begun
        mask = (mask == 255).astype("uint8")
        if self.ignored is not None:
            mask[self.ignored] = 0
        _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        largest = stats[1:, cv2.CC_STAT_AREA].max() if len(stats) > 1 else 0
        self.run = self.run + 1 if largest >= 0.001 * mask.size else 0
        self.left = HOLD if self.run >= MIN_FRAMES else max(self.left - 1, 0)
        return self.left > 0


def judge(truth, told):
    """Shares of a walker in the picture, and what was told. The frames in which motion may end are nobody's."""
    is_there = [share >= 0.5 for share in truth]
    near = [any(truth[max(i - 2 * HOLD, 0):i + 1]) for i in range(len(truth))]
    hits = sum(there and tell for there, tell in zip(is_there, told))
    false = sum(tell and not n for n, tell in zip(near, told))
    there = sum(is_there)
    starts = [i for i in range(len(told)) if told[i] and not (i and told[i - 1])]
    alarms = sum(not any(truth[max(i - 2 * HOLD, 0):i + 1]) for i in starts)
    precision = hits / (hits + false) if hits + false else 1.0
    recall = hits / there if there else 1.0
    f = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return precision, recall, f, alarms


def row(scene, detector, figures, frames, milliseconds):
    precision, recall, f, alarms = figures
    hours = frames / FRAMERATE / 3600
    print(f"{scene:27} {detector:14} {precision:9.3f} {recall:7.3f} {f:6.3f} {alarms / hours:12.0f} {milliseconds:9.3f}",
          flush=True)


def ignored_mask(arguments):
    if "-i" not in arguments:
        return None
    mask = numpy.zeros((HEIGHT, WIDTH), "uint8")
    for polygon in json.loads(arguments[arguments.index("-i") + 1]):
        points = numpy.array([[x * WIDTH, y * HEIGHT] for x, y in polygon], "int32")
        cv2.fillPoly(mask, [points], 1)
    return mask.astype(bool)


def play(program, scene, effects, arguments, frames):
    others = {"MOG2": Mog2(False, ignored_mask(arguments)), "MOG2, median": Mog2(True, ignored_mask(arguments))}
    told = {name: [] for name in others}
    with tempfile.TemporaryFile("w+") as lines:
        with subprocess.Popen([program, "-r", *arguments, effects, str(frames)], stdout=subprocess.PIPE,
                              stderr=lines) as process:
            for _ in range(frames):
                bytes_read = process.stdout.read(WIDTH * HEIGHT * 3)
                picture = numpy.frombuffer(bytes_read, "uint8").reshape(HEIGHT, WIDTH, 3)
                for name, other in others.items():
                    told[name].append(other.look(picture))
        lines.seek(0)
        rows = [line.split() for line in lines.read().splitlines()]
    truth = [float(words[0]) for words in rows]
    mine = sum(float(words[4]) for words in rows) / frames
    row(scene, "pastcam", judge(truth, [words[1] == "1" for words in rows]), frames, mine)
    for name, other in others.items():
        row(scene, name, judge(truth, told[name]), frames, other.spent * 1000 / frames)


def play_folder(pastcam, folder):
    """Real pictures: a tree in the wind, and a hand that comes in."""
    names = sorted(os.listdir(folder), key=lambda name: int(name.split(".")[0]))
    truth = [float(i >= HAND_FROM) for i in range(len(names))]
    done = subprocess.run([pastcam, "-o", "motion.hold_s=0.5", "motion-sim", "--scores", folder], capture_output=True,
                          text=True, check=True)
    scores = [line for line in map(json.loads, done.stdout.splitlines()) if "event" not in line]
    row("tree, hand (23 pictures)", "pastcam", judge(truth, [line["moving"] for line in scores]), len(names), 0)
    for name, other in (("MOG2", Mog2(False)), ("MOG2, median", Mog2(True))):
        told = [other.look(cv2.imread(os.path.join(folder, picture))) for picture in names]
        row("tree, hand (23 pictures)", name, judge(truth, told), len(names), other.spent * 1000 / len(names))


def main():
    program, pastcam = sys.argv[1:3]
    frames = int(sys.argv[3]) if len(sys.argv) > 3 else 300
    cv2.setNumThreads(1)
    print(f"{'scene':27} {'detector':14} precision  recall      F false/hour  ms/frame")
    for scene, effects, arguments in SCENES:
        play(program, scene, effects, arguments, frames)
    if os.path.isdir(TREE):
        play_folder(pastcam, TREE)


if __name__ == "__main__":
    main()
