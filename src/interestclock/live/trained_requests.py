"""What a trainer predicted a sample of requests from, kept beside what was served."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from interestclock.live.config import LiveConfig
from interestclock.samples.request_features import request_features
from interestclock.samples.request_records import RequestRecord, RequestRecords, is_sampled
from interestclock.state import FeatureView
from interestclock.training.trainer import PredictedBatch

__all__ = ["TRAINED_REQUESTS", "TrainedRequests"]

TRAINED_REQUESTS = "requests"  # in the trainer's folder


class TrainedRequests:
    """Keeps the features of each sampled request's exposures, out of the very batch that was predicted.

    Args:
        folder: of the records. config: of the trainer.

    Example:
        >>> TrainedRequests(Path("nowhere"), LiveConfig(sample_requests=0.1)).share
        0.1
    """

    def __init__(self, folder: Path, config: LiveConfig) -> None:
        self.share = config.sample_requests
        self._records, self._clocks_of_day = RequestRecords(folder), config.clocks_of_day
        self._most, self._population_votes = config.ranker.reads_behaviours, config.ranker.population_votes

    def predicted(self, predicted: PredictedBatch, view: FeatureView) -> None:
        """Look for exposures of sampled requests in a batch; its features are read before they go on.

        Args:
            view: that the batch was made of, as it was then.
        """
        rows, batch = predicted.rows, predicted.batch
        if not self.share or rows is None or "request_id" not in rows.column_names:
            return
        ids = rows["request_id"].cast(pa.string()).to_pylist()
        users, request_B = rows["user_id"].to_pylist(), batch.request_row_B.tolist()
        found = {
            (name, request_B[row]): users[row]
            for row, name in enumerate(ids)
            if name is not None and is_sampled(name, self.share)
        }
        if not found:
            return
        histories = view.histories()
        for (name, request), user in found.items():
            features = request_features(batch, histories, view, request=request, most=self._most)
            self._records.add(
                RequestRecord(
                    request_id=name,
                    user=user,
                    features=features,
                    clocks_of_day=self._clocks_of_day,
                    population_votes=self._population_votes,
                    most=self._most,
                )
            )

    def close(self) -> None:
        """Nothing more is predicted."""
        self._records.close()
