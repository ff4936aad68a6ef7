// A front end in a headless Chromium, used as a person uses it: menus, buttons, keys.
//
//   node browse.mjs FRONT_END SERVER_URL DIRECTORY
//
// FRONT_END is `lab` or `notebook`. Each line of the standard input is the name of a scenario; each line of the output
// is what was seen there, or the error, as JSON; pytest judges it. Screenshots are written into DIRECTORY, also when
// something fails. `scripts/with-browser` finds node, playwright-core and Chromium.
//
// chromium.mjs   the browser
// lab.mjs        what one can do in JupyterLab
// notebook.mjs   what is different in Notebook 7
// scenarios/     what is done there, one function each

import path from "node:path";
import readline from "node:readline";

import { withChromium } from "./chromium.mjs";
import { Lab } from "./lab.mjs";
import { Notebook } from "./notebook.mjs";
import * as cells from "./scenarios/cells.mjs";
import * as kernel from "./scenarios/kernel.mjs";
import * as lookups from "./scenarios/lookups.mjs";
import * as outputs from "./scenarios/outputs.mjs";
import * as packages from "./scenarios/packages.mjs";
import * as picture from "./scenarios/picture.mjs";
import * as pictures from "./scenarios/pictures.mjs";
import * as questions from "./scenarios/questions.mjs";
import * as sessions from "./scenarios/sessions.mjs";
import * as widgets from "./scenarios/widgets.mjs";

const frontEnds = { lab: Lab, notebook: Notebook };
const scenarios = {
  ...cells,
  ...kernel,
  ...lookups,
  ...outputs,
  ...packages,
  ...picture,
  ...pictures,
  ...questions,
  ...sessions,
  ...widgets,
};

const [frontEnd, server, directory] = process.argv.slice(2);

async function browse(context, scenario) {
  const page = await context.newPage();
  try {
    const seen = await scenarios[scenario](new frontEnds[frontEnd](page, server, directory), page);
    return { seen };
  } catch (error) {
    await page.screenshot({ path: path.join(directory, `${scenario}-failed.png`) });
    return { error: String(error.stack) };
  } finally {
    await page.close();
  }
}

await withChromium(async (context) => {
  for await (const scenario of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await browse(context, scenario))}\n`);
  }
});
