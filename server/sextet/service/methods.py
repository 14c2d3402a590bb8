"""The contract: every verb with its params and its result, the same for terminal, socket and editor."""

from __future__ import annotations

from dataclasses import dataclass

from sextet.model.base import Record
from sextet.service import params as p
from sextet.service import patch_results as c
from sextet.service import results as r
from sextet.service import upkeep_results as u


@dataclass(frozen=True, slots=True)
class Method:
    """A verb: what it takes and what it gives."""

    doc: str
    """What it does, in a sentence."""
    params: type[Record]
    result: type[Record]
    reads: bool = False
    """True when it changes nothing: it needs no lock, and it may be used on a folder that is not trusted.

    It may be carried out where nobody cleans up later, so whatever it starts it ends before it answers.
    """


METHODS: dict[str, Method] = {
    "run/start": Method("Take a goal through the roles.", p.StartRun, r.RunRef),
    "run/resume": Method(
        "Go on with a run that was interrupted, or begin one that was only made.", p.OfRun, r.Done
    ),
    "run/stop": Method("End a run; what is at work is captured.", p.StopRun, r.Done),
    "run/list": Method("The runs of this work tree.", p.Nothing, r.RunList, reads=True),
    "run/snapshot": Method(
        "Everything that is shown of a run; events after its `seq` go on from there.",
        p.OfRun,
        r.Snapshot,
        reads=True,
    ),
    "run/events": Method("Read the journal of a run, page by page.", p.ReadEvents, r.EventsPage, reads=True),
    "run/followUp": Method("Ask for more in the same run; it becomes a new patch.", p.FollowUp, r.Done),
    "run/collisions": Method(
        "Which changes collide, of those at work and those not integrated, before any of them is integrated.",
        p.OfRun,
        c.Collisions,
        reads=True,
    ),
    "workers/start": Method(
        "Let workers of roles that were stopped claim tasks again.", p.ChooseWorkers, r.Done
    ),
    "workers/stop": Method(
        "Stop workers, of whole roles or single ones, at once or after what they are at.",
        p.ChooseWorkers,
        r.Done,
    ),
    "roles/get": Method(
        "How the roles work, in a run or in the next one, and where each value comes from.",
        p.GetRoles,
        r.RolesInForce,
        reads=True,
    ),
    "roles/set": Method("Override role settings for one run, from its next attempts on.", p.SetRoles, r.Done),
    "task/approve": Method(
        "Give a named approval of exactly what was seen, a consensus or a patch.", p.ApproveTask, r.Done
    ),
    "task/requestChanges": Method(
        "Say that a result will not do; its task is done again and reads why.", p.SayToTask, r.Done
    ),
    "task/comment": Method("Leave a remark that the agent reads at its next attempt.", p.SayToTask, r.Done),
    "task/retry": Method(
        "Ask for another attempt of a task that failed, is blocked or was stopped.", p.OfTask, r.Done
    ),
    "task/steer": Method("Say something to the agent in the middle of its turn.", p.SayToTask, r.Done),
    "task/interrupt": Method(
        "Stop the attempt that is at work on a task; it is not repeated by itself.", p.SayToTask, r.Done
    ),
    "question/answer": Method("Answer a question; the first answer counts.", p.AnswerQuestion, r.Done),
    "log/read": Method("Read lines of a worker's log.", p.ReadLog, r.LogPage, reads=True),
    "artifact/read": Method(
        "List the files that an attempt left behind, or read one of them in pieces.",
        p.ReadArtifact,
        r.ArtifactPage,
        reads=True,
    ),
    "patch/list": Method("The patches of a run.", p.OfRun, r.PatchList, reads=True),
    "patch/get": Method(
        "The change set of a patch, its hunks, and a diff to read.", p.OfPatch, r.PatchDetail, reads=True
    ),
    "patch/check": Method(
        "What applying a patch, or chosen hunks of it, would do now, and all that speaks against it.",
        p.CheckPatch,
        c.PatchCheck,
        reads=True,
    ),
    "patch/apply": Method(
        "Write a patch, or chosen hunks of it, into the work tree, all or nothing.",
        p.ApplyPatch,
        r.ApplyResult,
    ),
    "patch/mark": Method(
        "Say what you think of hunks; a rejection with a comment reopens what wrote them.",
        p.MarkHunks,
        r.Done,
    ),
    "patch/comment": Method(
        "Remark on a hunk or a line; those who wrote it read that at their next attempt.",
        p.CommentPatch,
        r.Done,
    ),
    "patch/resolve": Method(
        "Say what becomes of a file in which the patch collides with what you have.", p.SettleFile, r.Done
    ),
    "patch/retest": Method("Run the tests on what you have now.", p.OfPatch, r.Retested),
    "patch/open": Method(
        "Write a patch as a read-only document for people.", p.OfPatch, r.Opened, reads=True
    ),
    "task/open": Method(
        "Write what is known of a task as a read-only document for people.", p.OfTask, r.Opened, reads=True
    ),
    "patch/revert": Method(
        "Take back an apply by a three-way merge; later edits of yours stay.", p.RevertPatch, r.RevertResult
    ),
    "recover/list": Method(
        "Runs that were cut off, and work that was kept of attempts that died.",
        p.Nothing,
        u.RecoverList,
        reads=True,
    ),
    "clean": Method(
        "Find, and remove if asked to, worktrees and runs that are no longer needed.", p.Clean, u.CleanResult
    ),
    "models/list": Method(
        "The models that the installed Codex offers; starts Codex for it.", p.Nothing, u.ModelList
    ),
    "doctor": Method(
        "Look at what Sextet needs of this machine and this repository.",
        p.Nothing,
        u.DoctorReport,
        reads=True,
    ),
}
"""Every verb by its name on the wire (there with the prefix `sextet/`)."""
