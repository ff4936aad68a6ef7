// Kernels beside each other, and the kernel as the rest of JupyterLab shows it.

/** The launcher: which kernels have a logo that can be drawn. */
export async function launcher(lab, page) {
  await page.goto(lab.url("").replace("/tree/", ""));
  const cards = page.locator(".jp-LauncherCard");
  await cards.first().waitFor();
  await page.waitForFunction(() => [...document.querySelectorAll(".jp-LauncherCard img")].every((image) => image.complete));
  await lab.screenshot("launcher.png");
  const logos = await cards.filter({ has: page.locator("img") }).evaluateAll((cards) =>
    cards.map((card) => [card.innerText.trim().replaceAll("\n", " "), card.querySelector("img").src.split("/").at(-1), card.querySelector("img").naturalWidth]),
  );
  return { logos };
}

/** Two notebooks on two kernels, in turn in one window. */
export async function twoKernels(lab, page) {
  await lab.open("first.ipynb");
  await lab.run("name =");
  await lab.output("name =", "first");
  await page.locator(".jp-DirListing-item", { hasText: "second.ipynb" }).dblclick();
  await lab.cell("second").waitFor();
  await lab.idle();
  await lab.run("name =");
  await lab.output("name =", "second");
  const second = await lab.shown();
  await page.locator(".lm-TabBar-tab", { hasText: "first.ipynb" }).click();
  await lab.cell("name, os.getpid").waitFor();
  await lab.run("name, os.getpid");
  await lab.output("name, os.getpid", "first");
  await lab.screenshot("two-kernels.png");
  return { first: await lab.shown(), second };
}

/** A page that is loaded again while a task goes on. */
export async function reopened(lab) {
  await lab.open("reopened.ipynb");
  await lab.run("create_task");
  await lab.output("create_task", "tick 3");
  await lab.save();
  await lab.open("reopened.ipynb");
  await lab.run("show(");
  await lab.output("show(", "tick");
  await lab.run("stop.set()");
  await lab.output("stop.set()", "ended");
  await lab.idle();
  await lab.screenshot("reopened.png");
  return { cells: await lab.shown() };
}

/** The panel of jupyter-resource-usage. */
export async function usage(lab, page) {
  await lab.open("usage.ipynb");
  await page.locator(".jp-SideBar [data-id=kernelusage-panel-id]").click();
  const panel = page.locator("#kernelusage-panel-id");
  await panel.filter({ hasText: "Kernel Host" }).waitFor();
  await lab.screenshot("usage.png");
  return { text: await panel.innerText() };
}
