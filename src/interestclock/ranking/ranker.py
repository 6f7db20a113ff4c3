"""The ranker: embeddings, clocks and DCN-V2 put together, with a tower for every task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from interestclock.clocks import ClockConfig, ClockInputs, ClockModule, RankerSizes
from interestclock.clocks.checks import check_answer
from interestclock.embeddings import FeatureTable, ItemVectors, masked_mean
from interestclock.errors import ConfigError, InterestClockError
from interestclock.histories import Histories
from interestclock.ranking.config import FeatureNames, RankerConfig
from interestclock.ranking.context import context_rows, context_vectors, context_width
from interestclock.ranking.dcn import DCNv2
from interestclock.ranking.joining import limit_part, limit_rms, mean_square, running_square
from interestclock.samples import Batch

__all__ = ["Ranker", "multi_task_loss"]

# Shapes: B exposures, M requests, K behaviours last seen, H buckets, V values, D embedding, I item vector,
# F rows of an item, C all clock attributes' embeddings side by side, X rows of a whole batch, O output,
# P parts.

_ANOTHER = 1_000_003  # from one seed to another that no run is given by counting


class Ranker(nn.Module):
    """DCN-V2 over user, item, recent items and context, any number of clocks, a tower per task.

    One gather reads every embedding a batch needs; what depends on the user and the time alone is
    computed once per request, not once per candidate.

    Args:
        names: tasks and features. config: sizes and clocks.
        seed: of all first weights; PyTorch's own random state stays as it was.

    Raises:
        ConfigError: a clock reads Eq. 3's preferences, and no attribute feeds the clocks.

    Example:
        >>> ranker = Ranker(names=FeatureNames(tasks=("finish",)), config=RankerConfig(), seed=0)
        >>> ranker.grow({"user": 3, "item": 5}, {})
        >>> sum(p.numel() for p in ranker.dense_parameters()) > 0
        True
    """

    square_P: Tensor
    batch_square_P: Tensor | None = None

    def __init__(self, *, names: FeatureNames, config: RankerConfig, seed: int) -> None:
        super().__init__()
        needy = [clock.kind for clock in config.clocks if clock.reads_preferences]
        if needy and not names.clock_attributes:
            raise ConfigError(
                f"no attribute feeds the clocks, and {', '.join(needy)} needs one; "
                "name one of the log's attributes, or take another clock"
            )
        self.names, self.config = names, config
        self.table = FeatureTable(dim=config.dim, std=config.std, seed=seed)
        self.items = ItemVectors(self.table, names.attributes)
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(seed)
            self._build(seed)

    def _build(self, seed: int) -> None:
        names, config, item_dim = self.names, self.config, self.items.output_dim
        sizes = RankerSizes(
            dim=config.dim,
            std=config.std,
            item_dim=item_dim,
            attributes=names.attributes,
            preferences_dim=config.dim * len(names.clock_attributes),
            buckets_per_day=names.buckets_per_day,
        )
        built = []
        for place, clock in enumerate(config.clocks):
            torch.manual_seed(_seed_of(place, config.clocks, seed=seed))
            built.append(_built(clock, sizes))
        self.clocks = nn.ModuleList(built)
        if config.joined_limit is not None and not all(config.limits_rows):
            self.register_buffer("square_P", torch.zeros(len(built)))
        width = 2 * config.dim + item_dim + context_width(names, dim=config.dim)
        width += sum(module.output_dim for module in built)
        self.dcn = DCNv2(input_dim=width, cross_layers=config.cross_layers, hidden=config.hidden)
        self.towers = nn.ModuleDict({task: self._tower() for task in names.tasks})

    def _tower(self) -> nn.Module:
        hidden = self.config.tower_width
        return nn.Sequential(nn.Linear(self.dcn.output_dim, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def grow(self, sizes: Mapping[str, int], item_values: Mapping[str, Tensor]) -> None:
        """Make room for ids up to the given sizes, before a batch that has them is seen.

        Args:
            sizes: largest number of ``user``, ``item``, ``attribute.NAME``, ``context.NAME``.
            item_values: attribute value numbers by item number, int64 (items + 1 or more, V).
        """
        self.table.grow(sizes)
        self.items.describe(sizes["item"], item_values)

    def clock_modules(self) -> list[ClockModule]:
        """The clocks in their places, in the order of the configuration."""
        return [module for module in self.clocks if isinstance(module, ClockModule)]

    def sparse_parameters(self) -> list[nn.Parameter]:
        """Tables whose gradients are sparse: for ``RowAdam``."""
        return [
            parameter for table in self.modules() if _is_sparse(table) for parameter in table.parameters()
        ]

    def dense_parameters(self) -> list[nn.Parameter]:
        """All other parameters: for any dense optimiser."""
        sparse = {id(parameter) for parameter in self.sparse_parameters()}
        return [parameter for parameter in self.parameters() if id(parameter) not in sparse]

    def forward(self, batch: Batch, histories: Histories) -> dict[str, Tensor]:
        """Logits, float32 (B,), for each task.

        Args:
            batch: exposures, as the log's samples hold them. histories: what their windows are cut from.
        """
        rows = self._rows(batch)
        vectors = self._gather(rows)
        clock_inputs = self._clock_inputs(batch, histories, rows, vectors)
        recent_MD = masked_mean(vectors["recent"], rows["recent"] > 0)
        inputs = [
            vectors["user"],
            clock_inputs.candidate_BI,
            functional.embedding(batch.request_row_B, recent_MD),
        ]
        inputs += context_vectors(self.names, batch, rows=rows, vectors=vectors)
        inputs += self._parts(clock_inputs)
        deep_BO = self.dcn(torch.cat(inputs, dim=1))
        return {task: tower(deep_BO)[:, 0] for task, tower in self.towers.items()}

    def _parts(self, clock_inputs: ClockInputs) -> list[Tensor]:
        """What each clock says, as DCN-V2 is given it."""
        parts = [
            _answer(module, clock_inputs, clock=clock)
            for module, clock in zip(self.clock_modules(), self.config.clocks, strict=True)
        ]
        limit = self.config.joined_limit
        if limit is None:
            return parts
        self.batch_square_P = self._squares(parts)
        return [
            limit_rms(part_BO, limit=limit)
            if limits_rows
            else limit_part(part_BO, square=self.square_P[place], limit=limit)
            for place, (part_BO, limits_rows) in enumerate(zip(parts, self.config.limits_rows, strict=True))
        ]

    def _squares(self, parts: Sequence[Tensor]) -> Tensor | None:
        """What ``learned`` is given of a batch; None where no part is bounded as a whole."""
        if all(self.config.limits_rows):
            return None
        return torch.stack([mean_square(part_BO) for part_BO in parts])

    def learned(self, batch_square_P: Tensor | None) -> None:
        """Follow the sizes of what parts say.

        Args:
            batch_square_P: float32 (P,), the attribute as it was once the batch had gone forward that is
                learned; None where no part is bounded as a whole.
        """
        if batch_square_P is not None:
            self.square_P = running_square(self.square_P, batch_square_P)

    def clock_inputs(self, batch: Batch, histories: Histories) -> ClockInputs:
        """What the clocks are given for a batch."""
        rows = self._rows(batch)
        return self._clock_inputs(batch, histories, rows, self._gather(rows))

    def _clock_inputs(
        self,
        batch: Batch,
        histories: Histories,
        rows: Mapping[str, Tensor],
        vectors: Mapping[str, Tensor],
    ) -> ClockInputs:
        return ClockInputs(
            batch=batch,
            candidate_BI=self.items.pool(vectors["item"], rows["item"]),
            interests_MHC=self._interests(vectors, rows),
            histories=histories,
            items=self.items,
        )

    def _rows(self, batch: Batch) -> dict[str, Tensor]:
        """Every row of the table that the batch reads, by feature."""
        rows = {
            "user": self.table.rows("user", batch.user_B),
            "item": self.items.row_NF[batch.item_B],
            "recent": self.table.rows("item", batch.recent_MK),
        }
        rows |= context_rows(self.names, batch, self.table)
        if self.config.needs_clocks:
            for name in self.names.clock_attributes:
                rows[f"clock.{name}"] = self.table.rows(f"attribute.{name}", batch.clocks[name])
        return rows

    def _gather(self, rows: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Their embeddings, float32 (..., D), in one read of the table."""
        vectors_XD = self.table(torch.cat([row.flatten() for row in rows.values()]))
        parts = torch.split(vectors_XD, [row.numel() for row in rows.values()])
        return {
            name: part.view(*row.shape, self.config.dim)
            for (name, row), part in zip(rows.items(), parts, strict=True)
        }

    def _interests(self, vectors: Mapping[str, Tensor], rows: Mapping[str, Tensor]) -> Tensor | None:
        """Each bucket's preferred values, averaged per attribute (Interest Clock's v_t)."""
        if not self.config.needs_clocks:
            return None
        names = [f"clock.{name}" for name in self.names.clock_attributes]
        return torch.cat([masked_mean(vectors[name], rows[name] > 0) for name in names], dim=-1)


def _seed_of(place: int, clocks: Sequence[ClockConfig], *, seed: int) -> int:
    """Of a part's first weights: it starts as it does alone; a second of its kind starts otherwise."""
    before = [clock.kind for clock in clocks[:place]]
    earlier = before.count(clocks[place].kind)
    return seed + earlier * _ANOTHER


def _built(clock: ClockConfig, sizes: RankerSizes) -> ClockModule:
    try:
        module: object = clock.build(sizes)
    except InterestClockError:
        raise
    except Exception as error:
        raise ConfigError(
            f"{clock.kind}: build failed ({type(error).__name__}: {error}); it is called with {sizes}, "
            "and gives a ClockModule"
        ) from error
    if not isinstance(module, ClockModule):
        raise ConfigError(f"{clock.kind}: build gave a {type(module).__name__}; give a ClockModule")
    width = getattr(module, "output_dim", None)
    if type(width) is not int or width < 1:
        raise ConfigError(f"{clock.kind}: output_dim is {width!r}; set it in the constructor, 1 or more")
    return module


def _answer(module: ClockModule, inputs: ClockInputs, *, clock: ClockConfig) -> Tensor:
    wanted = (len(inputs.batch), module.output_dim)
    try:
        out_BO: Tensor = module(inputs)
        check_answer("it", out_BO, wanted=wanted, rows="exposures", device=inputs.candidate_BI.device)
    except ConfigError as error:
        raise ConfigError(f"clock '{clock.kind}': {error}") from error
    return out_BO


def _is_sparse(module: nn.Module) -> bool:
    return isinstance(module, FeatureTable) or (isinstance(module, nn.Embedding) and module.sparse)


def multi_task_loss(logits: Mapping[str, Tensor], labels: Mapping[str, Tensor]) -> Tensor:
    r"""Sum over tasks of the mean cross-entropy over the labels that are there.

    .. math:: L = \sum_k \frac{1}{|B_k|} \sum_{i \in B_k} -y_i \log p_i - (1 - y_i) \log (1 - p_i)

    Source: Interest Clock, SIGIR 2024, Eq. (2), per task.

    Args:
        logits: float32 (B,) per task, at least one. labels: int8 (B,) for each of these tasks; -1
            is missing and costs nothing.

    Returns:
        float32, a scalar.

    Example:
        >>> loss = multi_task_loss({"finish": torch.zeros(2)}, {"finish": torch.tensor([1, -1])})
        >>> round(loss.item(), 4)
        0.6931
    """
    costs = [_mean_cost(logit_B, labels[task]) for task, logit_B in logits.items()]
    return torch.stack(costs).sum()


def _mean_cost(logit_B: Tensor, label_B: Tensor) -> Tensor:
    """Mean cross-entropy over the labels that are there, 0 where none is."""
    known_B = (label_B >= 0).to(logit_B.dtype)
    target_B = label_B.clamp(min=0).to(logit_B.dtype)
    cost_B = functional.binary_cross_entropy_with_logits(logit_B, target_B, reduction="none")
    return (cost_B * known_B).sum() / known_B.sum().clamp(min=1)
