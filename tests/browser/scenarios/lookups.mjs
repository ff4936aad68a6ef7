// What a front end asks the kernel while one types, and what it shows of the answers.

/** Completion, the tooltip of a call, the pager, the list of names; JupyterLab has a panel of help beside. */
export async function lookups(lab, page) {
  await lab.open("lookups.ipynb");
  await lab.run("def a_function");
  await lab.idle();
  const completions = {};
  for (const text of ["a_", "a_class.", "a_function(sec", "%tim", "import asynci"]) {
    await lab.type(text);
    await page.keyboard.press("Tab");
    completions[text] = await offered(page);
    await lab.screenshot(`completion-${Object.keys(completions).length}.png`);
    await page.keyboard.press("Escape");
  }
  const completed = await complete(lab, "x = a_long_na", "a_long_name");

  await lab.type("a_function(");
  await page.keyboard.press("Shift+Tab");
  const tooltip = page.locator(".jp-Tooltip");
  await tooltip.waitFor();
  const signature = await tooltip.innerText();
  await lab.screenshot("tooltip.png");
  await page.keyboard.press("Escape");

  const pages = {};
  for (const [source, text] of [["a_function?", "Docstring"], ["%pinfo2", "return first"], ["page.page", "any text"], ["%whos", "a_class"]]) {
    await lab.run(source);
    await lab.output(source, text);
    pages[source] = await lab.outputs(source).innerText();
  }
  await lab.screenshot("pager.png");
  return { completions, completed, signature, pages };
}

/** The panel of contextual help follows the cursor. */
export async function help(lab, page) {
  await lab.open("help.ipynb");
  await lab.run("def a_function");
  await lab.idle();
  await lab.menu("Help", "Show Contextual Help");
  const panel = page.locator(".jp-Inspector");
  await panel.waitFor();
  const shown = {};
  for (const [source, text] of [["a_function(1)", "What it does"], ["AClass", "One of a kind"]]) {
    await lab.type(source);
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowRight");
    await panel.filter({ hasText: text }).waitFor();
    shown[source] = await panel.innerText();
  }
  await lab.screenshot("help.png");
  return { shown };
}

/** Tab and Enter. */
async function complete(lab, text, name) {
  await lab.type(text);
  await lab.page.keyboard.press("Tab");
  await lab.page.locator(".jp-Completer-item:visible", { hasText: name }).waitFor();
  await lab.page.keyboard.press("Enter");
  const content = lab.cells.last().locator(".cm-content");
  await content.filter({ hasText: name }).waitFor();
  return content.innerText();
}

/** The rows of the completer: the letter of its icon, the text, the type. */
async function offered(page) {
  const items = page.locator(".jp-Completer-item:visible");
  await items.first().waitFor();
  return items.evaluateAll((items) =>
    items.map((item) => ["type", "match", "typeExtended"].map((part) => item.querySelector(`.jp-Completer-${part}`).innerText)),
  );
}
