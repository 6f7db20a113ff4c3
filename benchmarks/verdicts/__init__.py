"""The study of ``inspect``'s verdict, in parts; ``inspect_verdicts.py`` runs it."""
