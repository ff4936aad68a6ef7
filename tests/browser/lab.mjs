// What one can do in JupyterLab.

import path from "node:path";

import { LIMIT } from "./chromium.mjs";

/** JupyterLab with one notebook in sight. */
export class Lab {
  constructor(page, server, directory) {
    this.page = page;
    this.server = server;
    this.directory = directory;
    this.panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)");
    this.cells = this.panel.locator(".jp-CodeCell");
    this.dialog = page.locator(".jp-Dialog");
  }

  /** The address of a file; without its former layout. */
  url(notebook) {
    const url = new URL(this.server);
    url.pathname += `lab/tree/${notebook}`;
    url.searchParams.set("reset", "");
    return url.href;
  }

  async open(notebook) {
    await this.page.goto(this.url(notebook));
    await this.panel.locator(".jp-Notebook").waitFor();
    await this.idle();
  }

  /**
   * The status bar tells the kernel's own state; the notebook's indicator says idle before there is a kernel. The reply
   * that ends a cell may come after it.
   */
  async idle(limit = LIMIT) {
    await this.page.locator("#jp-main-statusbar").filter({ hasText: "| Idle" }).waitFor({ timeout: limit });
    await this.panel.locator(".jp-InputPrompt", { hasText: "[*]:" }).first().waitFor({ state: "detached", timeout: limit });
  }

  /** What the circle in the toolbar tells when one points at it, once it has told `text`. */
  async indicator(text = "Kernel status") {
    const indicator = this.panel.locator(".jp-Notebook-ExecutionIndicator");
    await indicator.hover();
    await indicator.filter({ hasText: text }).waitFor();
    return { status: await indicator.getAttribute("data-status"), text: await indicator.innerText() };
  }

  async menu(menu, item) {
    await this.page.locator(".lm-MenuBar-itemLabel", { hasText: new RegExp(`^${menu}$`) }).click();
    await this.page.locator(".lm-Menu-itemLabel", { hasText: new RegExp(`^${item}$`) }).click();
  }

  async button(command) {
    await this.panel.locator(`.jp-NotebookPanel-toolbar [data-jp-item-name="${command}"]`).locator("button, jp-button").first().click();
  }

  /** Says yes to the question of a dialog. */
  async accept(text) {
    await this.dialog.locator("button.jp-mod-accept", { hasText: text }).click();
    await this.dialog.waitFor({ state: "detached" });
  }

  cell(source) {
    return this.cells.filter({ has: this.page.locator(".jp-InputArea-editor", { hasText: source }) }).first();
  }

  outputs(source) {
    return this.cell(source).locator(".jp-OutputArea").first();
  }

  /** Until this text stands under the cell that has `source` in it. */
  async output(source, text, limit = LIMIT) {
    await this.outputs(source).filter({ hasText: text }).waitFor({ timeout: limit });
  }

  /** Runs one cell. */
  async run(source) {
    await this.edit(source);
    await this.page.keyboard.press("Control+Enter");
  }

  /** Puts the cursor at the end of the cell. */
  async edit(source) {
    await this.cell(source).locator(".cm-content").click();
    await this.page.keyboard.press("Control+End");
  }

  /** Replaces what is in the last cell. */
  async type(text) {
    await this.cells.last().locator(".cm-content").click();
    await this.page.keyboard.press("Control+a");
    await this.page.keyboard.type(text);
  }

  /** A key on the handle of the slider in the cell that has `source` in it. */
  async slide(source, key = "ArrowRight") {
    await this.cell(source).locator(".noUi-handle").first().press(key);
  }

  async prompt(source) {
    return (await this.cell(source).locator(".jp-InputPrompt").first().innerText()).trim();
  }

  /** What is displayed, cell by cell. */
  async shown() {
    return this.cells.evaluateAll((cells) =>
      cells.map((cell) => ({
        source: cell.querySelector(".jp-InputArea-editor .cm-content").innerText,
        prompt: cell.querySelector(".jp-InputPrompt").innerText.trim(),
        output: cell.querySelector(".jp-OutputArea").innerText,
        bars: cell.querySelectorAll("progress").length,
      })),
    );
  }

  /** Until the server has written the notebook. */
  async save() {
    const saved = this.page.waitForResponse((response) => response.request().method() === "PUT" && response.url().includes("/api/contents/"));
    await this.page.keyboard.press("Control+s");
    await saved;
  }

  async screenshot(name) {
    await this.page.screenshot({ path: path.join(this.directory, name) });
  }
}
