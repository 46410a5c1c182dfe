/** Turns the lines of a manifest into inputs. An invalid line fails or is skipped without affecting other lines. */
import { HeadraceError, type Metadata } from "../../contracts/index.js";
import { keyOf } from "../../kit/index.js";
import type { IngestInput } from "../../operations/index.js";
import { type DescribedInput, type FileRefs, ingestInput, refusedRef } from "./inputs.js";

/** The manifest to read. */
export interface ManifestOptions {
  /** The name of the manifest in messages. It becomes the `root` of the images. */
  readonly name: string;
  readonly lines: AsyncIterable<string>;
  readonly badLines: "fail" | "skip";
  /** Called for each line that is skipped. */
  readonly onSkippedLine?: (error: HeadraceError) => void;
  readonly fileRefs: FileRefs;
}

/** Reads JSON lines of `{ "input", "id"?, "metadata"? }`. */
export async function* manifestInputs(options: ManifestOptions, stop: AbortSignal): AsyncGenerator<IngestInput> {
  const { name, lines } = options;
  let number = 0;
  for await (const line of lines) {
    if (stop.aborted) return;
    number += 1;
    if (isBlank(line)) continue;
    const where = `${name}:${number}`;
    const { id, ref } = await inputOfLine(line, where, options);
    yield { id, ref: { ...ref, root: name, line: where } };
  }
}

export function isBlank(line: string): boolean {
  return line.trim() === "";
}

async function inputOfLine(line: string, where: string, options: ManifestOptions): Promise<IngestInput> {
  const parsed = parseLine(line, where);
  if (HeadraceError.is(parsed)) return refusedLine(where, parsed, options);
  const input = await ingestInput(parsed, options.fileRefs);
  if (input.ref.refused?.kind !== "fail") return input;
  const { code, message, hint } = input.ref.refused.error;
  return refusedLine(where, new HeadraceError(code, `${where}: ${message}`, { scope: "item", item: where, hint }), options);
}

function refusedLine(where: string, error: HeadraceError, { badLines, onSkippedLine }: ManifestOptions): IngestInput {
  if (badLines === "skip") onSkippedLine?.(error);
  const refused = badLines === "skip" ? ({ kind: "skip", reason: "bad_line" } as const) : ({ kind: "fail", error } as const);
  return { id: keyOf(where), ref: refusedRef(where, refused) };
}

function parseLine(line: string, where: string): DescribedInput | HeadraceError {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    return badLine(where, `expected JSON, found ${shown(line)}: ${(cause as Error).message}`, cause);
  }
  const { input, id, metadata, ...unknown } = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  const [extra] = Object.keys(unknown);
  if (typeof input !== "string") return badLine(where, `expected {"input": "path"}, found ${shown(line)}`);
  if (id !== undefined && typeof id !== "string" && typeof id !== "number")
    return badLine(where, `expected an id that is text or a whole number, found ${shown(JSON.stringify(id))}`);
  if (metadata !== undefined && (typeof metadata !== "object" || Array.isArray(metadata)))
    return badLine(where, `expected metadata that is an object, found ${shown(JSON.stringify(metadata))}`);
  if (extra !== undefined) return badLine(where, `expected the keys input, id and metadata, found "${extra}"`);
  return { input, ...(id === undefined ? {} : { id }), ...(metadata === undefined ? {} : { metadata: metadata as Metadata | null }) };
}

function badLine(where: string, problem: string, cause?: unknown): HeadraceError {
  return new HeadraceError("input_invalid", `${where}: ${problem}`, {
    scope: "item",
    item: where,
    hint: 'A line of a manifest is {"input": path, "id"?, "metadata"?}. With --on-bad-line skip, bad lines do not count as failed.',
    cause,
  });
}

function shown(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
