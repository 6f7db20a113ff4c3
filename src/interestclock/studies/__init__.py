"""Whole studies as plain functions: compare rankers, inspect a log, export its features."""
