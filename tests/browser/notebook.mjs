// What is different in Notebook 7.

import { LIMIT } from "./chromium.mjs";
import { Lab } from "./lab.mjs";

/** One notebook, which is the whole page. */
export class Notebook extends Lab {
  url(notebook) {
    const url = new URL(this.server);
    url.pathname += `notebooks/${notebook}`;
    return url.href;
  }

  /** There is no status bar. The indicator says idle before there is a kernel, and the logo is that of a kernel. */
  async idle(limit = LIMIT) {
    await this.page.locator(".jp-NotebookKernelLogo img").waitFor({ timeout: limit });
    await this.panel.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").waitFor({ timeout: limit });
  }
}
