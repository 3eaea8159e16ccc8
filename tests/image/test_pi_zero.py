"""The ARMv6 card in a Pi Zero."""

import unittest

from from_power_on import FromPowerOn
from machine import PiZero


class PiZeroTest(FromPowerOn, unittest.TestCase):
    BOARD = PiZero


if __name__ == "__main__":
    unittest.main()
