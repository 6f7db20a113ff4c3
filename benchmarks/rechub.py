"""The other side: torch-rechub's DCNv2, trained by its own trainer from its own loader."""

from __future__ import annotations

import contextlib
import io
import tempfile
import time

import torch
from five_features import FEATURES, Samples
from torch_rechub.basic.features import SparseFeature
from torch_rechub.models.ranking import DCNv2
from torch_rechub.trainers import CTRTrainer
from torch_rechub.utils.data import DataGenerator

EMBEDDING_DIM = 16
CROSS_LAYERS = 2
MLP_DIMS = [128, 64]


def rechub(samples: Samples, batch_size: int) -> float:
    """Samples per second of one epoch of ``CTRTrainer.fit``, loader included, model building excluded."""
    torch.manual_seed(0)
    features = [
        SparseFeature(name, vocab_size=samples.vocabulary[name], embed_dim=EMBEDDING_DIM) for name in FEATURES
    ]
    model = DCNv2(
        features,
        n_cross_layers=CROSS_LAYERS,
        mlp_params={"dims": MLP_DIMS, "dropout": 0.0, "activation": "relu"},
        use_low_rank_mixture=False,  # full matrices, as in our ranker; its mixture of experts is slower
    )
    loader, _, _ = DataGenerator(samples.ids, samples.label).generate_dataloader(batch_size=batch_size)
    with tempfile.TemporaryDirectory() as folder, _silence():
        trainer = CTRTrainer(
            model,
            optimizer_params={"lr": 2e-3},  # no weight decay: ours has none, and it costs time
            n_epoch=1,
            model_path=folder,
        )
        started = time.perf_counter()
        trainer.fit(loader)
        seconds = time.perf_counter() - started
    return len(samples) / seconds


@contextlib.contextmanager
def _silence():
    """Its progress bar and prints; they stay on, only out of sight."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield
