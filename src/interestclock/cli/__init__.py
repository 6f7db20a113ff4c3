"""The command ``interestclock``."""

from interestclock.cli.app import app, main

__all__ = ["app", "main"]
