"""What a check shows while it runs, and what did not hold: used by containers.py and stack.py."""
import time


class Report:
    def __init__(self):
        self.begun = time.monotonic()
        self.passed = self.failed = 0

    def say(self, text):
        print(f"{time.monotonic() - self.begun:7.1f} s  {text}", flush=True)

    def expect(self, holds, what, found):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            self.say(f"FAILED: {what}; found: {found}")
