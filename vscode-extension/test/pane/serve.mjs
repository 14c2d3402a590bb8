// Serves the built pane with recorded states, to look at: node test/pane/serve.mjs, then
// http://127.0.0.1:8123/?theme=dark|light|contrast&state=start|early|rework|ask|review|end
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const FILES = {
  "/": ["./index.html", "text/html"],
  "/page.mjs": ["./page.mjs", "text/javascript"],
  "/scenes.mjs": ["./scenes.mjs", "text/javascript"],
  "/themes.css": ["./themes.css", "text/css"],
  "/run.json": ["../unit/recorded/demo.json", "application/json"],
  "/main.js": ["../../dist/pane/main.js", "text/javascript"],
  "/pane.css": ["../../dist/pane/pane.css", "text/css"],
  "/codicon.ttf": ["../../dist/pane/codicon.ttf", "font/ttf"],
};
// The policy of the real page, with the origin for the editor's resources.
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; connect-src 'self'";

createServer((request, response) => {
  const found = FILES[new URL(request.url ?? "/", "http://x").pathname];
  if (!found) {
    response.writeHead(404).end();
    return;
  }
  readFile(at(found[0])).then(
    (data) =>
      response.writeHead(200, { "Content-Type": found[1], "Content-Security-Policy": POLICY }).end(data),
    () => response.writeHead(404).end(),
  );
}).listen(Number(process.env.PORT ?? 8123), "127.0.0.1");
