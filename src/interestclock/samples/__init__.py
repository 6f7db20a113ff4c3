"""Exposures joined with labels, features and histories as of their moment, in typed batches."""

from interestclock.samples.batch import Batch, SampleChunk
from interestclock.samples.batch_maker import BatchMaker, Rows
from interestclock.samples.candidates import CandidateConfig, Candidates, candidates_beside, sample_candidates
from interestclock.samples.folder import ChunkManifest, Manifest, SampleFolder
from interestclock.samples.prepare import PrepareConfig, prepare_samples

__all__ = [
    "Batch",
    "BatchMaker",
    "CandidateConfig",
    "Candidates",
    "ChunkManifest",
    "Manifest",
    "PrepareConfig",
    "Rows",
    "SampleChunk",
    "SampleFolder",
    "candidates_beside",
    "prepare_samples",
    "sample_candidates",
]
