"""What comes near the lens and is nobody: films of a photograph with noise, as JPEG, in which insects or flakes of snow are
drawn, played through `pastcam motion-sim`. Prints of how many films motion was told.

usage: motion_near.py PASTCAM PICTURE [FILMS]. An insect is a soft dark ellipse that is there for two frames, and comes its
own length meanwhile; the next one comes with the frame after, elsewhere. A flake is a soft bright disc of 2 to 10 pixels, in
each frame elsewhere. A walker is a hard dark box of 0.5 % of the picture, which shows that the films can tell."""

import json
import os
import subprocess
import sys
import tempfile

import cv2
import numpy

WIDTH, HEIGHT, FRAMERATE, QUALITY, NOISE = 1024, 768, 10, 50, 4.0
FRAMES, FIRST = 40, 24  # the picture settles before the first

KINDS = [  # name, what is drawn, with its figures
    ("nothing", "insects", (0, 0, 0)),
    ("3 insects of 80x53", "insects", (3, 80, 53)),
    ("5 insects of 80x53", "insects", (5, 80, 53)),
    ("3 insects of 240x160", "insects", (3, 240, 160)),
    ("150 flakes a picture", "snow", (150,)),
    ("600 flakes a picture", "snow", (600,)),
    ("a walker of 0.5 %", "walker", (33, 119)),
]


def blend(picture, shape, level):
    """shape: how much of each pixel is covered, 0 to 1."""
    return picture + (level - picture) * shape[:, :, None]


def draw_insects(picture, frame, random, state, count, width, height):
    number, second = divmod(frame - FIRST, 2)
    if not 0 <= number < count:
        return picture
    if not second:
        state["at"] = random.integers((width, height), (WIDTH - width, HEIGHT - height))
        state["angle"] = float(random.uniform(0, 360))
    turn = numpy.deg2rad(state["angle"])
    at = state["at"] + second * width * numpy.array([numpy.cos(turn), numpy.sin(turn)])
    shape = numpy.zeros(picture.shape[:2], "float32")
    cv2.ellipse(shape, tuple(int(x) for x in at), (width // 2, height // 2), state["angle"], 0, 360, 1, -1)
    return blend(picture, cv2.GaussianBlur(shape, (0, 0), height / 16), 30)


def draw_snow(picture, frame, random, _, count):
    if frame < FIRST:
        return picture
    shape = numpy.zeros(picture.shape[:2], "float32")
    for x, y, radius in zip(random.integers(0, WIDTH, count), random.integers(0, HEIGHT, count),
                            random.integers(1, 6, count)):
        cv2.circle(shape, (int(x), int(y)), int(radius), 0.8, -1)
    return blend(picture, cv2.GaussianBlur(shape, (0, 0), 1), 235)


def draw_walker(picture, frame, random, state, width, height):
    state.setdefault("top", int(random.integers(HEIGHT // 3, HEIGHT - height)))
    left = (frame - FIRST) * 15
    if left >= 0:
        picture[state["top"]:state["top"] + height, left:left + width] = 40
    return picture


DRAW = {"insects": draw_insects, "snow": draw_snow, "walker": draw_walker}


def noise_of(random):
    """Of a frame. Drawn once and shifted for each, which no detector can tell from new noise."""
    noise = NOISE * random.standard_normal((HEIGHT, WIDTH, 3), "float32")
    while True:
        yield numpy.roll(noise, tuple(random.integers(0, (HEIGHT, WIDTH))), (0, 1))


def write_film(folder, photograph, draw, figures, seed):
    random, state = numpy.random.default_rng(seed), {}
    noises = noise_of(numpy.random.default_rng(seed + 1000))
    for frame in range(FRAMES):
        picture = draw(photograph.astype("float32"), frame, random, state, *figures)
        picture += next(noises)
        cv2.imwrite(os.path.join(folder, f"{frame}.jpg"), numpy.clip(picture, 0, 255).astype("uint8"),
                    [cv2.IMWRITE_JPEG_QUALITY, QUALITY])


def is_told(pastcam, folder):
    done = subprocess.run([pastcam, "-o", f"camera.framerate={FRAMERATE}", "motion-sim", folder], capture_output=True,
                          text=True, check=True)
    return any(json.loads(line)["event"] == "motion.start" for line in done.stdout.splitlines())


def main():
    pastcam, path = sys.argv[1:3]
    films = int(sys.argv[3]) if len(sys.argv) > 3 else 8
    photograph = cv2.imread(path)
    if photograph is None:
        sys.exit(f"motion_near: cannot read {path}: give a photograph as PICTURE=FILE")
    photograph = cv2.resize(photograph, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    for name, draw, figures in KINDS:
        told = 0
        for seed in range(films):
            with tempfile.TemporaryDirectory() as folder:
                write_film(folder, photograph, DRAW[draw], figures, seed)
                told += is_told(pastcam, folder)
        print(f"{name:24} told in {told:3} of {films} films", flush=True)


if __name__ == "__main__":
    main()
