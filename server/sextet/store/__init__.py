"""Runs on disk: journal, claims, views, conversations and the lock of a work tree."""

from __future__ import annotations
