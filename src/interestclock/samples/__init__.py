"""Exposures joined with labels, features and histories as of their moment, in typed batches."""

from interestclock.samples.batch import Batch, SampleChunk
from interestclock.samples.candidates import CandidateConfig, Candidates, sample_candidates
from interestclock.samples.folder import ChunkNote, Manifest, SampleFolder
from interestclock.samples.prepare import PrepareConfig, prepare_samples
from interestclock.samples.vocabulary import Vocabulary

__all__ = [
    "Batch",
    "CandidateConfig",
    "Candidates",
    "ChunkNote",
    "Manifest",
    "PrepareConfig",
    "SampleChunk",
    "SampleFolder",
    "Vocabulary",
    "prepare_samples",
    "sample_candidates",
]
