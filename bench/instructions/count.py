#!/usr/bin/env python3
"""Counts the instructions that the kernels execute for a pixel on the processors of Raspberry Pis, under QEMU: the difference between one
round and three, so that starting costs nothing.   usage: bench/instructions/count.py FOLDER [RESULT.json]"""
import glob
import json
import os
import re
import subprocess
import sys

WIDTH, HEIGHT, STACKED_PIXELS = 1024, 768, 64 * 1024
ROUNDS = 3
API_VERSIONS = (1, 4)  # of QEMU 7 and of QEMU 10

ARMV7 = ['arm-linux-gnueabihf-gcc', '-march=armv7-a', '-mfpu=vfpv3-d16', '-mfloat-abi=hard']
CHOOSING = 'armv7, chosen'  # NEON, as the program runs

# name, qemu, compiler and options; armv7 is what Debian builds for
PROCESSORS = [
    ('aarch64', 'qemu-aarch64', ['aarch64-linux-gnu-gcc', '-mcpu=cortex-a53']),
    ('armv7', 'qemu-arm', ARMV7),
    (CHOOSING, 'qemu-arm', ARMV7),
    ('armv6', 'qemu-arm', ['arm-linux-gnueabihf-gcc', '-march=armv6k', '-mfpu=vfp', '-mfloat-abi=hard', '-marm']),
]

INGEST = [  # name, format, size, most for a pixel of the camera's picture on aarch64
    ('RGB', 'RGB', (1024, 768), 0.85),
    ('BGR', 'BGR', (1024, 768), 1.1),
    ('RGBX', 'RGBX', (1024, 768), 1.1),
    ('BGRX', 'BGRX', (1024, 768), 1.1),
    ('NV12', 'NV12', (1024, 768), 2.7),
    ('YUV420', 'YUV420', (1024, 768), 2.9),
    ('YUYV', 'YUYV', (1024, 768), 3.2),
    ('NV12, a quarter', 'NV12', (256, 192), 0.9),
    ('RGB, a quarter', 'RGB', (256, 192), 1.2),
    ('NV12, half', 'NV12', (512, 384), None),
    ('RGB, half', 'RGB', (512, 384), None),
    ('NV12, to 640x480', 'NV12', (640, 480), 12),
    ('RGB, to 640x480', 'RGB', (640, 480), 12),
]
STACKS = [('mean', 16, 1.35 * 16), ('mean', 50, 1.35 * 50), ('max', 16, 0.95 * 16), ('max', 50, 0.95 * 50),
          ('median', 16, 85), ('median', 20, 125), ('median', 32, 225), ('median', 50, 440)]

PNG_MOST = 72
PNG_SOURCES = [f'src/export/png_{part}.c' for part in ('checksum', 'deflate', 'filter', 'huffman', 'strips')] + ['src/base/pool.c']


def needs_no_library(path):
    with open(path, encoding='utf-8') as file:
        return not re.search(r'#include <(jpeglib|png)', file.read())


def sources():
    left_out = re.compile('decode|thumbnail|mp4|h264|frame_run|exif')
    return [path for path in sorted(glob.glob('src/media/*.c')) if not left_out.search(path) and needs_no_library(path)]


def of_make(target):
    return subprocess.run(['make', '-s', target], capture_output=True, text=True, check=True).stdout.split()


def has_png(name):
    """Elsewhere a checksum is zlib's, which is not there to link with."""
    return name == 'aarch64'


def build(folder, name, compiler):
    program, options, chosen = os.path.join(folder, 'work-' + name), ['-std=c17', '-O3', '-D_GNU_SOURCE', '-Iinclude', '-Isrc'], []
    if name == CHOOSING:
        options.append('-DPASTCAM_WITH_NEON')
        for source in of_make('neon-sources'):
            chosen.append(os.path.join(folder, os.path.basename(source) + '.neon.o'))
            subprocess.run(compiler + options + of_make('neon-flags') + ['-c', '-o', chosen[-1], source], check=True)
    if has_png(name):  # of the pool only what runs without threads
        options += ['-DWITH_PNG', '-ffunction-sections', '-Wl,--gc-sections', *PNG_SOURCES]
    subprocess.run(compiler + options + ['-static', '-o', program, 'bench/instructions/work.c', *sources(), *chosen, '-lm'], check=True)
    return program


def executed(qemu, plugin, program, *words):
    result = subprocess.run([qemu, '-plugin', plugin, '-d', 'plugin', program, *words], capture_output=True, text=True, check=False)
    count = re.search(r'instructions: (\d+)', result.stderr)
    if result.returncode != 0 or not count:
        raise RuntimeError(f'{qemu} {" ".join(words)}: {result.stderr.strip()[-300:]}')
    return int(count.group(1))


def build_counter(folder, qemu, program):
    """For the version of the interface that this QEMU takes."""
    plugin, reason = os.path.join(folder, 'counter.so'), None
    for version in API_VERSIONS:
        subprocess.run(['cc', '-std=c17', '-O2', '-shared', '-fPIC', f'-DAPI_VERSION={version}', '-o', plugin,
                        'bench/instructions/counter.c'], check=True)
        try:
            executed(qemu, plugin, program, 'stack', 'max', '1', '1')
            return plugin
        except RuntimeError as error:
            reason = error
    sys.exit(str(reason))


def a_pixel(qemu, plugin, program, pixels, *words):
    once, often = (executed(qemu, plugin, program, *words, str(rounds)) for rounds in (1, ROUNDS))
    return (often - once) / (ROUNDS - 1) / pixels


def main():
    folder = os.path.join(sys.argv[1], 'bench')
    os.makedirs(folder, exist_ok=True)
    rows = [(name, WIDTH * HEIGHT, ['ingest', image, *map(str, size)], most) for name, image, size, most in INGEST]
    rows += [(f'stack {mode} of {count}', STACKED_PIXELS, ['stack', mode, str(count)], most) for mode, count, most in STACKS]
    rows.append(('PNG', WIDTH * HEIGHT, ['png'], PNG_MOST))
    programs = [(name, qemu, build(folder, name, compiler)) for name, qemu, compiler in PROCESSORS]
    plugin = build_counter(folder, *programs[0][1:])
    print('instructions a pixel, ingest with the mean: of the camera\'s picture; stacks: of the result; PNG: of a texture under noise')
    print('%-22s' % '' + ''.join('%14s' % name for name, *_ in PROCESSORS) + '%18s' % 'aarch64 at most')
    table = {}
    for what, pixels, words, most in rows:
        counts = [a_pixel(qemu, plugin, program, pixels, *words) for name, qemu, program in programs if what != 'PNG' or has_png(name)]
        table[what] = dict(zip((name for name, *_ in PROCESSORS), counts), limit=most)
        verdict = '' if most is None else '%18.2f %s' % (most, 'ok' if counts[0] <= most else 'over')
        print('%-22s' % what + ''.join('%14.2f' % count for count in counts) + ' ' * 14 * (len(programs) - len(counts)) + verdict, flush=True)
    if len(sys.argv) > 2:
        with open(sys.argv[2], 'w', encoding='ascii') as file:
            json.dump(table, file, indent=1)


if __name__ == '__main__':
    main()
