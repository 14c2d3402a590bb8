"""The operating system, made safe: the only room that forks, walks and fsyncs."""

from __future__ import annotations
