"""Invented posts, statuses, likes and events, from a seed and a number."""
