/** Loads the file of a user's preprocessor. Error messages name the line of the mistake. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import * as z from "zod";
import type { PreprocessorDefinition } from "./define.js";
import { firstLine, framesOf, preprocessorRefused } from "./errors.js";

const side = z.int().min(1).max(8192);
const colour = z.number().min(0).max(255);
const filter = z.enum(["bicubic", "bilinear", "lanczos3", "nearest"]);
const size = { width: side, height: side, filter };

const definitionSchema = z.object({
  name: z.string().min(1),
  version: z.string().min(1),
  imageSize: z.tuple([side, side]),
  geometry: z
    .discriminatedUnion("kind", [
      z.object({ kind: z.literal("squash"), ...size }),
      z.object({
        kind: z.literal("crop"),
        shorterSide: side,
        ...size,
        rounding: z.enum(["nearest", "down", "torchvision"]).exactOptional(),
      }),
      z.object({ kind: z.literal("letterbox"), fill: z.tuple([colour, colour, colour]), ...size }),
    ])
    .optional(),
  dtype: z.enum(["float32", "float16"]),
  apply: z.custom<PreprocessorDefinition["apply"]>((value) => typeof value === "function", "expected a function"),
});

export interface PreprocessorModule {
  readonly path: string;
  readonly definition: PreprocessorDefinition;
  /** First 12 hex digits of the file's SHA-256. Files that the file imports do not change the hash. */
  readonly hash: string;
}

/** Imports the export `preprocessor` of the file, or its default export. If this fails, throws `config_invalid` with file and line. */
export async function importPreprocessor(file: string): Promise<PreprocessorModule> {
  const path = resolve(file);
  const source = await readSource(path);
  const hash = createHash("sha256").update(source).digest("hex").slice(0, 12);
  const exported = await importModule(path, hash);
  const candidate = exported["preprocessor"] ?? exported["default"];
  if (candidate === undefined)
    throw preprocessorRefused(path, "an export `preprocessor`, or a default export", list(Object.keys(exported)));
  const parsed = definitionSchema.safeParse(candidate);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const key = String(issue.path[0] ?? "preprocessor");
    throw preprocessorRefused(
      placeOf(path, source, key),
      `\`${issue.path.join(".") || "preprocessor"}\` as definePreprocessor takes it`,
      issue.message,
    );
  }
  return { path, definition: candidate as PreprocessorDefinition, hash };
}

/** Returns the file and the line where the user's code threw. If the stack trace does not show the line, returns the line with `word`. */
export async function placeOfError(path: string, error: unknown, word: string): Promise<string> {
  const url = pathToFileURL(path).href;
  const frame = framesOf(error).find((each) => each.includes(url));
  const line = frame?.match(/:(\d+):\d+\)?$/)?.[1];
  return line === undefined ? placeOf(path, await readSource(path), word) : `${path}:${line}`;
}

/** Returns the file and the first line that contains `word`. If no line does, returns the line where the definition begins. */
function placeOf(path: string, source: string, word: string): string {
  const lines = source.split("\n");
  const found = [word, "definePreprocessor(", "export "].map((each) => lines.findIndex((line) => line.includes(each)));
  const index = found.find((each) => each >= 0);
  return index === undefined ? path : `${path}:${index + 1}`;
}

async function readSource(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw preprocessorRefused(path, "a JavaScript module", `none that can be read (${firstLine(error)})`, error);
  }
}

async function importModule(path: string, hash: string): Promise<Record<string, unknown>> {
  try {
    // Node loads each URL once. With the file's hash in the URL, Node loads the file again after a change.
    return (await import(`${pathToFileURL(path).href}?sha256=${hash}`)) as Record<string, unknown>;
  } catch (error) {
    const place = error instanceof SyntaxError ? await placeOfSyntaxError(path) : await placeOfError(path, error, "import");
    throw preprocessorRefused(place, "a module that loads", firstLine(error), error);
  }
}

/** Runs `node --check`, which prints the line of a syntax error. The SyntaxError that `import` throws does not contain the line. */
function placeOfSyntaxError(path: string): Promise<string> {
  return new Promise((settle) => {
    execFile(process.execPath, ["--check", path], (_, __, output) => {
      const [place = ""] = output.split("\n", 1);
      const line = place.match(/:(\d+)$/)?.[1];
      settle(line === undefined ? path : `${path}:${line}`);
    });
  });
}

function list(names: readonly string[]): string {
  return names.length === 0 ? "no exports" : `only ${names.join(", ")}`;
}
