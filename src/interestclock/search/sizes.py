"""The sizes that all models share which search a long history and attend over what they find."""

from __future__ import annotations

from dataclasses import dataclass

from interestclock.errors import check_numbers, check_size

__all__ = ["SearchSizes"]


@dataclass(frozen=True, kw_only=True)
class SearchSizes:
    """Sizes of a search and of the attention over what it finds; a model's configuration adds its own.

    Args:
        behaviours: K, how many the search hands to attention. longest: L, how far back it looks.
        heads: Q. latent_dim: D, of each head. output_dim: O, width of what the model hands on.
        gain: of the orthogonal start that the projections of candidates and of behaviours share; the
            greater, the more a behaviour with the candidate's own item stands out at first.

    Raises:
        ValueError: a size is below 1 or not whole, or ``gain`` is not positive.

    Example:
        >>> SearchSizes(heads=0)
        Traceback (most recent call last):
        ValueError: heads is 0; give 1 or more
    """

    behaviours: int = 100
    longest: int = 10_000
    heads: int = 4
    latent_dim: int = 16
    output_dim: int = 32
    gain: float = 10.0

    def __post_init__(self) -> None:
        check_numbers(self, error=ValueError)
        for name in ("behaviours", "longest", "heads", "latent_dim", "output_dim"):
            check_size(name, getattr(self, name))
        if self.gain <= 0:
            raise ValueError(f"gain is {self.gain}; give a number above 0, for example 2.0")

    @property
    def reads_behaviours(self) -> int:
        """As many as are searched."""
        return self.longest
