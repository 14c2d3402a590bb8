/** Unit tests of the host in Node, of the pane in jsdom; `vscode` is a small stand-in in both. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const alias = { vscode: fileURLToPath(new URL("./test/unit/fakes/vscode.ts", import.meta.url)) };

export default defineConfig({
  test: {
    testTimeout: 5_000,
    maxWorkers: 2,
    projects: [
      {
        resolve: { alias },
        test: { name: "unit", include: ["test/unit/**/*.test.ts"], environment: "node" },
      },
      {
        resolve: { alias },
        test: { name: "webview", include: ["test/webview/**/*.test.ts"], environment: "jsdom" },
      },
    ],
  },
});
