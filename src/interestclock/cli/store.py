"""The commands about stores: what is in one, whether it is whole, its copies."""

from __future__ import annotations

import typer

from interestclock.cli.store_backup import backup_command, restore_command
from interestclock.cli.store_compact import compact_command
from interestclock.cli.store_migrate import migrate_store_command
from interestclock.cli.store_skew import skew_command
from interestclock.cli.store_stats import stats_command
from interestclock.cli.store_user import user_command
from interestclock.cli.store_verify import verify_command

__all__ = ["store_app"]

store_app = typer.Typer(
    no_args_is_help=True,
    help="A store of features that 'features follow' keeps: what is in it ('stats'), what it knows of "
    "a user ('user'), whether it is whole ('verify'), how far what was served is from what was trained on "
    "('skew'), copies of it ('backup', 'restore'). These may run "
    "beside the updater and beside servers; 'compact' makes its file smaller once the updater is stopped.",
)
store_app.command("stats")(stats_command)
store_app.command("user")(user_command)
store_app.command("verify")(verify_command)
store_app.command("backup")(backup_command)
store_app.command("restore")(restore_command)
store_app.command("skew")(skew_command)
store_app.command("compact")(compact_command)
store_app.command("migrate")(migrate_store_command)
