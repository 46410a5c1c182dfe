/** Examples that pages quote: `<!-- example FILE -->` … `<!-- /example -->` holds the `#region`s of the file that bear its name. */
import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { globSync } from "tinyglobby";
import type { ReferencePage } from "./page.js";

const quote = /<!-- example (?<file>\S+) -->\n[\s\S]*?<!-- \/example -->/g;

/** Every page that quotes an example. */
export const quotingPages: readonly ReferencePage[] = ["README.md", ...globSync("docs/**/*.md")]
  .filter((path) => existsSync(path) && readFileSync(path, "utf8").includes("<!-- example "))
  .sort()
  .map((path) => ({ path, render: quoted }));

function quoted(page: string): string {
  return page.replace(quote, (_, file: string) => `<!-- example ${file} -->\n\`\`\`ts\n${regionOf(file)}\n\`\`\`\n<!-- /example -->`);
}

function regionOf(file: string): string {
  const name = basename(file, ".ts");
  const parts = [...readFileSync(file, "utf8").matchAll(/^\/\/ #region (\S+)\n([\s\S]*?)^\/\/ #endregion$/gm)]
    .filter(([, region]) => region === name)
    .map(([, , text = ""]) => text.trim());
  if (parts.length === 0) throw new Error(`${file} has no "#region ${name}".`);
  if (parts.includes("")) throw new Error(`${file} has an empty "#region ${name}": the formatter may have moved what was in it.`);
  return parts.join("\n\n");
}
