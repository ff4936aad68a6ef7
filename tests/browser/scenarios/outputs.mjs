// Outputs and what else a cell does to its notebook.

/** Run All with an error in the middle. */
export async function failing(lab) {
  await lab.open("failing.ipynb");
  await lab.menu("Run", "Run All Cells");
  await lab.output("inner(", "ZeroDivisionError");
  await lab.idle();
  await lab.screenshot("failing.png");
  const spans = lab.outputs("inner(").locator("pre span");
  const colours = await spans.evaluateAll((spans) => [...new Set(spans.flatMap((span) => [...span.classList]))]);
  await lab.save();
  return { cells: await lab.shown(), colours, indicator: await lab.indicator() };
}

/** Displays that are updated, outputs that are cleared, cells that write cells. */
export async function displays(lab) {
  await lab.open("displays.ipynb");
  await lab.run("display_id=True");
  await lab.output("display_id=True", "first");
  await lab.run("handle.update");
  await lab.output("display_id=True", "second");
  await lab.run("clear_output");
  await lab.output("clear_output", "step 4");
  await lab.idle();
  const shown = await lab.shown();
  await lab.run("%load");
  await lab.cell("loaded = 1").waitFor();
  await lab.run("%recall");
  await lab.idle();
  await lab.screenshot("displays.png");
  return { shown, after: await lab.shown() };
}
