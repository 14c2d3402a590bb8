// Strict and type-aware, with the walls of the house: what runs where may import what.
import js from "@eslint/js";
import { configs as lit } from "eslint-plugin-lit";
import tseslint from "typescript-eslint";

const noVscode = { name: "vscode", message: "Only the host may import vscode." };
const noNode = { group: ["node:*"], message: "There is no Node here." };

export default tseslint.config(
  { ignores: ["dist/", "node_modules/", "node/", "server/", "src/shared/protocol.ts", "test/e2e/"] },
  js.configs.recommended,
  {
    files: ["**/*.ts", "**/*.mts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      complexity: ["error", 10],
      "max-depth": ["error", 3],
      "max-lines": ["error", { max: 200, skipBlankLines: false }],
      "max-lines-per-function": ["error", { max: 40, skipComments: true }],
      "max-params": ["error", 5],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  {
    files: ["src/shared/**/*.ts", "src/state/**/*.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          paths: [noVscode],
          patterns: [noNode, { group: ["lit", "lit/*"], message: "Both sides use this." }],
        },
      ],
    },
  },
  {
    files: ["src/webview/**/*.ts"],
    extends: [lit["flat/recommended"]],
    rules: { "no-restricted-imports": ["error", { paths: [noVscode], patterns: [noNode] }] },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      "max-lines": "off",
      "max-lines-per-function": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
  {
    files: ["**/*.mjs"],
    languageOptions: { globals: { process: "readonly", console: "readonly", URL: "readonly" } },
  },
  {
    files: ["test/pane/page.mjs"],
    languageOptions: {
      globals: Object.fromEntries(
        ["URLSearchParams", "location", "document", "fetch", "window", "setTimeout"].map((name) => [
          name,
          "readonly",
        ]),
      ),
    },
  },
);
