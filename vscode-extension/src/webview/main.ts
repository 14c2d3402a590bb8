/** The pane's page: a place to mount what is shown. */

import { html, render } from "lit";

render(html`<p>No run yet.</p>`, document.body);
