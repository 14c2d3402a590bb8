// Two bundles: the host (CommonJS for Node, inside the editor) and the pane (a module for its browser).
import { cp, mkdir, rm } from "node:fs/promises";
import { build, context } from "esbuild";

const watching = process.argv.includes("--watch");
const common = {
  bundle: true,
  minify: !watching,
  sourcemap: watching ? "linked" : false,
  logLevel: "warning",
  legalComments: "none",
};

const host = {
  ...common,
  entryPoints: ["src/extension.ts"],
  outfile: "dist/extension.js",
  platform: "node",
  format: "cjs",
  target: "node20",
  external: ["vscode"],
};

const pane = {
  ...common,
  entryPoints: ["src/webview/main.ts"],
  outfile: "dist/pane/main.js",
  platform: "browser",
  format: "esm",
  target: "es2022",
  tsconfig: "tsconfig.webview.json",
};

await rm("dist/pane", { recursive: true, force: true });
await mkdir("dist/pane", { recursive: true });
await cp("node_modules/@vscode/codicons/dist/codicon.css", "dist/pane/codicon.css");
await cp("node_modules/@vscode/codicons/dist/codicon.ttf", "dist/pane/codicon.ttf");

if (watching) {
  for (const bundle of [host, pane]) await (await context(bundle)).watch();
} else {
  await Promise.all([host, pane].map((bundle) => build(bundle)));
}
