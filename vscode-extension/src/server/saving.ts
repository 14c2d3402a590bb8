/** Saves documents for the server exactly as they are: nothing is formatted on the way. */

import { type TextDocument, Uri, commands, window, workspace } from "vscode";
import { isRecord } from "../shared/refusal";

/** What alters a document while it is saved, by setting. */
const ALTERING = [
  "editor.formatOnSave",
  "editor.codeActionsOnSave",
  "files.trimTrailingWhitespace",
  "files.insertFinalNewline",
  "files.trimFinalNewlines",
] as const;

/** `sextet/save`: save open documents; those are named that have nothing unsaved afterwards. */
export async function save(params: unknown): Promise<{ saved: string[] }> {
  const asked = isRecord(params) && Array.isArray(params["uris"]) ? params["uris"] : [];
  const saved: string[] = [];
  for (const uri of asked) {
    const wanted = Uri.parse(String(uri)).fsPath;
    const document = workspace.textDocuments.find((each) => each.uri.scheme === "file" && each.uri.fsPath === wanted);
    if (document && (await saveOne(document))) saved.push(String(uri));
  }
  return { saved };
}

async function saveOne(document: TextDocument): Promise<boolean> {
  if (!document.isDirty) return true;
  if (!altered(document)) return document.save();
  const before = window.activeTextEditor;
  await window.showTextDocument(document, { preview: false });
  await commands.executeCommand("workbench.action.files.saveWithoutFormatting");
  if (before) await window.showTextDocument(before.document, before.viewColumn);
  return !document.isDirty;
}

function altered(document: TextDocument): boolean {
  const settings = workspace.getConfiguration(undefined, document);
  return ALTERING.some((key) => {
    const value: unknown = settings.get(key);
    return isRecord(value) ? Object.keys(value).length > 0 : Boolean(value);
  });
}
