"""Reads what pastcam wrote, and what its synthetic camera burnt in (geometry: include/scene.h)."""

import io

import numpy as np
from PIL import Image

PATCHES = {"red": 0, "green": 1, "blue": 2}


def decode(data):
    """The same from a picture's bytes, JPG or PNG."""
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return np.asarray(image.convert("RGB"))


def load(path):
    """(H, W, 3) uint8, whatever the format."""
    if path.endswith(".npy"):
        return np.load(path)
    with Image.open(path) as image:
        image.load()
        return np.asarray(image.convert("RGB"))


def read_number(pixels, camera_width=None):
    """The frame number in the bar code; None when block and inverse do not differ."""
    height, width, _ = pixels.shape
    camera_width = camera_width or width
    block = 4 * -(-camera_width // 512) * width / camera_width
    grey = pixels.astype(float).mean(axis=2)

    def mean(x, y):
        return grey[round(y):round(y + block), round(x):round(x + block)].mean()

    number = 0
    for i in range(32):
        x = 2 * block + i * block
        bit, inverse = mean(x, 2 * block), mean(x, 3 * block)
        if abs(bit - inverse) < 20:
            return None
        number = number << 1 | (bit > inverse)
    return number


def patch_colour(pixels, name):
    """Mean R,G,B of the inner half of a colour patch."""
    height, width, _ = pixels.shape
    x, y = (66 + 5 * PATCHES[name]) * width // 100, 87 * height // 100
    w, h = 5 * width // 100, 8 * height // 100
    inner = pixels[y + h // 4:y + 3 * h // 4, x + w // 4:x + 3 * w // 4]
    return inner.reshape(-1, 3).mean(axis=0)


def psnr(one, other):
    error = ((one.astype(float) - other.astype(float)) ** 2).mean()
    return 99.0 if error == 0 else 10 * np.log10(255 ** 2 / error)
