"""The command ``interestclock``."""

from interestclock.cli.stopping import end_on_signals

__all__ = ["main"]


def main() -> None:
    """Run the command line; Ctrl-C and SIGTERM end it at once, be it while it is still imported."""
    end_on_signals()
    from interestclock.cli.app import run

    run()
