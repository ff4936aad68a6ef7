// Kernels beside each other, and the kernel as the rest of JupyterLab shows it.

/** One window: the launcher, two notebooks on two kernels in turn, the panel of jupyter-resource-usage. */
export async function window(lab, page) {
  await page.goto(lab.url("").replace("/tree/", ""));
  const logos = await launcherLogos(page);
  await lab.screenshot("launcher.png");
  const shown = {};
  for (const name of ["first", "second"]) {
    await page.locator(".jp-DirListing-item", { hasText: `${name}.ipynb` }).dblclick();
    await lab.cell(name).waitFor();
    await lab.idle();
    await lab.run(name);
    await lab.output(name, `'${name}'`);
    shown[name] = await lab.shown();
  }
  await page.locator(".lm-TabBar-tab", { hasText: "first.ipynb" }).click();
  await lab.cell("first").waitFor();
  await lab.run("name, os.getpid");
  await lab.output("name, os.getpid", "first");
  const again = await lab.shown();
  await lab.screenshot("two-kernels.png");
  await page.locator(".jp-SideBar [data-id=kernelusage-panel-id]").click();
  const panel = page.locator("#kernelusage-panel-id");
  await panel.filter({ hasText: "Kernel Host" }).waitFor();
  await lab.screenshot("usage.png");
  return { logos, ...shown, again, usage: await panel.innerText() };
}

/** Each card with a picture: its text, the file of the picture, how wide it is when it can be drawn. */
async function launcherLogos(page) {
  const cards = page.locator(".jp-LauncherCard");
  await cards.first().waitFor();
  await page.waitForFunction(() => [...document.querySelectorAll(".jp-LauncherCard img")].every((image) => image.complete));
  return cards.filter({ has: page.locator("img") }).evaluateAll((cards) =>
    cards.map((card) => {
      const image = card.querySelector("img");
      return [card.innerText.trim().replaceAll("\n", " "), image.src.split("/").at(-1), image.naturalWidth];
    }),
  );
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
