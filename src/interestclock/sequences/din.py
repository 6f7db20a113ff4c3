"""DIN: the newest behaviours, each weighed by what it has to do with the candidate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from interestclock.clocks import ClockInputs, ClockModule, RankerSizes
from interestclock.errors import check_size
from interestclock.search import distinct
from interestclock.search.padded import check_candidates, check_histories
from interestclock.search.spans import longest_of

__all__ = ["DeepInterest", "DinConfig"]

# Shapes: B candidates, M requests (a user at a time), L behaviours, N distinct items, I item vector,
# W hidden units, O output.


@dataclass(frozen=True, kw_only=True)
class DinConfig:
    """Sizes of DIN.

    Args:
        behaviours: L, how many of the newest behaviours are read. hidden: units of the activation unit.

    Raises:
        ValueError: a size is below 1.

    Example:
        >>> DinConfig().behaviours
        100
    """

    kind: ClassVar[str] = "din"
    reads_preferences: ClassVar[bool] = False

    behaviours: int = 100
    hidden: int = 36

    def __post_init__(self) -> None:
        check_size("behaviours", self.behaviours)
        check_size("hidden", self.hidden)

    @property
    def reads_behaviours(self) -> int:
        """The newest so many."""
        return self.behaviours

    def build(self, sizes: RankerSizes) -> ClockModule:
        """DIN over a ranker's histories."""
        return _Module(DeepInterest(item_dim=sizes.item_dim, config=self), behaviours=self.behaviours)


class DeepInterest(nn.Module):
    r"""Sum the behaviours, each times a weight that a small network reads from it and the candidate.

    .. math:: v = \sum_i a(b_i, q)\, b_i, \qquad a(b, q) = mlp([b; q; b - q; b \odot q])

    Weights are not normalised: their sum says how strong the interest is. No behaviours give zeros.

    Source: DIN (Zhou et al., KDD 2018), Eq. (3) and its activation unit (Figure 2).
    Differs: the unit sees difference and product by element, as the authors' published code does, in
    place of the paper's outer product; one hidden layer of 36 units as in the paper, PReLU without Dice.

    Args:
        item_dim: I, width of an item's vector. config: sizes.

    Raises:
        ValueError: ``item_dim`` is below 1; or, when called, shapes do not go together.

    Example:
        >>> class MyRanker(nn.Module):
        ...     def __init__(self, items: int) -> None:
        ...         super().__init__()
        ...         self.item = nn.Embedding(items, 16)
        ...         self.interest = DeepInterest(item_dim=16, config=DinConfig())
        ...         self.out = nn.Linear(16 + self.interest.output_dim, 1)
        ...     def forward(self, item_B, **history):
        ...         candidate_BI = self.item(item_B)
        ...         interest_BI = self.interest(candidate_BI, item_vectors_NI=self.item.weight, **history)
        ...         return self.out(torch.cat([candidate_BI, interest_BI], dim=1))
        >>> MyRanker(items=500)(
        ...     torch.tensor([7, 8, 9]),                                   # candidates of two requests:
        ...     request_row_B=torch.tensor([0, 0, 1]),                       # 7 and 8 of one, 9 of another
        ...     behaviour_ML=torch.randint(0, 500, (2, 60)),               # the two users' histories
        ...     present_ML=torch.ones(2, 60, dtype=torch.bool)).shape
        torch.Size([3, 1])
    """

    def __init__(self, *, item_dim: int, config: DinConfig) -> None:
        super().__init__()
        check_size("item_dim", item_dim)
        self.item_dim = self.output_dim = item_dim
        self.first = nn.Linear(4 * item_dim, config.hidden)
        self.prelu = nn.PReLU()
        self.last = nn.Linear(config.hidden, 1)

    def forward(
        self,
        candidate_BI: Tensor,
        *,
        request_row_B: Tensor,
        item_vectors_NI: Tensor,
        behaviour_ML: Tensor,
        present_ML: Tensor,
    ) -> Tensor:
        """Weigh and sum.

        Args:
            candidate_BI: float32, the candidates' item vectors.
            request_row_B: int64, each candidate's request, a row of the M.
            item_vectors_NI: float32, distinct items of all histories; at least one unless L is 0.
            behaviour_ML: int64 row of each behaviour's item in them; on padding any row, as 0.
            present_ML: bool, false on padding.

        Returns:
            float32 (B, I).

        Raises:
            ValueError: shapes do not go together, or an item or a request is out of range.
        """
        check_candidates(candidate_BI, request_row_B, item_dim=self.item_dim, requests=len(behaviour_ML))
        check_histories(behaviour_ML, present_ML, items=len(item_vectors_NI))
        behaviour_ML = behaviour_ML.masked_fill(~present_ML, 0)
        behaviour_BLI = functional.embedding(behaviour_ML[request_row_B], item_vectors_NI)
        weight_BL = self._activation(candidate_BI, behaviour_BLI)
        weight_BL = weight_BL.masked_fill(~present_ML[request_row_B], 0.0)
        summed_BI: Tensor = (weight_BL.unsqueeze(1) @ behaviour_BLI).squeeze(1)
        return summed_BI

    def _activation(self, candidate_BI: Tensor, behaviour_BLI: Tensor) -> Tensor:
        """The unit's weights, (B, L).

        For one candidate its first layer is a matrix and a shift of the behaviours, so that no four vectors
        for each behaviour and candidate need be laid side by side.
        """
        of_b, of_q, of_difference, of_product = torch.chunk(self.first.weight, 4, dim=1)
        matrix_BWI = of_b + of_difference + of_product * candidate_BI.unsqueeze(1)
        shift_BW = functional.linear(candidate_BI, of_q - of_difference, self.first.bias)
        hidden_BLW = torch.baddbmm(shift_BW.unsqueeze(1), behaviour_BLI, matrix_BWI.transpose(1, 2))
        weight_BL: Tensor = self.last(self.prelu(hidden_BLW)).squeeze(2)
        return weight_BL


class _Module(ClockModule):
    """Each request's newest behaviours, every distinct item embedded once."""

    def __init__(self, baseline: DeepInterest, *, behaviours: int) -> None:
        super().__init__()
        self.baseline, self.behaviours = baseline, behaviours
        self.output_dim = baseline.output_dim

    def forward(self, inputs: ClockInputs) -> Tensor:
        start_M, stop_M = inputs.batch.newest(inputs.histories, most=self.behaviours)
        width = longest_of(start_M, stop_M)
        item_ML = inputs.histories.items_between(start_M, stop_M, width=width)
        chosen_U, offset_ML = distinct(item_ML, len(inputs.items.row_NF))
        out_BO: Tensor = self.baseline(
            inputs.candidate_BI,
            request_row_B=inputs.batch.request_row_B,
            item_vectors_NI=inputs.items(chosen_U),
            behaviour_ML=offset_ML,
            present_ML=item_ML > 0,
        )
        return out_BO
