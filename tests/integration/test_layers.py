"""tests/layers.sh: each kind of forbidden include is planted in a copy of the tree, and must be named."""
import os
import shutil
import subprocess
import tempfile
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')

# Where it is planted, the line, and what the complaint must say.
FORBIDDEN = [
    ('src/export/jobs.c', '#include "proto.h"', 'a private header of net'),
    ('src/service/memory_guard.c', '#include "../net/server_private.h"', 'a private header of net'),
    ('src/store/frame_ring.c', '#include "dma_buffer.h"', 'a private header of camera'),
    ('src/media/stack.c', '#include "picture_loader.h"', 'a private header of camera'),
    ('src/base/loop.c', '#include "plane_layout.h"', 'a private header of camera'),
    ('src/export/export.c', '#include "sensor_time.h"', 'a private header of camera'),
    ('src/net/proto.c', '#include "codec.h"', 'a private header of export'),
    ('src/base/loop.c', '#include "net/server.h"', 'net, which is not below base'),
    ('src/base/loop.c', '#include "../../include/net/server.h"', 'net, which is not below base'),
    ('src/base/loop.c', '#include <net/server.h>', 'net, which is not below base'),
    ('src/base/loop.c', '\t# include "server.h"', 'net, which is not below base'),
    ('src/store/frame_ring.c', '#include "camera/camera.h"', 'camera, which is not below store'),
    ('include/media/frame.h', '#include "capture/capture.h"', 'capture, which is not below media'),
    ('src/capture/capture.c', '#include "store/no_such.h"', 'is not in the tree'),
    ('src/capture/capture.c', '#include <jpeglib.h>', 'belongs to'),
    ('src/net/server.c', '#include <sqlite3.h>', 'belongs to'),
    ('src/pastcam/main.c', '#include <microhttpd.h>', 'belongs to'),
]


class Layers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name
        for name in ('src', 'include'):
            shutil.copytree(os.path.join(ROOT, name), os.path.join(self.root, name))

    def complaints(self):
        run = subprocess.run(['sh', os.path.join(ROOT, 'tests/layers.sh'), self.root], capture_output=True, text=True,
                             check=False)
        self.assertEqual(run.stderr, '')
        self.assertEqual(run.returncode, 1 if run.stdout else 0)
        return run.stdout

    def write(self, path, text, mode='a'):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, mode, encoding='utf-8') as file:
            file.write(text)

    def test_the_tree_as_it_is_has_none(self):
        self.assertEqual(self.complaints(), '')

    def test_every_kind_of_forbidden_include_is_named(self):
        for path, line, says in FORBIDDEN:
            with self.subTest(line=line):
                with open(os.path.join(self.root, path), encoding='utf-8') as file:
                    before = file.read()
                self.write(path, line + '\n')
                self.assertRegex(self.complaints(), f'{path}: .*{says}')
                self.write(path, before, 'w')

    def test_a_folder_without_a_layer_is_named(self):
        self.write('src/helpers/text.c', 'int x;\n')
        self.write('src/loose.c', 'int x;\n')
        complaints = self.complaints()
        self.assertIn('src/helpers/text.c: is in no folder that has a layer', complaints)
        self.assertIn('src/loose.c: is in no folder that has a layer', complaints)

    def test_cpp_outside_the_libcamera_shim_is_named(self):
        self.write('src/net/server.cpp', '')
        self.assertIn('src/net/server.cpp: is C++', self.complaints())


if __name__ == '__main__':
    unittest.main()
