// The kernel from the toolbar, the menus and its own end.

/** The stop button and the restart buttons. */
export async function kernel(lab) {
  await lab.open("kernel.ipynb");
  const busy = {};
  const interrupted = {};
  for (const [name, source] of [
    ["busy", "while True"],
    ["awaiting", "await asyncio.sleep(3600)"],
    ["sleeping", "time.sleep(3600)"],
    ["asking", "input("],
  ]) {
    await lab.run(source);
    await lab.output(source, "begun");
    // JupyterLab does not always count for a cell that comes soon after another.
    const told = name === "busy" ? "Elapsed time" : "Kernel status";
    busy[name] = { prompt: await lab.prompt(source), ...(await lab.indicator(told)) };
    await lab.button("interrupt");
    await lab.output(source, "KeyboardInterrupt");
    await lab.idle();
    interrupted[name] = await lab.outputs(source).innerText();
    if (name === "busy") await lab.screenshot("interrupted.png");
  }
  await lab.run("kept =");
  await lab.run("while True");
  await lab.output("while True", "begun");
  await lab.button("restart");
  await lab.accept("Restart");
  await lab.idle();
  await lab.run('"kept" in globals()');
  await lab.output('"kept" in globals()', "False");
  await lab.screenshot("kernel-restarted.png");
  return { busy, interrupted, promptAfterRestart: await lab.prompt('"kept" in globals()') };
}

/** Restart and run all; then the kernel ends by itself, twice, and is started again. */
export async function lives(lab) {
  await lab.open("lives.ipynb");
  await lab.run("print('pid'");
  await lab.output("print('pid'", "pid");
  await lab.button("restart-and-run");
  await lab.accept("Restart");
  await lab.output("'end'", "'end'");
  await lab.idle();
  const ranAll = await lab.shown();
  const dialogs = [];
  for (const code of ["exit", "os._exit(3)"]) {
    await lab.type(code);
    await lab.run(code);
    await lab.dialog.waitFor();
    dialogs.push(await lab.dialog.innerText());
    await lab.screenshot(`died-${dialogs.length}.png`);
    await lab.accept("Ok");
    await lab.idle();
    await lab.run("print('pid'");
    await lab.output("print('pid'", "pid");
    await lab.idle();
  }
  return { ranAll, dialogs, after: await lab.shown() };
}
