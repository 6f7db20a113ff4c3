"""SIM with hard search: the newest behaviours of the candidate's category, and attention over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from interestclock.clocks import ClockInputs, ClockModule, RankerSizes
from interestclock.clocks.search_module import TwoStageModule
from interestclock.errors import ConfigError
from interestclock.search import Retrieved, Spans, TwoStage
from interestclock.search.padded import check_candidates
from interestclock.sequences.by_hour import hour_spans, newest_hours
from interestclock.sequences.category_search import newest_alike
from interestclock.sequences.sizes import HourSearchSizes
from interestclock.sequences.target_attention import TargetAttention

__all__ = ["SimHard", "SimHardConfig"]

# Shapes: B candidates, M requests (a user at a time), L behaviours, K retrieved, N distinct items,
# I item vector, O output.


@dataclass(frozen=True, kw_only=True)
class SimHardConfig(HourSearchSizes):
    """Sizes of SIM with hard search, and in a ranker the attribute it searches by.

    Args:
        attribute: whose first value is an item's category; None is the log's first attribute. The module
            itself is given categories. Sizes: ``HourSearchSizes``.

    Raises:
        ValueError: a size is below 1, or ``gain`` is not positive.

    Example:
        >>> SimHardConfig(attribute="genre").behaviours
        100
    """

    kind: ClassVar[str] = "sim-hard"
    reads_preferences: ClassVar[bool] = False

    attribute: str | None = None

    def build(self, sizes: RankerSizes) -> ClockModule:
        """SimHard over a ranker's histories.

        Raises:
            ConfigError: the log's items have no attributes, or not the one that is to be searched by.
        """
        return _Module(SimHard(item_dim=sizes.item_dim, config=self), attributes=sizes.attributes)


class SimHard(TwoStage):
    r"""Find the newest behaviours of a candidate's category in a long history, and attend over them.

    .. math:: S^* = \text{the newest } K \text{ with } c_i = c_q, \qquad v = attention(q, S^*)

    Nothing found gives a constant.

    Source: SIM (Pi et al., CIKM 2020), hard search: ``newest_alike``, then ``TargetAttention``.
    Differs: as ``TargetAttention`` does. A user's history is scanned; the paper keeps it ordered by
    category in a store, which finds the same.

    Args:
        item_dim: I, width of an item's vector. config: sizes.

    Raises:
        ValueError: ``item_dim`` is below 1; or, when called, shapes do not go together.

    Example:
        >>> import torch
        >>> from torch import nn
        >>> item, category_N = nn.Embedding(500, 16), torch.randint(1, 9, (500,))
        >>> candidate_B = torch.tensor([7, 8, 9])
        >>> sim = SimHard(item_dim=16, config=SimHardConfig(behaviours=20))
        >>> sim(item(candidate_B),
        ...     candidate_category_B=category_N[candidate_B],
        ...     category_N=category_N,
        ...     now_hour_M=torch.tensor([480_000, 480_007]),               # two requests, 7 hours apart
        ...     request_row_B=torch.tensor([0, 0, 1]),                       # 7 and 8 of one, 9 of another
        ...     item_vectors_NI=item.weight,
        ...     behaviour_ML=torch.randint(0, 500, (2, 60)),               # the two users' histories,
        ...     behaviour_hour_ML=torch.arange(479_940, 480_000).expand(2, 60),    # oldest first
        ...     present_ML=torch.ones(2, 60, dtype=torch.bool)).shape
        torch.Size([3, 32])
    """

    def __init__(self, *, item_dim: int, config: SimHardConfig) -> None:
        super().__init__(item_dim=item_dim)
        self.config = config
        self.attention = TargetAttention(item_dim=item_dim, sizes=config)
        self.output_dim = config.output_dim

    def forward(
        self,
        candidate_BI: Tensor,
        *,
        candidate_category_B: Tensor,
        category_N: Tensor,
        now_hour_M: Tensor,
        request_row_B: Tensor,
        item_vectors_NI: Tensor,
        behaviour_ML: Tensor,
        behaviour_hour_ML: Tensor,
        present_ML: Tensor,
    ) -> Tensor:
        """Search, then attend.

        Args:
            candidate_BI: float32, the candidates' item vectors.
            candidate_category_B: int64, their categories; 0 is none, and finds nothing.
            category_N: int64, the category of each of the distinct items.
            now_hour_M: int64, each request in whole hours since 1970.
            request_row_B: int64, each candidate's request, a row of the M.
            item_vectors_NI: float32, distinct items of all histories; at least one unless L is 0.
            behaviour_ML: int64 row of each behaviour's item in them, oldest first; on padding any row.
            behaviour_hour_ML: int64, when each happened, as ``now_hour_M``.
            present_ML: bool, false on padding.

        Returns:
            float32 (B, O).

        Raises:
            ValueError: shapes do not go together, or an item or a request is out of range.
        """
        check_candidates(candidate_BI, request_row_B, item_dim=self.item_dim, requests=len(behaviour_ML))
        _check_categories(candidate_category_B, category_N, len(candidate_BI), len(item_vectors_NI))
        spans = hour_spans(
            behaviour_ML,
            behaviour_hour_ML=behaviour_hour_ML,
            present_ML=present_ML,
            now_hour_M=now_hour_M,
            items=len(item_vectors_NI),
        )
        retrieved = self.search(
            candidate_category_B, request_row_B=request_row_B, category_N=category_N, spans=spans
        )
        return self.attend_retrieved(
            candidate_BI,
            retrieved,
            request_row_B=request_row_B,
            spans=spans,
            items=len(item_vectors_NI),
            vectors=item_vectors_NI.__getitem__,
        )

    def search(
        self, category_B: Tensor, *, request_row_B: Tensor, category_N: Tensor, spans: Spans
    ) -> Retrieved:
        """The newest K behaviours of each candidate's category: ``newest_alike``."""
        return newest_alike(
            category_B,
            request_row_B=request_row_B,
            category_N=category_N,
            spans=spans,
            top_k=self.config.behaviours,
        )

    def attend(
        self, candidate_BI: Tensor, behaviour_BKI: Tensor, gap_hours_BK: Tensor, present_BK: Tensor
    ) -> Tensor:
        """Attention over what was retrieved: ``TargetAttention``, float32 (B, O)."""
        out_BO: Tensor = self.attention(candidate_BI, behaviour_BKI, gap_hours_BK, present_BK)
        return out_BO


def _check_categories(category_B: Tensor, category_N: Tensor, candidates: int, items: int) -> None:
    given = (("candidate_category_B", category_B, candidates), ("category_N", category_N, items))
    for name, category_X, rows in given:
        if category_X.shape != (rows,):
            raise ValueError(
                f"{name} has shape {tuple(category_X.shape)}; give ({rows},), one category for each item"
            )


class _Module(TwoStageModule):
    """SIM with hard search by an attribute of the log, over each request's newest behaviours."""

    def __init__(self, baseline: SimHard, *, attributes: Sequence[str]) -> None:
        super().__init__()
        self.attribute = _category_attribute(baseline.config, attributes)
        self.baseline, self.output_dim = baseline, baseline.output_dim

    @property
    def model(self) -> SimHard:
        return self.baseline

    def spans(self, inputs: ClockInputs) -> Spans:
        return newest_hours(inputs, most=self.baseline.config.longest)

    def search(self, inputs: ClockInputs, spans: Spans) -> Retrieved:
        category_N = inputs.items.first_value(self.attribute)
        return self.baseline.search(
            category_N[inputs.batch.item_B],
            request_row_B=inputs.batch.request_row_B,
            category_N=category_N,
            spans=spans,
        )


def _category_attribute(config: SimHardConfig, attributes: Sequence[str]) -> str:
    if not attributes:
        raise ConfigError(
            "sim-hard searches by an attribute of the items and this log names none; name one of the log's, "
            "or take another ranker, for example sim-soft"
        )
    if config.attribute is not None and config.attribute not in attributes:
        raise ConfigError(
            f"sim-hard is to search by '{config.attribute}', which is no attribute of an item; "
            f"there are {', '.join(attributes)}"
        )
    return config.attribute or attributes[0]
