#!/usr/bin/env python3
"""What the kernels cost on the processors of Raspberry Pis, as far as that can be said without one: compiles them for
each, takes the loop that does the work out of the assembly, and asks llvm-mca how many cycles it takes when all data are
in the first-level cache.   usage: bench/arm.py FOLDER"""
import os
import re
import subprocess
import sys

ARM = ['arm-linux-gnueabihf-gcc', '-mfloat-abi=hard', '-marm']
# name, compiler, llvm-mca's target, its processor
PROCESSORS = [
    ('Cortex-A53', ['aarch64-linux-gnu-gcc', '-mcpu=cortex-a53'], 'aarch64-linux-gnu', 'cortex-a53'),
    ('Cortex-A72', ['aarch64-linux-gnu-gcc', '-mcpu=cortex-a72'], 'aarch64-linux-gnu', 'cortex-a72'),
    # llvm-mca knows no ARM1176. Of the models it has for this instruction set, the Cortex-R52's is the one in order;
    # it issues two instructions a cycle where the ARM1176 issues one, so the instructions are shown as well.
    ('ARM1176 (R52)', ARM + ['-mcpu=arm1176jzf-s'], 'armv8r-linux-gnueabihf', 'cortex-r52'),
]

# In the first, short loops would be written out, and are wanted as loops.
SOURCES = [('bench/arm_kernels.c', ['--param', 'max-completely-peeled-insns=0']), ('bench/arm_unrolled.c', [])]

# function, what it is of, whether its loop is known by the bytes it stores or loads, and how many for a pixel
KERNELS = [
    ('arm_nv12_chroma', 'NV12 in plain C: chroma', 'store', 3),
    ('arm_luma', 'NV12 in plain C: luma, clamp', 'store', 3),
    ('arm_interleave', 'NV12 in plain C: interleave', 'store', 3),
    ('byte_sum_lines', 'mean', 'load', 3),
    ('arm_nv12_neon', 'NV12 and mean, with NEON', 'store', 3),
    ('arm_bgr', 'BGR to RGB', 'store', 3),
    ('area_sum_rows', 'downscale RGB: add rows', 'store', 3),
    ('area_fold', 'downscale planes: fold, a step', 'store', 2),
    ('area_average_4x4', 'downscale planes: 4 x 4', 'store', 0.125),
    ('area_average_2x2_pairs', 'downscale planes: 2 x 2 U, V', 'store', 0.25),
    ('arm_stack_sum', 'stack mean: add four frames', 'store', 6),
    ('arm_stack_max', 'stack max: four frames', 'store', 3),
    ('arm_order', 'stack median: a comparison', 'store', 6),
]
NV12 = ['NV12 in plain C: chroma', 'NV12 in plain C: luma, clamp', 'NV12 in plain C: interleave', 'mean']

REGISTER_BYTES = {'q': 16, 'd': 8, 'x': 8, 'h': 2, 'b': 1}  # all others 4
SUFFIX_BYTES = {'b': 1, 'h': 2}


def transferred(line, direction):
    """Bytes that one instruction of 64-bit or 32-bit ARM stores or loads."""
    word, _, operands = line.partition('\t')
    short = {'store': 'st', 'load': 'ld'}[direction]
    if re.match(r'v?%s\d' % short, word):  # st3 {v0.16b - v2.16b}, vst1.8 {d16-d17}
        registers = re.search(r'{(.*)}', operands).group(1)
        ends = [int(number) for number in re.findall(r'[vd](\d+)', registers)]
        many = ends[-1] - ends[0] + 1 if '-' in registers else len(ends)
        return many * (16 if registers.startswith('v') else 8)
    plain = re.match(r'v?(%sr|%sp|%sur)(s?[bhd])?(\.\d+)?$' % ((short,) * 3), word)
    if not plain:
        return 0
    pair = 2 if plain.group(1).endswith('p') or plain.group(2) == 'd' else 1
    suffix = (plain.group(2) or '')[-1:]
    return SUFFIX_BYTES.get(suffix) or pair * REGISTER_BYTES.get(operands.strip()[0], 4)


def loops(assembly, function):
    """The innermost loops of a function: the lines from a label to the branch back to it, with no label between."""
    match = re.search(r'^%s:\n(.*?)^\s*\.size\s+%s,' % (function, function), assembly, re.M | re.S)
    if not match:
        return
    lines = [line.strip() for line in match.group(1).splitlines()]
    lines = [line for line in lines if line and not re.match(r'[.@/](?!L\d+:)', line)]
    for end, line in enumerate(lines):
        branch = re.match(r'(?:b|cb|tb)\S*\s.*?(\.L\d+)$', line)
        start = branch and branch.group(1) + ':' in lines[:end] and lines.index(branch.group(1) + ':')
        if branch and start is not False and start is not None:
            inner = lines[start + 1:end + 1]
            if not any(text.startswith('.L') for text in inner):
                yield inner


def cycles(loop, triple, processor):
    rounds = 200
    result = subprocess.run(['llvm-mca', '-mtriple=' + triple, '-mcpu=' + processor, '-iterations=%d' % rounds],
                            input='\n'.join(loop), capture_output=True, text=True)
    total = re.search(r'Total Cycles:\s+(\d+)', result.stdout)
    if not total:
        sys.exit('llvm-mca: ' + result.stderr)
    return int(total.group(1)) / rounds


def main():
    folder = os.path.join(sys.argv[1], 'bench')
    os.makedirs(folder, exist_ok=True)
    print('cycles a pixel (and instructions), data in the first-level cache')
    print('%-36s' % '' + ''.join('%22s' % name for name, *_ in PROCESSORS))
    table = {}
    for name, compiler, triple, processor in PROCESSORS:
        assembly = ''
        for source, options in SOURCES:
            path = os.path.join(folder, processor + '.s')
            subprocess.run(compiler + ['-std=c17', '-O3', '-D_GNU_SOURCE', '-Iinclude', '-Isrc', *options, '-S', source,
                                       '-o', path], check=True)
            with open(path, encoding='ascii') as file:
                assembly += file.read()
        for function, what, direction, pixel_bytes in KERNELS:
            size = lambda loop: sum(transferred(line, direction) for line in loop)
            loop = max(loops(assembly, function), key=lambda loop: (size(loop), len(loop)), default=[])
            if not loop:  # not of this processor
                continue
            pixels = size(loop) / pixel_bytes
            table[what, name] = (cycles(loop, triple, processor) / pixels, len(loop) / pixels)
    for name, *_ in PROCESSORS:
        table['NV12 and mean, plain C: those four', name] = tuple(sum(table[part, name][i] for part in NV12) for i in (0, 1))
    for what in dict.fromkeys(what for what, _ in table):
        cells = ['%.2f (%.2f)' % table[what, name] if (what, name) in table else '-' for name, *_ in PROCESSORS]
        print('%-36s' % what + ''.join('%22s' % cell for cell in cells))


if __name__ == '__main__':
    main()
