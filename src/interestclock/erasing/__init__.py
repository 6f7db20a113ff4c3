"""What is left of erased users in files goes at once, not when it would age out."""

from interestclock.erasing.finish import finish

__all__ = ["finish"]
