"""How the tests' programs wait: as patience.bash says."""
import time

PATIENCE = 120  # seconds


def until(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() >= end:
            raise TimeoutError("in vain: " + what)
        time.sleep(0.01)
