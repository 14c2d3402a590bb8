/** The command that answers what waits for a person. */

import { questions } from "../runs";
import type { Question } from "../shared/protocol";
import { type Desk, type Given, text } from "./desk";

/** Characters of a question's details that are shown in the box; the rest is read as a text. */
const SHOWN = 2_000;

/** Answer a question: by one of its choices, or in words. */
export async function answer(desk: Desk, given?: Given): Promise<void> {
  const run = await desk.run(given);
  if (!run) return;
  const question = await which(desk, questions(run), text(given, "questionId"));
  if (!question) return;
  const said = text(given, "answer") ?? (await ask(desk, question));
  if (said !== undefined) {
    await desk.do("question/answer", { runId: run.runId, questionId: question.id, answer: said });
  }
}

async function which(
  desk: Desk,
  open: readonly Question[],
  named: string | undefined,
): Promise<Question | undefined> {
  if (named !== undefined) return open.find((each) => each.id === named);
  if (open.length === 0) await desk.window.tell("info", "Nobody waits for an answer.");
  if (open.length < 2) return open[0];
  const lines = open.map((each) => ({
    label: `$(question) ${each.text.split("\n")[0] ?? ""}`,
    description: each.kind,
    detail: each.taskId ?? "the whole run waits",
    value: each,
  }));
  return desk.window.pick("Sextet: answer what?", lines);
}

async function ask(desk: Desk, question: Question): Promise<string | undefined> {
  if (question.detail.length > SHOWN) await desk.editor.read(question.id, question.detail);
  if (question.choices.length === 0) {
    return desk.window.ask({ title: `Sextet: ${question.text}`, prompt: question.detail.slice(0, SHOWN) });
  }
  // The harmless one first: it is what happens anyway when nobody answers.
  const choices = question.choices.toSorted(
    (a, b) => Number(b.value === question.default) - Number(a.value === question.default),
  );
  const labels = choices.map((each) => each.label);
  const pressed = await desk.window.decide(question.text, question.detail.slice(0, SHOWN), labels);
  return choices.find((each) => each.label === pressed)?.value;
}
