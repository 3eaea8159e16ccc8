"""Moments and frames that are the same however long a test takes: a busy machine stands still now and then, between any two steps."""

import json


def ago(daemon, seconds):
    """For at=: so many seconds before the newest frame. Counted from the question, as at=-1 is, a moment may have no frame, when the
    machine stood still just then."""
    newest = json.loads(daemon.ask("timeline"))["tiers"][0]["to"]
    return f"{newest - seconds:.3f}"


def missing(numbers):
    """How many are left out of what should be consecutive. It is an error when they are not in order."""
    assert numbers == sorted(set(numbers)), numbers
    return numbers[-1] - numbers[0] + 1 - len(numbers)
