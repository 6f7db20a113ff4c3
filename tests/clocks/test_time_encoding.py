"""Hour Embedding: one row per hour, one per weekday, side by side."""

from __future__ import annotations

import pytest
import torch

from interestclock.clocks import TimeEncoding


def test_every_hour_and_weekday_has_its_own_row() -> None:
    clock = TimeEncoding(dim=3)
    for hour in range(24):
        for day in range(7):
            second_B = torch.tensor([hour * 3600, hour * 3600 + 3599])
            out_BD = clock(second_of_day_B=second_B, day_of_week_B=torch.tensor([day, day]))
            expected_D = torch.cat([clock.hour.weight[hour], clock.weekday.weight[day]])
            assert torch.equal(out_BD, expected_D.expand(2, -1))


@pytest.mark.parametrize("sparse", [False, True])
def test_only_rows_of_the_current_hour_and_day_have_gradients(sparse: bool) -> None:
    clock = TimeEncoding(dim=3, sparse=sparse)
    clock(second_of_day_B=torch.tensor([7200]), day_of_week_B=torch.tensor([6])).sum().backward()
    gradients = [table.weight.grad for table in (clock.hour, clock.weekday)]
    assert [gradient.is_sparse for gradient in gradients] == [sparse, sparse]
    touched = [gradient.to_dense().any(1).nonzero().flatten().tolist() for gradient in gradients]
    assert touched == [[2], [6]]


def test_a_dense_adam_can_train_it_as_it_comes() -> None:
    clock = TimeEncoding(dim=2)
    optimiser = torch.optim.Adam(clock.parameters())
    clock(second_of_day_B=torch.tensor([0]), day_of_week_B=torch.tensor([0])).sum().backward()
    optimiser.step()


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="dim is 0; give 1 or more"):
        TimeEncoding(dim=0)
    with pytest.raises(ValueError, match=r"day_of_week_B has shape \(1,\); give \(2,\)"):
        TimeEncoding(dim=2)(second_of_day_B=torch.tensor([0, 1]), day_of_week_B=torch.tensor([0]))
    for name, wrong in (("second_of_day_B", 86_400), ("day_of_week_B", 7)):
        given = {"second_of_day_B": torch.tensor([0]), "day_of_week_B": torch.tensor([0])}
        with pytest.raises(ValueError, match=f"{name} holds {wrong}; give whole numbers from 0 on"):
            TimeEncoding(dim=2)(**given | {name: torch.tensor([wrong])})
