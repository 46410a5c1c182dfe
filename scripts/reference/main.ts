/** `npm run reference`: writes every page that is made from code. */
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { dependenciesPage } from "./dependencies.js";
import { referencePages } from "./pages.js";

for (const { path, render } of [...referencePages, dependenciesPage]) {
  const current = existsSync(path) ? await readFile(path, "utf8") : "";
  const text = await render(current);
  if (text === current) continue;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  process.stdout.write(`wrote ${path}\n`);
}
