/**
 * Which English text a translation was made from.
 *
 *     npm run translated -- docs/guides/web.md   writes the sum of the present text into docs/zh/guides/web.md
 */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

/** The Chinese page of an English one. */
export function translationOf(page: string): string {
  return page === "README.md" ? "README.zh.md" : page.replace(/^docs\//, "docs/zh/");
}

/** The first 16 digits of the SHA-256 of a page. */
export function sumOf(page: string): string {
  return createHash("sha256").update(readFileSync(page)).digest("hex").slice(0, 16);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const page of process.argv.slice(2)) {
    const translation = translationOf(page);
    const text = readFileSync(translation, "utf8").replace(/^<!-- \S+ \w+ -->\n/, "");
    writeFileSync(translation, `<!-- ${page} ${sumOf(page)} -->\n${text}`);
  }
}
