"""``python -m interestclock`` is the command ``interestclock``."""

from interestclock.cli import main

if __name__ == "__main__":
    main()
