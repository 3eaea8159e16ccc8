"""Motion detection beside OpenCV's MOG2, on scenes whose truth is known and on a folder of pictures, in one run.

usage: motion.py PROGRAM PASTCAM [FRAMES]. PROGRAM is bench/motion/main.c. All detectors are judged in two ways:
as events, for which MOG2's masks, without its shadows, are taken by the same rules as pastcam's (a part of 0.1 % of the
picture is followed for three frames, as src/detect/motion_tracks.c follows, and motion holds for half a second); and raw,
frame by frame, as a mask itself says it: is there any such part? Times are of one thread's processor."""

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
CELL, REACH_CELLS, REACH_PER_S, OVERLAP, LARGE = 4, 2, 0.3, 0.25, 0.05  # as in src/detect
TREE = "../shared/data/tree"
HAND = {18: (215, 0, 319, 115), 19: (220, 0, 319, 190), 20: (100, 0, 319, 165), 21: (45, 0, 235, 92),
        22: (120, 0, 319, 165)}  # by picture: left, top, right, bottom, as seen by eye
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


def side(first, last):
    return max(last - first + 1, 0)


def overlaps(a, b):
    across, down = side(max(a[0], b[0]), min(a[2], b[2])), side(max(a[1], b[1]), min(a[3], b[3]))
    return across * down >= OVERLAP * side(a[0], a[2]) * side(a[1], a[3])


def is_near(a, b, reach):
    across, down = reach + (b[2] - b[0]) // 2, reach + (b[3] - b[1]) // 2
    return a[0] <= b[2] + across and a[2] >= b[0] - across and a[1] <= b[3] + down and a[3] >= b[1] - down


class Things:
    """What is followed from frame to frame: boxes (left, top, right, bottom), halves of frames seen, frames missed."""

    def __init__(self):
        self.tracks = []

    def follow(self, parts, picture):
        """Of parts, boxes and how many pixels each has, in a picture of that shape: boxes of what was followed enough."""
        reach = CELL * (REACH_CELLS + int(REACH_PER_S / FRAMERATE * picture[1] / CELL))
        taken, tracks = set(), []
        for box, pixels in parts:
            near = [i for i, (was, _, missed) in enumerate(self.tracks) if is_near(box, was, reach * (missed + 1))]
            taken.update(near)
            before = max((self.tracks[i][1] for i in near), default=0)
            goes_on = any(self.tracks[i][2] == 0 and overlaps(box, self.tracks[i][0]) for i in near)
            is_whole = before == 0 or goes_on or pixels >= LARGE * picture[0] * picture[1]
            tracks.append((box, before + (2 if is_whole else 1), 0))
        missed = [(box, seen, missed + 1) for i, (box, seen, missed) in enumerate(self.tracks) if i not in taken]
        self.tracks = tracks + [track for track in missed if track[2] <= MIN_FRAMES]
        return [box for box, seen, missed in self.tracks if missed == 0 and seen // 2 >= MIN_FRAMES]


class Mog2:
    def __init__(self, median, ignored=None):
        self.subtractor = cv2.createBackgroundSubtractorMOG2()
        self.median = median
        self.ignored = ignored
        self.things = Things()
        self.spent = 0.0

    def look(self, picture):
        """Boxes of all parts that are large enough, and of those that were followed enough."""
        begun = time.thread_time()
        mask = self.subtractor.apply(picture)
        if self.median:
            mask = cv2.medianBlur(mask, 5)
        self.spent += time.thread_time() - begun
        mask = (mask == 255).astype("uint8")
        if self.ignored is not None:
            mask[self.ignored] = 0
        _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        parts = [((left, top, left + width - 1, top + height - 1), pixels)
                 for left, top, width, height, pixels in stats[1:].tolist() if pixels >= 0.001 * mask.size]
        return [box for box, _ in parts], self.things.follow(parts, mask.shape)


def held(noticed, hold=HOLD):
    return [any(noticed[max(i - hold + 1, 0):i + 1]) for i in range(len(noticed))]


def judge(truth, told, other=(), grace=2 * HOLD):
    """Shares of a walker in the picture, what was told, and what was told of something else alone, which is false. The
    frames of grace, in which motion may end, are nobody's."""
    is_there = [share >= 0.5 for share in truth]
    near = [any(truth[max(i - grace, 0):i + 1]) for i in range(len(truth))]
    hits = sum(there and tell for there, tell in zip(is_there, told))
    false = sum(tell and not n for n, tell in zip(near, told)) + sum(other)
    there = sum(is_there)
    starts = [i for i in range(len(told)) if told[i] and not (i and told[i - 1])]
    alarms = sum(not near[i] for i in starts)
    alarms += sum(other[i] and not (i and other[i - 1]) for i in range(len(other)))
    precision = hits / (hits + false) if hits + false else 1.0
    recall = hits / there if there else 1.0
    f = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return precision, recall, f, alarms


def row(scene, detector, events, raw, frames, milliseconds):
    """events, raw: what judge says of them."""
    hours = frames / FRAMERATE / 3600
    figures = "  ".join(f"{precision:9.3f} {recall:7.3f} {f:6.3f} {alarms / hours:10.0f}"
                        for precision, recall, f, alarms in (events, raw))
    print(f"{scene:27} {detector:14} {figures} {milliseconds:9.3f}", flush=True)


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
    parts, told = {name: [] for name in others}, {name: [] for name in others}
    with tempfile.TemporaryFile("w+") as lines:
        with subprocess.Popen([program, "-r", *arguments, effects, str(frames)], stdout=subprocess.PIPE,
                              stderr=lines) as process:
            for _ in range(frames):
                bytes_read = process.stdout.read(WIDTH * HEIGHT * 3)
                picture = numpy.frombuffer(bytes_read, "uint8").reshape(HEIGHT, WIDTH, 3)
                for name, other in others.items():
                    for boxes, of in zip(other.look(picture), (parts, told)):
                        of[name].append(bool(boxes))
        lines.seek(0)
        rows = [line.split() for line in lines.read().splitlines()]
    truth = [float(words[0]) for words in rows]
    mine = sum(float(words[4]) for words in rows) / frames
    row(scene, "pastcam", judge(truth, [words[1] == "1" for words in rows]),
        judge(truth, [float(words[2]) > 0 for words in rows], grace=0), frames, mine)
    for name, other in others.items():
        row(scene, name, judge(truth, held(told[name])), judge(truth, parts[name], grace=0), frames,
            other.spent * 1000 / frames)


def is_of_hand(box, picture):
    """Half of the box is where the hand is."""
    hand = HAND.get(picture)
    if not hand:
        return False
    across, down = side(max(box[0], hand[0]), min(box[2], hand[2])), side(max(box[1], hand[1]), min(box[3], hand[3]))
    return 2 * across * down >= side(box[0], box[2]) * side(box[1], box[3])


def judge_folder(boxes, hold=HOLD):
    """Of what was told of each picture: what was of leaves is no hit, whatever comes after it."""
    of_hand = held([any(is_of_hand(box, i) for box in told) for i, told in enumerate(boxes)], hold)
    any_of = held([bool(told) for told in boxes], hold)
    other = [tell and not hand for tell, hand in zip(any_of, of_hand)]
    return judge([float(i in HAND) for i in range(len(boxes))], of_hand, other)


def play_folder(pastcam, folder):
    """Real pictures: a tree in the wind, and a hand that comes in."""
    names = sorted(os.listdir(folder), key=lambda name: int(name.split(".")[0]))
    done = subprocess.run([pastcam, "-o", "motion.hold_s=0", "motion-sim", "--scores", folder], capture_output=True,
                          text=True, check=True)
    scores = [line for line in map(json.loads, done.stdout.splitlines()) if "event" not in line]
    parts = [[(x, y, x + w - 1, y + h - 1)] if line["score"] > 0 else [] for line in scores
             for x, y, w, h in [line["box"]]]
    told = [boxes if line["moving"] else [] for line, boxes in zip(scores, parts)]
    row("tree, hand (23 pictures)", "pastcam", judge_folder(told), judge_folder(parts, 1), len(names), 0)
    for name, other in (("MOG2", Mog2(False)), ("MOG2, median", Mog2(True))):
        seen = [other.look(cv2.imread(os.path.join(folder, picture))) for picture in names]
        parts, told = zip(*seen)
        row("tree, hand (23 pictures)", name, judge_folder(told), judge_folder(parts, 1), len(names),
            other.spent * 1000 / len(names))


def main():
    program, pastcam = sys.argv[1:3]
    frames = int(sys.argv[3]) if len(sys.argv) > 3 else 300
    cv2.setNumThreads(1)
    print(f"{'':42} {'events':>35}  {'raw':>35}")
    figures = "precision  recall      F false/hour"
    print(f"{'scene':27} {'detector':14} {figures}  {figures}  ms/frame")
    for scene, effects, arguments in SCENES:
        play(program, scene, effects, arguments, frames)
    if os.path.isdir(TREE):
        play_folder(pastcam, TREE)


if __name__ == "__main__":
    main()
