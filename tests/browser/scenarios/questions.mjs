// Questions that a cell or a task asks.

/** A question and a secret, answered in their fields. */
export async function question(lab) {
  await lab.open("question.ipynb");
  await lab.menu("Run", "Run All Cells");
  const asked = [];
  for (const [source, answer, output] of [
    ["input(", "Ada", "hello Ada"],
    ["getpass(", "s3cret", "6 letters"],
  ]) {
    const question = lab.cell(source).locator(".jp-Stdin");
    const field = question.locator("input.jp-Stdin-input");
    await field.waitFor();
    asked.push({ prompt: (await question.locator(".jp-Stdin-prompt").innerText()).trim(), type: await field.getAttribute("type") });
    await field.fill(answer);
    await lab.screenshot(`question-${asked.length}.png`);
    await field.press("Enter");
    await lab.output(source, output);
  }
  await lab.idle();
  return { asked, cells: await lab.shown() };
}

/** Questions that tasks ask, one of them after its cell has ended. */
export async function awaitedQuestions(lab) {
  await lab.open("awaited.ipynb");
  await lab.menu("Run", "Run All Cells");
  for (const [source, prompt, answer] of [
    ["gather(", "who?", "Ada"],
    ["gather(", "what?", "engine"],
    ["create_task(", "later?", "yes"],
  ]) {
    // An answered field stays for a moment.
    const question = lab.cell(source).locator(".jp-Stdin", { hasText: prompt });
    const field = question.locator("input.jp-Stdin-input");
    await field.waitFor();
    await field.fill(answer);
    await field.press("Enter");
  }
  await lab.output("gather(", "['Ada', 'engine']");
  await lab.output("create_task(", "later yes");
  return { prompt: await lab.prompt("go.set()") };
}
