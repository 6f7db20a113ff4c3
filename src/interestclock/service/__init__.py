"""The ranking service: HTTP around a scorer."""

from interestclock.service.access import Access
from interestclock.service.app import create_app
from interestclock.service.config import ServiceConfig
from interestclock.service.event_batches import EventBatches, FaultyBatchError
from interestclock.service.event_routes import event_router
from interestclock.service.event_service import EventService
from interestclock.service.exploration import Exploration, ExploredOrder
from interestclock.service.ranking_service import RankingService
from interestclock.service.recent_requests import RecentRequests
from interestclock.service.reopened_store import ReopenedStore
from interestclock.service.serve_app import serve_app
from interestclock.service.served_log import ServedCounts, ServedLog
from interestclock.service.served_messages import served_message_of

__all__ = [
    "Access",
    "EventBatches",
    "EventService",
    "Exploration",
    "ExploredOrder",
    "FaultyBatchError",
    "RankingService",
    "RecentRequests",
    "ReopenedStore",
    "ServedCounts",
    "ServedLog",
    "ServiceConfig",
    "create_app",
    "event_router",
    "serve_app",
    "served_message_of",
]
