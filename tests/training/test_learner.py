from __future__ import annotations

import pytest
import torch

from interestclock.errors import ResultError
from interestclock.histories import Histories
from interestclock.samples import Batch, SampleChunk, SampleFolder
from interestclock.training import Learner


def weights(learner: Learner) -> dict[str, torch.Tensor]:
    return {name: weight.clone() for name, weight in learner.ranker.state_dict().items()}


def assert_same_weights(first: Learner, second: Learner) -> None:
    for name, weight in weights(first).items():
        assert torch.equal(weight, weights(second)[name]), name


@pytest.fixture
def learners(make_ranker, histories: Histories, chunks: list[SampleChunk]) -> tuple[Learner, Learner]:
    """Two learners that are the same."""
    return tuple(
        Learner(make_ranker(chunks[0].sizes), lambda: histories, learning_rate=0.05) for _ in range(2)
    )


@pytest.fixture
def batches(chunks: list[SampleChunk]) -> list[Batch]:
    return list(chunks[0].batches(16))


def test_reusing_the_forward_pass_is_running_it_again(learners, batches: list[Batch]) -> None:
    reusing, repeating = learners
    for batch in batches:
        repeating.predict(batch)
        assert reusing.learn(batch, reusing.predict(batch)) == repeating.learn(batch)
    assert_same_weights(reusing, repeating)


def test_also_where_the_tables_grew_in_between(
    learners, batches: list[Batch], chunks: list[SampleChunk], folder: SampleFolder
) -> None:
    reusing, repeating = learners
    predictions = [learner.predict(batches[0]) for learner in learners]
    for learner in learners:
        learner.ranker.grow(chunks[-1].sizes, folder.item_attributes(folder.state()))
    assert reusing.learn(batches[0], predictions[0]) == repeating.learn(batches[0])
    following = next(chunks[-1].batches(16))
    assert reusing.learn(following, reusing.predict(following)) == repeating.learn(following)
    assert_same_weights(reusing, repeating)


def test_a_prediction_from_before_a_lesson_is_not_learned_from(learners, batches: list[Batch]) -> None:
    late, fresh = learners
    stale = late.predict(batches[1])
    for learner in learners:
        learner.learn(batches[0])
    assert late.learn(batches[1], stale) == fresh.learn(batches[1])
    assert_same_weights(late, fresh)


def test_predicting_learns_nothing(learners, batches: list[Batch]) -> None:
    asked, left_alone = learners
    for batch in batches:
        asked.predict(batch)
    assert asked.step == 0
    assert_same_weights(asked, left_alone)


def test_learning_makes_what_was_seen_likelier(learners, batches: list[Batch]) -> None:
    learner, _ = learners
    losses = [learner.learn(batches[0]) for _ in range(30)]
    assert losses[-1] < 0.8 * losses[0]
    assert learner.step == 30


def test_probabilities_are_of_every_task_and_without_a_graph(learners, batches: list[Batch]) -> None:
    prediction = learners[0].predict(batches[0])
    probabilities = prediction.probabilities()
    assert set(probabilities) == {"finish", "like", "skip"}
    for task, probability_B in probabilities.items():
        assert not probability_B.requires_grad
        assert torch.equal(probability_B, torch.sigmoid(prediction.logits[task].detach()))


def test_a_batch_of_one(learners, chunks: list[SampleChunk]) -> None:
    one = next(chunks[0].batches(16)).select(torch.tensor([0]))
    learner, _ = learners
    assert learner.predict(one).probabilities()["finish"].shape == (1,)
    assert learner.learn(one) > 0


def _learn_all(learner: Learner, batches: list[Batch]) -> None:
    for batch in batches:
        learner.learn(batch)


def test_divergence_is_told_when_it_happens(
    make_ranker, histories: Histories, chunks: list[SampleChunk], batches: list[Batch]
) -> None:
    learner = Learner(make_ranker(chunks[0].sizes), lambda: histories, learning_rate=1e30)
    with pytest.raises(ResultError, match="training diverged; lower the learning rate"):
        _learn_all(learner, batches)
