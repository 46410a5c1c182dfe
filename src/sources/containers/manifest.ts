/** Turns the lines of a manifest into inputs. An invalid line fails or is skipped without affecting other lines. */
import { HeadraceError, type IngestInput, type Metadata } from "../../contracts/index.js";
import { fileCut, maxLineLength } from "../../kit/index.js";
import type { DescribedInput } from "../inputs.js";
import { type LineOptions, lineInput } from "./line-inputs.js";

/** The manifest to read. */
export interface ManifestOptions extends LineOptions {
  /** The name of the manifest in messages. */
  readonly name: string;
  /** null: a line that is too long. */
  readonly lines: AsyncIterable<string | null>;
  /** Number of the first line. Default 1. */
  readonly firstLine?: number;
  /** Makes the failed input of a manifest that ends in the middle of a line. Default: the line fails or is skipped, as any other. */
  readonly cut?: (error: HeadraceError, line: string) => IngestInput;
}

/** Reads JSON lines of `{ "input", "id"?, "metadata"? }`. Instead of `input`, the key may be `path`, `file`, `url` or `image`. */
export async function* manifestInputs(options: ManifestOptions, stop: AbortSignal): AsyncGenerator<IngestInput> {
  const { name, lines, firstLine = 1, cut } = options;
  let number = firstLine - 1;
  /** A line that may be the beginning of one. It waits until another line follows. */
  let waiting: { readonly error: HeadraceError; readonly where: string } | null = null;
  for await (const line of lines) {
    if (stop.aborted) return;
    number += 1;
    if (line !== null && isBlank(line)) continue;
    if (waiting !== null) yield await lineInput(waiting.error, waiting.where, options);
    waiting = null;
    const where = `${name}:${number}`;
    const described = line === null ? tooLongLine(where) : parseLine(line, where);
    if (cut !== undefined && line !== null && isBeginning(line, described)) waiting = { error: described, where };
    else yield await lineInput(described, where, options);
  }
  if (waiting === null || cut === undefined || stop.aborted) return;
  yield cut(fileCut(name, `from line ${number} on its content is unknown: ${waiting.error.message}`, waiting.error), waiting.where);
}

/** Returns whether a line may be the beginning of a longer one. */
function isBeginning(line: string, described: DescribedInput | HeadraceError): described is HeadraceError {
  return HeadraceError.is(described) && described.cause instanceof SyntaxError && line.trimStart().startsWith("{");
}

export function tooLongLine(where: string): HeadraceError {
  return badLine(where, `expected a line of at most ${maxLineLength} characters, found a longer one`);
}

export function isBlank(line: string): boolean {
  return line.trim() === "";
}

/** The first one that a line has names the image. */
const inputKeys = ["input", "path", "file", "url", "image"] as const;

function parseLine(line: string, where: string): DescribedInput | HeadraceError {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    return badLine(where, `expected JSON, found ${shown(line)}: ${(cause as Error).message}`, cause);
  }
  const { id, metadata, ...named } = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  const key = inputKeys.find((each) => each in named) ?? "input";
  const { [key]: input, ...unknown } = named;
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
