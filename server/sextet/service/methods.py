"""The contract: every verb with its params and its result, the same for terminal, socket and editor."""

from __future__ import annotations

from dataclasses import dataclass

from sextet.model.base import Record
from sextet.service import params as p
from sextet.service import results as r


@dataclass(frozen=True, slots=True)
class Method:
    """A verb: what it takes and what it gives."""

    params: type[Record]
    result: type[Record]


METHODS: dict[str, Method] = {
    "run/start": Method(p.StartRun, r.RunRef),
    "run/resume": Method(p.OfRun, r.Done),
    "run/stop": Method(p.StopRun, r.Done),
    "run/list": Method(Record, r.RunList),
    "run/snapshot": Method(p.OfRun, r.Snapshot),
    "run/events": Method(p.ReadEvents, r.EventsPage),
    "run/followUp": Method(p.FollowUp, r.Done),
    "workers/start": Method(p.ChooseWorkers, r.Done),
    "workers/stop": Method(p.ChooseWorkers, r.Done),
    "roles/set": Method(p.SetRoles, r.Done),
    "task/approve": Method(p.ApproveTask, r.Done),
    "task/requestChanges": Method(p.SayToTask, r.Done),
    "task/comment": Method(p.SayToTask, r.Done),
    "task/retry": Method(p.OfTask, r.Done),
    "task/steer": Method(p.SayToTask, r.Done),
    "task/interrupt": Method(p.SayToTask, r.Done),
    "question/answer": Method(p.AnswerQuestion, r.Done),
    "log/read": Method(p.ReadLog, r.LogPage),
    "patch/list": Method(p.OfRun, r.PatchList),
    "patch/get": Method(p.OfPatch, r.PatchDetail),
    "patch/apply": Method(p.ApplyPatch, r.ApplyResult),
    "patch/mark": Method(p.MarkHunks, r.Done),
    "patch/comment": Method(p.CommentPatch, r.Done),
    "patch/resolve": Method(p.SettleFile, r.Done),
    "patch/retest": Method(p.OfPatch, r.Retested),
    "patch/open": Method(p.OfPatch, r.Opened),
    "task/open": Method(p.OfTask, r.Opened),
    "patch/revert": Method(p.RevertPatch, r.RevertResult),
}
"""Every verb by its name on the wire (there with the prefix `sextet/`)."""
