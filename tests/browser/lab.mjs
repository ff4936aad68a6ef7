// JupyterLab in a headless Chromium, used as a person uses it: menus, buttons, keys.
//
//   node lab.mjs SCENARIO LAB_URL DIRECTORY
//
// Prints what was seen as one line of JSON; pytest judges it. Screenshots are written into DIRECTORY, also when something
// fails. `scripts/with-browser` finds node, playwright-core and Chromium.

import { createRequire } from "node:module";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

// `require` looks at NODE_PATH, `import` does not.
const { chromium } = createRequire(import.meta.url)("playwright-core");

const LIMIT = Number(process.env.EVERLOOP_TEST_LIMIT ?? 30) * 1000;
const [scenario, labUrl, directory] = process.argv.slice(2);

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"];

async function withPage(use) {
  const profile = mkdtempSync(path.join(tmpdir(), "everloop-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.EVERLOOP_CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: FLAGS,
    viewport: { width: 1200, height: 900 },
    deviceScaleFactor: 2,
  });
  context.setDefaultTimeout(LIMIT);
  const page = context.pages()[0] ?? (await context.newPage());
  try {
    return await use(page);
  } catch (error) {
    await page.screenshot({ path: path.join(directory, `${scenario}-failed.png`) });
    throw error;
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

/** A notebook open in JupyterLab. */
class Lab {
  constructor(page) {
    this.page = page;
    this.panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)");
    this.cells = this.panel.locator(".jp-CodeCell");
    this.dialog = page.locator(".jp-Dialog");
  }

  async open(notebook) {
    await this.page.goto(`${labUrl.replace("/lab?", `/lab/tree/${notebook}?`)}&reset`);
    await this.panel.locator(".jp-Notebook").waitFor();
    await this.idle();
  }

  /** The status bar tells the kernel's own state; the notebook's indicator says idle before there is a kernel. */
  async idle(limit = LIMIT) {
    await this.page.locator("#jp-main-statusbar").filter({ hasText: "| Idle" }).waitFor({ timeout: limit });
  }

  async menu(menu, item) {
    await this.page.locator(".lm-MenuBar-itemLabel", { hasText: new RegExp(`^${menu}$`) }).click();
    await this.page.locator(".lm-Menu-itemLabel", { hasText: new RegExp(`^${item}$`) }).click();
  }

  async button(command) {
    await this.panel.locator(`.jp-NotebookPanel-toolbar [data-jp-item-name="${command}"]`).locator("button, jp-button").first().click();
  }

  /** Until this text stands under the cell that has `source` in it. */
  async output(source, text, limit = LIMIT) {
    const outputs = this.cell(source).locator(".jp-OutputArea").first();
    await outputs.filter({ hasText: text }).waitFor({ timeout: limit });
  }

  cell(source) {
    return this.cells.filter({ has: this.page.locator(".jp-InputArea-editor", { hasText: source }) }).first();
  }

  /** Runs one cell. */
  async run(source) {
    await this.cell(source).locator(".cm-content").click();
    await this.page.keyboard.press("Control+Enter");
  }

  /** A key on the handle of the slider in the cell that has `source` in it. */
  async slide(source, key = "ArrowRight") {
    await this.cell(source).locator(".noUi-handle").first().press(key);
  }

  async prompt(source) {
    return (await this.cell(source).locator(".jp-InputPrompt").first().innerText()).trim();
  }

  /** What is displayed, cell by cell. */
  async shown() {
    return this.cells.evaluateAll((cells) =>
      cells.map((cell) => ({
        source: cell.querySelector(".jp-InputArea-editor .cm-content").innerText,
        prompt: cell.querySelector(".jp-InputPrompt").innerText.trim(),
        output: cell.querySelector(".jp-OutputArea").innerText,
        bars: cell.querySelectorAll("progress").length,
      })),
    );
  }

  async screenshot(name) {
    await this.page.screenshot({ path: path.join(directory, name) });
  }
}

const scenarios = {
  /** Run All on the example notebook, until its last cell is done. */
  async notebook(lab, page) {
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
  },

  /** The stop button and the restart button. */
  async kernel(lab, page) {
    await lab.open("kernel.ipynb");
    const run = async (source) => {
      await lab.cell(source).locator(".cm-content").click();
      await page.keyboard.press("Control+Enter");
    };
    const interrupted = {};
    for (const [name, source] of [["busy", "while True"], ["awaiting", "await asyncio.sleep(3600)"]]) {
      await run(source);
      await lab.output(source, "begun");
      await lab.button("interrupt");
      await lab.output(source, "KeyboardInterrupt");
      await lab.idle();
      interrupted[name] = await lab.cell(source).locator(".jp-OutputArea").first().innerText();
    }
    await run("kept =");
    await lab.idle();
    await lab.button("restart");
    await lab.dialog.locator("button.jp-mod-accept", { hasText: "Restart" }).click();
    await lab.dialog.waitFor({ state: "detached" });
    await lab.idle();
    await run('"kept" in globals()');
    await lab.output('"kept" in globals()', "False");
    await lab.screenshot("kernel-restarted.png");
    return { interrupted, promptAfterRestart: await lab.prompt('"kept" in globals()') };
  },

  /** Cells beside each other: two print while a later one is done, the stop button ends one of them, a later cell the other. */
  async concurrent(lab, page) {
    await lab.open("concurrent.ipynb");
    const run = async (source) => {
      await lab.cell(source).locator(".cm-content").click();
      await page.keyboard.press("Control+Enter");
    };
    await run("%concurrent on");
    await lab.idle();
    await run('"first"');
    await lab.output('"first"', "first 3");
    await run('"second"');
    await lab.output('"second"', "second 3");
    await run("%tasks");
    await lab.output("%tasks", "started by");
    await run("while True: pass");
    await lab.output('"first"', "first 9");
    await lab.output('"second"', "second 9");
    const meanwhile = await lab.shown();
    await lab.screenshot("concurrent.png");
    await lab.button("interrupt");
    await lab.output("while True: pass", "KeyboardInterrupt");
    await run("stop.set()");
    await lab.output('"first"', "first ended");
    await lab.output('"second"', "second ended");
    await lab.idle();
    return { meanwhile, end: await lab.shown() };
  },

  /** A question in the notebook, answered in its field. */
  async question(lab, page) {
    await lab.open("question.ipynb");
    await lab.menu("Run", "Run All Cells");
    const field = lab.panel.locator("input.jp-Stdin-input");
    await field.waitFor();
    const prompt = await lab.panel.locator(".jp-Stdin-prompt").innerText();
    await field.fill("Ada");
    await field.press("Enter");
    await lab.output("input(", "hello Ada");
    return { prompt };
  },

  /** Questions that tasks ask, one of them after its cell has ended. */
  async awaitedQuestions(lab, page) {
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
  },

  /** Tab completes. */
  async completion(lab, page) {
    await lab.open("completion.ipynb");
    await lab.cell("a_long_name = 1").locator(".cm-content").click();
    await page.keyboard.press("Control+Enter");
    await lab.panel.locator(".jp-InputPrompt", { hasText: "[1]:" }).waitFor();
    const content = lab.cells.last().locator(".cm-content");
    await content.click();
    await page.keyboard.type("x = a_long_na");
    await page.keyboard.press("Tab");
    await page.locator(".jp-Completer-item", { hasText: "a_long_name" }).waitFor();
    await page.keyboard.press("Enter");
    await content.filter({ hasText: "a_long_name" }).waitFor();
    return { text: await content.innerText() };
  },

  /** A cell awaits a button. */
  async press(lab) {
    await lab.open("press.ipynb");
    await lab.menu("Run", "Run All Cells");
    await lab.output("await pressed", "waiting");
    await lab.cell("Button(").getByRole("button", { name: "Press me" }).click();
    await lab.output("await pressed", "'pressed'");
    await lab.idle();
    await lab.screenshot("press.png");
    return { prompt: await lab.prompt("await pressed") };
  },

  /** A cell awaits the moves of a slider, whose handlers print into an Output. */
  async slider(lab) {
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
      lab.cell("await moves").locator(".jp-OutputArea").first().innerText(),
      lab.cell("IntSlider(").locator(".jupyter-widgets-output-area, .jp-OutputArea .jp-OutputArea").last().innerText(),
    ]);
    return { moves, printed };
  },

  /** Two clicks, whose handlers await at the same time and print into one Output; and a task that outlives its click. */
  async overlap(lab) {
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
    return { printed: await lab.cell("Output()").locator(".jp-OutputArea").first().innerText() };
  },

  /** Bars that a task in the background moves while the notebook is idle. */
  async progress(lab) {
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
  },

  /** `interact` with a function, and with one that awaits. */
  async interact(lab) {
    await lab.open("interact.ipynb");
    await lab.menu("Run", "Run All Cells");
    const shown = {};
    for (const [source, before, after] of [["def double", "double 10", "double 14"], ["def triple", "triple 15", "triple 21"]]) {
      await lab.output(source, before);
      await lab.slide(source);
      await lab.slide(source);
      await lab.output(source, after);
      await lab.idle();
      shown[source] = await lab.cell(source).locator(".jp-OutputArea").first().innerText();
    }
    await lab.screenshot("interact.png");
    return { shown };
  },

  /** A widget of one's own: counts clicks, and is counted up by a cell. */
  async anywidget(lab) {
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
  },

  /** The picture of the documentation: the notebook is idle, and a task in the background prints. */
  async picture(lab, page) {
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
  },
};

const seen = await withPage((page) => scenarios[scenario](new Lab(page), page));
process.stdout.write(`${JSON.stringify(seen)}\n`);
