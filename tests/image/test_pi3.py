"""The arm64 card in a Pi 3."""

import unittest

from from_power_on import FromPowerOn
from machine import Pi3


class Pi3Test(FromPowerOn, unittest.TestCase):
    BOARD = Pi3


if __name__ == "__main__":
    unittest.main()
