// Packages that are installed.

import { LIMIT } from "../chromium.mjs";

/** What `%pip` shows while half of a package has arrived, and in the end. */
export async function pip(lab, page) {
  await lab.open("pip.ipynb");
  await lab.run("%pip");
  await lab.output("%pip", "eta", LIMIT + 60_000);
  const meanwhile = await lab.shown();
  await lab.screenshot("pip.png");
  const index = new URL(/--index-url (\S+)/.exec(meanwhile[0].source)[1]);
  await page.request.get(new URL("/go-on", index).href);
  await lab.output("%pip", "Successfully installed", LIMIT + 60_000);
  await lab.idle();
  const end = await lab.shown();
  await lab.screenshot("pip-ended.png");
  return { meanwhile, end };
}
