/** Notes for a filter that matches no row. */
import type { ImageEmbeddingPipeline } from "../../app/index.js";
import type { Terminal } from "../terminal/terminal.js";

export async function noteFindings(
  terminal: Terminal,
  pipeline: ImageEmbeddingPipeline,
  collection: string,
  filter: string,
): Promise<void> {
  for (const key of await pipeline.keysOfNoRow(collection, filter)) terminal.note(`No row has "${key}".`);
  for (const { key, stored, value } of await pipeline.typeMismatches(collection, filter)) {
    terminal.note(
      `"${key}" has values of the type ${stored} in this collection, and the filter compares it with ${exampleOf(value)}.${wayOf(key, stored, value)}`,
    );
  }
}

function exampleOf(value: string | number | boolean): string {
  return typeof value === "string" ? `the text ${JSON.stringify(value)}` : String(value);
}

function wayOf(key: string, stored: "text" | "number" | "boolean", value: string | number | boolean): string {
  if (stored === "text") return ` Write the value as text: ${key} == ${JSON.stringify(String(value))}`;
  const isNumber = stored === "number" && typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value));
  return isNumber ? ` Write the value without quotation marks: ${key} == ${Number(value)}` : "";
}
