"""A request that failed with the store is scored once more, without it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from interestclock.serving import Scored

__all__ = ["scored_again"]

Submit = Callable[[], Future[Scored]]


def scored_again(submit: Submit, *, worth: Callable[[BaseException], bool]) -> Future[Scored]:
    """What comes of a request, of a second try where the first failed in a way that is worth one.

    Args:
        submit: has the request scored. worth: whether an error is worth the second try.

    Example:
        >>> failed = Future()
        >>> failed.set_exception(OSError("away"))
        >>> result = Future()
        >>> result.set_result("scores")
        >>> scored_again(iter([failed, result]).__next__, worth=lambda error: True).result()
        'scores'
    """
    answer: Future[Scored] = Future()
    first = submit()
    _hand_on(first, answer, otherwise=lambda error: submit() if worth(error) else None)
    return answer


def _hand_on(
    scored: Future[Scored],
    answer: Future[Scored],
    *,
    otherwise: Callable[[BaseException], Future[Scored] | None] = lambda _: None,
) -> None:
    """Have one future become what the other is; whoever gives the answer up gives up the request, too."""

    def settle(done: Future[Scored]) -> None:
        if done.cancelled() or answer.cancelled():
            answer.cancel()
            return
        error = done.exception()
        try:
            again = None if error is None else otherwise(error)
        except Exception as other:  # there is no second try: the queue is closed or full
            error, again = other, None
        if again is not None:
            _hand_on(again, answer)
        elif answer.set_running_or_notify_cancel():
            if error is None:
                answer.set_result(done.result())
            else:
                answer.set_exception(error)

    answer.add_done_callback(lambda given_up: scored.cancel() if given_up.cancelled() else None)
    scored.add_done_callback(settle)
