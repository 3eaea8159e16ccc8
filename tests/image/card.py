"""A card made of an image: its partitions, and its FAT as any computer sees it (mtools, no mounts)."""

import hashlib
import json
import os
import shutil
import subprocess

SECTOR = 512


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, **options).stdout


class Card:
    """A copy of an image file, grown to a card's size, in a folder that the caller removes."""

    def __init__(self, image, path, size=None):
        self.path = path
        if image != path:
            run("cp", "--sparse=always", image, path)
        if size:
            os.truncate(path, size)
        table = json.loads(run("/sbin/sfdisk", "--json", path))["partitiontable"]
        self.signature = table["id"]
        self.partitions = table["partitions"]

    def start(self, number):
        return self.partitions[number - 1]["start"] * SECTOR

    def size(self, number):
        return self.partitions[number - 1]["size"] * SECTOR

    def digest(self, number):
        """SHA-256 of a partition's bytes."""
        digest = hashlib.sha256()
        left = self.size(number)
        with open(self.path, "rb") as file:
            file.seek(self.start(number))
            while left:
                block = file.read(min(left, 1 << 20))
                digest.update(block)
                left -= len(block)
        return digest.hexdigest()

    def extract(self, number, path):
        """Copies a partition into a file of its own."""
        with open(self.path, "rb") as source, open(path, "wb") as target:
            source.seek(self.start(number))
            left = self.size(number)
            while left:
                block = source.read(min(left, 1 << 20))
                target.write(block)
                left -= len(block)

    def _fat(self):
        return f"{self.path}@@{self.start(1)}"

    def fat_list(self):
        """All paths on the FAT, folders with a slash at their end."""
        lines = run("mdir", "-i", self._fat(), "-/", "-b", "::", text=True).splitlines()
        return sorted(line.removeprefix("::/") for line in lines if line)

    def fat_read(self, name):
        """The bytes of a file on the FAT, or None when it is not there."""
        result = subprocess.run(["mtype", "-i", self._fat(), f"::{name}"], capture_output=True, check=False)
        return result.stdout if result.returncode == 0 else None

    def fat_write(self, name, content):
        """Puts a file on the FAT, only while no machine runs from the card."""
        run("mcopy", "-o", "-i", self._fat(), "-", f"::{name}", input=content)

    def remove(self):
        shutil.rmtree(os.path.dirname(self.path), ignore_errors=True)
