"""Exposures joined with labels, features and histories as of their moment, in typed batches."""

from interestclock.samples.batch import Batch, SampleChunk
from interestclock.samples.batch_maker import BatchMaker, Rows
from interestclock.samples.candidates import CandidateConfig, Candidates, candidates_beside, sample_candidates
from interestclock.samples.folder import ChunkManifest, Manifest, SampleFolder
from interestclock.samples.prepare import PrepareConfig, prepare_samples
from interestclock.samples.request_features import RequestFeatures, request_features
from interestclock.samples.request_records import RequestRecord, RequestRecords, is_sampled, read_records

__all__ = [
    "Batch",
    "BatchMaker",
    "CandidateConfig",
    "Candidates",
    "ChunkManifest",
    "Manifest",
    "PrepareConfig",
    "RequestFeatures",
    "RequestRecord",
    "RequestRecords",
    "Rows",
    "SampleChunk",
    "SampleFolder",
    "candidates_beside",
    "is_sampled",
    "prepare_samples",
    "read_records",
    "request_features",
    "sample_candidates",
]
