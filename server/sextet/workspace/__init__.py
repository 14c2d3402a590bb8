"""Git trees and the work tree: mirror, snapshot, worktrees, change sets, merge, apply."""

from __future__ import annotations
