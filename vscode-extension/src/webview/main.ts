/** The pane's page: connects the state with the host and with what is shown. */

import "./elements/pane";
import { type Api, Store } from "./store";

declare function acquireVsCodeApi(): Api;

const store = new Store(acquireVsCodeApi(), () => Date.now() / 1_000);
window.addEventListener("message", (event: MessageEvent<unknown>) => {
  store.hear(event.data);
});
const pane = document.querySelector("sextet-pane");
if (pane) pane.store = store;
store.begin();
