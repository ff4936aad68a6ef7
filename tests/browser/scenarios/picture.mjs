// The picture of the documentation.

import { LIMIT } from "../chromium.mjs";

/** The picture of the documentation: the notebook is idle, and a task in the background prints. */
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
  await lab.screenshot("picture.png");
  return {};
}
