// Pictures: what is drawn, and that nobody else is asked for it.

/** Run All on what is in pictures.ipynb, until its last cell is done. */
export async function pictures(lab, page) {
  const elsewhere = await refuseOthers(lab, page);
  await page.setViewportSize({ width: 1200, height: 5200 });
  await lab.open("pictures.ipynb");
  await lab.menu("Run", "Run All Cells");
  await lab.output("'the last cell'", "the last cell", 120_000);
  await lab.idle();
  // What the front end draws takes it a moment.
  for (const [source, drawn] of [
    ["go.Bar(", ".js-plotly-plot .bars .point"],
    ["FigureWidget", ".js-plotly-plot .bars .point"],
    ["specification =", ".vega-embed .marks"],
    ["alt.Chart", ".vega-embed .marks"],
    ["sympy.Matrix", "mjx-container"],
    ["Math(", "mjx-container"],
    ["tqdm(", ".widget-html, .progress-bar"],
    ["track(", "pre"],
  ]) {
    await lab.outputs(source).locator(drawn).first().waitFor();
  }
  await lab.screenshot("pictures.png");
  return { elsewhere, cells: await drawn(lab) };
}

/** The dashboard of the gallery: drawn as it was stored, then run, with a slider and buttons that are used. */
export async function dashboard(lab, page) {
  await lab.open("dashboard.ipynb");
  const panel = lab.outputs("dashboard = VBox");
  await panel.locator("svg polyline").waitFor();
  const stored = await panel.innerText();
  await lab.screenshot("dashboard-stored.png");

  await lab.button("restart-and-run");
  await lab.accept("Restart");
  const lastPrompt = lab.cell("measuring.cancel()").locator(".jp-InputPrompt");
  await lastPrompt.filter({ hasText: "[*]:" }).waitFor();
  await lastPrompt.filter({ hasText: "[9]:" }).waitFor({ timeout: 60_000 });
  const states = await lab.outputs("states = [").innerText();

  await lab.run("create_task(measure())");
  const curve = () => panel.locator("svg polyline").getAttribute("points");
  const changed = async (before) => {
    await panel.locator(`svg polyline:not([points="${before}"])`).waitFor();
    return curve();
  };
  await changed(await changed(await curve()));
  await lab.slide("dashboard = VBox", "Home");
  await panel.getByRole("button", { name: "Pause" }).click();
  for (const source of ["first = len(values)", "rate.value, goes_on", "second = len(values)"]) {
    await lab.run(source);
    await lab.output(source, /\d/);
  }
  await panel.getByRole("button", { name: "Pause" }).click();
  await changed(await curve());
  await page.keyboard.press("Control+b");
  await panel.scrollIntoViewIfNeeded();
  await lab.screenshot("dashboard.png");
  const paused = await lab.outputs("second = len(values)").innerText();
  return { stored, states, paused, rate: await lab.outputs("rate.value, goes_on").innerText() };
}

/** Refuses all requests but those to the server of the notebook, and tells which there were. */
async function refuseOthers(lab, page) {
  const { origin } = new URL(lab.server);
  const elsewhere = [];
  await page.route(
    (url) => url.protocol.startsWith("http") && url.origin !== origin,
    (route) => {
      elsewhere.push(route.request().url());
      return route.abort();
    },
  );
  return elsewhere;
}

/** What the outputs of each cell consist of. */
async function drawn(lab) {
  return lab.cells.evaluateAll((cells) =>
    cells.map((cell) => {
      const outputs = cell.querySelector(".jp-OutputArea");
      const count = (selector) => outputs.querySelectorAll(selector).length;
      const images = [...outputs.querySelectorAll("img")];
      return {
        source: cell.querySelector(".jp-InputArea-editor .cm-content").innerText,
        prompt: cell.querySelector(".jp-InputPrompt").innerText.trim(),
        text: outputs.innerText,
        bars: count(".js-plotly-plot .bars .point"),
        curves: count(".js-plotly-plot .scatterlayer .trace"),
        images: images.map((image) => [image.src.slice(0, image.src.search(/[;,]/)), image.naturalWidth]),
        vega: count(".vega-embed .marks"),
        formulas: count("mjx-container"),
        rows: count("table tr"),
        coloured: count("pre span[style]"),
        audio: [...outputs.querySelectorAll("audio")].map((audio) => audio.duration),
        frames: count("iframe"),
        progress: [...outputs.querySelectorAll(".progress-bar")].map((bar) => bar.style.width),
      };
    }),
  );
}
