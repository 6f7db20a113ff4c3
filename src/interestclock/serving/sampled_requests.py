"""Features of a sample of requests as they were served, kept to be held against what was trained on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from interestclock.errors import InterestClockError
from interestclock.histories import Histories
from interestclock.samples import Batch
from interestclock.samples.request_features import request_features
from interestclock.samples.request_records import RequestRecord, RequestRecords, check_share, is_sampled
from interestclock.serving.ranker_version import RankerVersion
from interestclock.serving.request_rows import Placed
from interestclock.state import FeatureView

__all__ = ["SampledRequests"]

_log = logging.getLogger("interestclock.requests")


class SampledRequests:
    """Keeps what the batch of a scored request held, for the share of requests that a trainer keeps, too.

    Of requests without a ``request_id`` none is kept: no exposure could name it.

    Args:
        folder: of the records; one process writes there. share: of the requests, 0 to 1.
        log_ends: gives the last offset of each partition that is in the source's log now, as
            ``embedded_log_ends``; None: what was in the log then is not told from what came later.
        most_bytes: of the folder, about.

    Raises:
        ConfigError: the share is none.

    Example:
        >>> SampledRequests("nowhere", share=0.01).share
        0.01
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        share: float,
        log_ends: Callable[[], Mapping[str, str]] | None = None,
        most_bytes: int = 64 << 20,
    ) -> None:
        check_share("share", share)
        self.share = share
        self._records, self._log_ends = RequestRecords(folder, most_bytes=most_bytes), log_ends

    def keep(
        self,
        placed: Placed,
        batch: Batch,
        histories: Histories,
        view: FeatureView,
        *,
        version: RankerVersion,
        row: int,
    ) -> None:
        """Keep a request if it is of the sample.

        Args:
            placed: the request. batch, histories: that scored it, out of ``view``. version: of the ranker.
            row: the request's first in the batch.
        """
        request = placed.request
        if request.request_id is None or not is_sampled(request.request_id, self.share):
            return
        most = version.ranker.config.reads_behaviours
        self._records.add(
            RequestRecord(
                request_id=request.request_id,
                user=request.user,
                features=request_features(
                    batch, histories, view, request=int(batch.request_row_B[row]), most=most
                ),
                clocks_of_day=version.features.clocks_of_day,
                population_votes=version.ranker.config.population_votes,
                most=most,
                position=view.position_of(placed.user),
                log_ends=self._ends(),
            )
        )

    def close(self) -> None:
        """Another process may have the folder."""
        self._records.close()

    def _ends(self) -> Mapping[str, str] | None:
        if self._log_ends is None:
            return None
        try:
            return self._log_ends()
        except (OSError, InterestClockError) as error:
            _log.warning("where the log ends is not known (%s)", error)
            return None
