"""The typed client against a service at a port of this machine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import msgspec
import pytest
from running_service import running
from small_service import NOW_MS, small_service, stopped_clock, trained

from interestclock.client import Client, ItemChange, Rank, ServiceError
from interestclock.events.limits import TEXT_BYTES
from interestclock.events.message_models import Exposure
from interestclock.service import Access, EventService, create_app
from interestclock.streams import open_event_log

TOKEN = "0123456789abcdef"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("client")
    trained(folder)
    with EventService(open_event_log(f"log://{folder / 'events'}"), time=stopped_clock()) as events:
        service = small_service(folder, served=events.served)
        app = create_app(service, access=Access(token=TOKEN), events=events)
        with running(app) as url:
            yield url


def test_all_calls(address: str) -> None:
    with Client(address, token=TOKEN) as client:
        answer = client.rank(Rank(user="ann", candidates=["a", "b", "c"], zone="Europe/Berlin", explain=3))
        assert answer.logged is True
        assert answer.items[0].why is not None
        first = answer.items[0].item
        shown = Exposure(request_id=answer.request_id, item_id=first, position=0)
        assert client.log_events([shown]).logged == 1
        assert client.put_item("new/item", ItemChange(attributes={"genre": ["rock"]})).logged == 1
        assert client.erase_user("bob").until_ms == NOW_MS
        assert client.history("ann", last=2).behaviours[-1].item in {"a", "c"}
        assert sum(client.clock("ann").by_hour) == client.history("ann").kept
        assert client.model().rankers[0].version == answer.version
        assert client.status().versions == {"small": answer.version}


def test_what_is_refused_is_an_error_that_says_so(address: str) -> None:
    with (
        Client(address) as client,
        pytest.raises(ServiceError, match="401 Unauthorized: the token"),
    ):
        client.model()
    with Client(address, token=TOKEN) as client:
        with pytest.raises(ServiceError, match=r"404 Not Found: .* know user 'a/b'") as refused:
            client.clock("a/b")
        assert (refused.value.problem.status, refused.value.retry_seconds) == (404, None)
        answer = client.rank(Rank(user="ann", candidates=["a"], zone="UTC"))
        with pytest.raises(ServiceError, match=r"409 Conflict: .*nothing of the batch is logged"):
            client.log_events([{"request_id": answer.request_id, "item_id": "b", "position": 0}])


def test_the_client_imports_nothing_else_of_the_project() -> None:
    ask = (
        "import sys, interestclock.client\n"
        "print(*sorted(name for name in sys.modules if name.startswith('interestclock.')))\n"
        "print(*{'numpy', 'torch', 'pyarrow', 'fastapi', 'httpx'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    own, heavy = done.stdout.split("\n")[:2]
    assert {name.split(".")[1] for name in own.split()} == {"client", "errors"}
    assert heavy == ""


def test_limits_are_those_of_the_log() -> None:
    from interestclock.client import fields
    from interestclock.events import message_types

    assert fields.ID_BYTES == TEXT_BYTES
    assert fields.MOST_RETURNED == message_types.MOST_SERVED
    assert msgspec.convert(-(18 * 60), fields.OffsetMinutes) == msgspec.convert(
        -(18 * 60), message_types.OffsetMinutes
    )
