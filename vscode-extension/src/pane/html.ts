/** The page that the pane lives in: one module, one style sheet, and nothing else may load. */

/** Addresses and the nonce of one page. */
export interface Page {
  /** What VS Code serves our files from. */
  readonly cspSource: string;
  readonly nonce: string;
  readonly script: string;
  readonly style: string;
}

/** The page; all text comes later, as text. */
export function html(page: Page): string {
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${page.nonce}'`,
    `style-src ${page.cspSource}`,
    `font-src ${page.cspSource}`,
  ].join("; ");
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${page.style}">
<title>Sextet</title>
</head>
<body>
<sextet-pane></sextet-pane>
<script type="module" nonce="${page.nonce}" src="${page.script}"></script>
</body>
</html>`;
}
