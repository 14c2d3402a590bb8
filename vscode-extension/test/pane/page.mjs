// Plays the host: tells the pane a recorded state and answers what it asks.
import { answer, scene } from "./scenes.mjs";

const asked = new URLSearchParams(location.search);
document.documentElement.className = asked.get("theme") ?? "dark";
const steps = await (await fetch("run.json")).json();
const tell = (message) => window.postMessage(message, "*");
let saved = { tab: asked.get("tab") ?? "tasks" };

globalThis.acquireVsCodeApi = () => ({
  getState: () => saved,
  setState: (state) => {
    saved = state;
  },
  postMessage: (message) => {
    if (message.kind === "ready") scene(asked.get("state") ?? "rework", steps).forEach(tell);
    if (message.kind === "request") {
      setTimeout(() => tell({ kind: "answer", id: message.id, result: answer(message, steps) }), 30);
    }
    if (message.kind === "command") tell({ kind: "answer", id: message.id, result: null });
  },
});
document.body.append(document.createElement("sextet-pane"));
await import("./main.js");
