#!/usr/bin/python3
"""OpenCV's encoders and its averaging to smaller pictures, timed for the bench.

usage: opencv_encode.py FRAME WIDTH HEIGHT FILE

FRAME holds R,G,B bytes. For each line on standard input, an extension (jpg, png), writes the frame to FILE.extension with
imwrite's defaults on one thread, and answers with the milliseconds that took and the file's size. For "area WIDTH HEIGHT" it
makes the frame so small (INTER_AREA) and answers with the processor's milliseconds and the bytes.
"""
import os
import sys
import time

import cv2
import numpy


def shrink(pixels, width, height):
    begin = time.thread_time()
    small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    return time.thread_time() - begin, small.nbytes


def encode(pixels, target):
    begin = time.perf_counter()
    cv2.imwrite(target, pixels)
    elapsed, size = time.perf_counter() - begin, os.path.getsize(target)
    os.unlink(target)
    return elapsed, size


def main():
    frame, width, height, path = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    cv2.setNumThreads(1)
    pixels = numpy.fromfile(frame, numpy.uint8).reshape(height, width, 3)
    pixels = numpy.ascontiguousarray(pixels[:, :, ::-1])
    for line in sys.stdin:
        word, *size = line.split()
        elapsed, size = shrink(pixels, *map(int, size)) if word == "area" else encode(pixels, path + "." + word)
        print("%.4f %d" % (elapsed * 1e3, size), flush=True)


if __name__ == "__main__":
    main()
