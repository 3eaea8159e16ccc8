#!/usr/bin/python3
"""OpenCV's encoders, timed for the bench.

usage: opencv_encode.py FRAME WIDTH HEIGHT FILE

FRAME holds R,G,B bytes. For each line on standard input, an extension (jpg, png), writes the frame to FILE.extension with
imwrite's defaults on one thread, and answers with the milliseconds that took and the file's size.
"""
import os
import sys
import time

import cv2
import numpy


def main():
    frame, width, height, path = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    cv2.setNumThreads(1)
    pixels = numpy.fromfile(frame, numpy.uint8).reshape(height, width, 3)
    pixels = numpy.ascontiguousarray(pixels[:, :, ::-1])
    for line in sys.stdin:
        target = path + "." + line.strip()
        begin = time.perf_counter()
        cv2.imwrite(target, pixels)
        elapsed = time.perf_counter() - begin
        print("%.4f %d" % (elapsed * 1e3, os.path.getsize(target)), flush=True)
        os.unlink(target)


if __name__ == "__main__":
    main()
