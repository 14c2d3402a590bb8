// Two bundles: the host (CommonJS for Node, inside the editor) and the pane (a module for its browser).
import { rm } from "node:fs/promises";
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
  entryPoints: ["src/webview/main.ts", "src/webview/pane.css"],
  outdir: "dist/pane",
  assetNames: "[name]",
  loader: { ".ttf": "file" },
  platform: "browser",
  format: "esm",
  target: "es2022",
  tsconfig: "tsconfig.webview.json",
};

await rm("dist/pane", { recursive: true, force: true });

if (watching) {
  for (const bundle of [host, pane]) await (await context(bundle)).watch();
} else {
  await Promise.all([host, pane].map((bundle) => build(bundle)));
}
