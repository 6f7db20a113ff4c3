"""What several test modules share."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from interestclock import workers

settings.register_profile("any machine", deadline=None)  # a busy one takes longer, and is not wrong
settings.load_profile("any machine")
torch.set_num_threads(1)  # small tensors: more threads only wait for each other

REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_configure() -> None:
    """Have Ctrl-C interrupt; what a shell starts in the background, and what that starts, ignores it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Let no search for garbage go through what was imported and collected: it all stays to the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def supplied_data() -> Path:
    """Folder of real logs; tests that use it skip where it is absent."""
    folder = Path(os.environ.get("INTERESTCLOCK_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "nyc_checkins.tsv.gz").exists():
        pytest.skip(f"no real logs in {folder}; set INTERESTCLOCK_DATA to a folder that has them")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _forked_workers() -> Iterator[None]:
    """Workers of a comparison are forked by a server that has imported what a new one takes five seconds for.

    ``test_workers.py`` starts them as they are for users.
    """
    multiprocessing.set_forkserver_preload(
        ["interestclock.studies.compare", "interestclock.live", "interestclock.updater", "torch._dynamo"]
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers, "_START", "forkserver")
        yield


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Tests run side by side; PyTorch's own threads would fight over the same cores."""
    torch.set_num_threads(1)
