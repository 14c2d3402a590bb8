"""The contract: every verb with its params and its result, the same for terminal, socket and editor."""

from __future__ import annotations

from dataclasses import dataclass

from sextet.model.base import Record
from sextet.service import params as p
from sextet.service import results as r
from sextet.service import upkeep_results as u


@dataclass(frozen=True, slots=True)
class Method:
    """A verb: what it takes and what it gives."""

    params: type[Record]
    result: type[Record]
    reads: bool = False
    """True when it changes nothing: it needs no lock, and it may be used on a folder that is not trusted.

    It may be carried out where nobody cleans up later, so whatever it starts it ends before it answers.
    """


METHODS: dict[str, Method] = {
    "run/start": Method(p.StartRun, r.RunRef),
    "run/resume": Method(p.OfRun, r.Done),
    "run/stop": Method(p.StopRun, r.Done),
    "run/list": Method(Record, r.RunList, reads=True),
    "run/snapshot": Method(p.OfRun, r.Snapshot, reads=True),
    "run/events": Method(p.ReadEvents, r.EventsPage, reads=True),
    "run/followUp": Method(p.FollowUp, r.Done),
    "workers/start": Method(p.ChooseWorkers, r.Done),
    "workers/stop": Method(p.ChooseWorkers, r.Done),
    "roles/get": Method(p.GetRoles, r.RolesInForce, reads=True),
    "roles/set": Method(p.SetRoles, r.Done),
    "task/approve": Method(p.ApproveTask, r.Done),
    "task/requestChanges": Method(p.SayToTask, r.Done),
    "task/comment": Method(p.SayToTask, r.Done),
    "task/retry": Method(p.OfTask, r.Done),
    "task/steer": Method(p.SayToTask, r.Done),
    "task/interrupt": Method(p.SayToTask, r.Done),
    "question/answer": Method(p.AnswerQuestion, r.Done),
    "log/read": Method(p.ReadLog, r.LogPage, reads=True),
    "artifact/read": Method(p.ReadArtifact, r.ArtifactPage, reads=True),
    "patch/list": Method(p.OfRun, r.PatchList, reads=True),
    "patch/get": Method(p.OfPatch, r.PatchDetail, reads=True),
    "patch/apply": Method(p.ApplyPatch, r.ApplyResult),
    "patch/mark": Method(p.MarkHunks, r.Done),
    "patch/comment": Method(p.CommentPatch, r.Done),
    "patch/resolve": Method(p.SettleFile, r.Done),
    "patch/retest": Method(p.OfPatch, r.Retested),
    "patch/open": Method(p.OfPatch, r.Opened, reads=True),
    "task/open": Method(p.OfTask, r.Opened, reads=True),
    "patch/revert": Method(p.RevertPatch, r.RevertResult),
    "recover/list": Method(Record, u.RecoverList, reads=True),
    "clean": Method(p.Clean, u.CleanResult),
    "models/list": Method(Record, u.ModelList),
    "doctor": Method(Record, u.DoctorReport, reads=True),
}
"""Every verb by its name on the wire (there with the prefix `sextet/`)."""
