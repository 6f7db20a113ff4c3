"""Identity: ids and what they are called inside a state."""

from interestclock.ids.given_ids import id_as
from interestclock.ids.identity import Identity
from interestclock.ids.vocabulary import Vocabulary

__all__ = ["Identity", "Vocabulary", "id_as"]
