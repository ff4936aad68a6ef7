// The pictures of the documentation.

import path from "node:path";

import { LIMIT } from "../chromium.mjs";

/** The notebook is idle, and a task in the background prints. */
export async function picture(lab, page) {
  await page.setViewportSize({ width: 1200, height: 934 });
  await lab.open("autoawait.ipynb");
  await page.keyboard.press("Control+b");
  await lab.cell("await runner.cleanup()").locator(".cm-content").click();
  await page.keyboard.press("Escape");
  await lab.menu("Run", "Run All Above Selected Cell");
  await lab.output("asyncio.create_task(repeat", "background 6", LIMIT + 30_000);
  await lab.idle();
  const heading = lab.panel.locator("h2", { hasText: "A task in the background" });
  await heading.evaluate((element) => element.scrollIntoView({ block: "start" }));
  await lab.screenshot("notebook.png");
  return {};
}

/** The dashboard of the gallery, which a task moves. */
export async function dashboardPicture(lab) {
  await run(lab, "dashboard.ipynb", "measuring.cancel()");
  await lab.run("create_task(measure())");
  await lab.output("dashboard = VBox", /\d{3} values/);
  await photograph(lab, "dashboard = VBox", "dashboard.png");
  return {};
}

/** A figure of plotly. */
export async function plotlyPicture(lab) {
  await run(lab, "pictures.ipynb", "await growing");
  await lab.outputs("add_scatter").locator(".js-plotly-plot .trace").nth(2).waitFor();
  await photograph(lab, "add_scatter", "plotly.png");
  return {};
}

async function run(lab, notebook, last) {
  await lab.open(notebook);
  await lab.page.keyboard.press("Control+b");
  await lab.menu("Run", "Run All Cells");
  await lab.cell(last).locator(".jp-InputPrompt", { hasText: /\d/ }).waitFor({ timeout: LIMIT + 60_000 });
}

/** One cell with its output, and nothing that shows only where it is selected. */
async function photograph(lab, source, name) {
  await lab.panel.locator("h1").click();
  await lab.cell(source).screenshot({ path: path.join(lab.directory, name) });
}
