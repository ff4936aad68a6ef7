// Cells in JupyterLab: Run All, and cells beside each other.

import { LIMIT } from "../chromium.mjs";

/** Run All on the example notebook, until its last cell is done. */
export async function notebook(lab) {
  await lab.open("autoawait.ipynb");
  const kernel = await lab.panel.locator(".jp-KernelName").innerText();
  await lab.menu("Run", "Run All Cells");
  await lab.output("asyncio.create_task(repeat", "background 2");
  const idleMeanwhile = await lab.prompt("asyncio.create_task(repeat");
  await lab.output("asyncio.create_task(repeat", "background 9", LIMIT + 30_000);
  await lab.cell("await background").locator(".jp-OutputArea", { hasText: "True" }).first().waitFor();
  await lab.idle();
  await lab.screenshot("notebook-end.png");
  return { kernel, idleMeanwhile, cells: await lab.shown() };
}

/** Cells beside each other: two print while a later one is done, the stop button ends one of them, a later cell the other. */
export async function concurrent(lab) {
  await lab.open("concurrent.ipynb");
  await lab.run("%concurrent on");
  await lab.idle();
  await lab.run('"first"');
  await lab.output('"first"', "first 3");
  await lab.run('"second"');
  await lab.output('"second"', "second 3");
  await lab.run("%tasks");
  await lab.output("%tasks", "started by");
  await lab.run("while True: pass");
  await lab.output('"first"', "first 9");
  await lab.output('"second"', "second 9");
  const meanwhile = await lab.shown();
  await lab.screenshot("concurrent.png");
  await lab.button("interrupt");
  await lab.output("while True: pass", "KeyboardInterrupt");
  await lab.run("stop.set()");
  await lab.output('"first"', "first ended");
  await lab.output('"second"', "second ended");
  await lab.idle();
  return { meanwhile, end: await lab.shown() };
}
