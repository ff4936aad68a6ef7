// Widgets: clicks, keys on a slider, what is drawn.

/** A cell awaits a button. */
export async function press(lab) {
  await lab.open("press.ipynb");
  await lab.menu("Run", "Run All Cells");
  await lab.output("await pressed", "waiting");
  await lab.cell("Button(").getByRole("button", { name: "Press me" }).click();
  await lab.output("await pressed", "'pressed'");
  await lab.idle();
  await lab.screenshot("press.png");
  return { prompt: await lab.prompt("await pressed") };
}

/** A cell awaits the moves of a slider, whose handlers print into an Output. */
export async function slider(lab) {
  await lab.open("slider.ipynb");
  await lab.menu("Run", "Run All Cells");
  await lab.output("await moves", "waiting");
  for (const value of [1, 2, 3]) {
    await lab.slide("IntSlider(");
    await lab.output("await moves", `moved ${value}`);
    await lab.output("IntSlider(", `async ${value}`);
  }
  await lab.output("await moves", "done");
  await lab.idle();
  await lab.screenshot("slider.png");
  const [moves, printed] = await Promise.all([
    lab.outputs("await moves").innerText(),
    lab.cell("IntSlider(").locator(".jupyter-widgets-output-area, .jp-OutputArea .jp-OutputArea").last().innerText(),
  ]);
  return { moves, printed };
}

/** Two clicks, whose handlers await at the same time and print into one Output; and a task that outlives its click. */
export async function overlap(lab) {
  await lab.open("overlap.ipynb");
  await lab.run("Output()");
  const button = lab.cell("Output()").getByRole("button", { name: "Press me" });
  await button.click();
  await lab.output("Output()", "begins 1");
  await button.click();
  await lab.output("Output()", "begins 2");
  await lab.run("go.set()");
  await lab.output("Output()", "ends 2");
  await lab.run("later.set()");
  await lab.output("Output()", "later 2");
  await lab.idle();
  await lab.screenshot("overlap.png");
  return { printed: await lab.outputs("Output()").innerText() };
}

/** Bars that a task in the background moves while the notebook is idle. */
export async function progress(lab) {
  await lab.open("progress.ipynb");
  const started = "create_task(work())";
  await lab.run(started);
  await lab.output(started, "0/4");
  const widths = [];
  for (const step of [1, 2, 3, 4]) {
    await lab.run("put_nowait");
    await lab.output(started, `${step}/4`);
    await lab.idle();
    widths.push(await lab.cell(started).locator(".progress-bar").evaluateAll((bars) => bars.map((bar) => bar.style.width)));
    if (step === 2) await lab.screenshot("progress.png");
  }
  await lab.screenshot("progress-end.png");
  return { widths };
}

/** `interact` with a function, and with one that awaits. */
export async function interact(lab) {
  await lab.open("interact.ipynb");
  await lab.menu("Run", "Run All Cells");
  const shown = {};
  for (const [source, before, after] of [["def double", "double 10", "double 14"], ["def triple", "triple 15", "triple 21"]]) {
    await lab.output(source, before);
    await lab.slide(source);
    await lab.slide(source);
    await lab.output(source, after);
    await lab.idle();
    shown[source] = await lab.outputs(source).innerText();
  }
  await lab.screenshot("interact.png");
  return { shown };
}

/** A widget of one's own: counts clicks, and is counted up by a cell. */
export async function anywidget(lab) {
  await lab.open("anywidget.ipynb");
  const counter = lab.cell("AnyWidget").locator("button.counter");
  await lab.run("AnyWidget");
  for (const count of [1, 2]) {
    await counter.click();
    await counter.filter({ hasText: `count ${count}, kernel ${count}` }).waitFor();
  }
  await lab.run("counter.value += 10");
  await counter.filter({ hasText: "count 12" }).waitFor();
  await lab.run("counter.value, clicks");
  await lab.output("counter.value, clicks", "(12, 2)");
  await lab.screenshot("anywidget.png");
  return { text: await counter.innerText() };
}
