// A headless Chromium with an empty profile.

import { createRequire } from "node:module";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

// `require` looks at NODE_PATH, `import` does not.
const { chromium } = createRequire(import.meta.url)("playwright-core");

/** Milliseconds that a single wait may take. */
export const LIMIT = Number(process.env.EVERLOOP_TEST_LIMIT ?? 30) * 1000;

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"];

/** What `use` makes of the browser. */
export async function withChromium(use) {
  const profile = mkdtempSync(path.join(tmpdir(), "everloop-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.EVERLOOP_CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: FLAGS,
    viewport: { width: 1200, height: 900 },
    deviceScaleFactor: 2,
  });
  context.setDefaultTimeout(LIMIT);
  try {
    return await use(context);
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
}
