/** Reads one YAML document into plain values, and knows on which line each key stands. */
import { readFile } from "node:fs/promises";
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { HeadraceError } from "../contracts/index.js";

export interface SettingsDocument {
  readonly path: string;
  readonly values: Record<string, unknown>;
  /** Line of each key, by dotted path (`milvus.host`). */
  readonly lines: ReadonlyMap<string, number>;
}

/** Throws `config_not_found` or, for what is not YAML with a map at its top, `config_invalid` with the line. */
export async function readDocument(path: string): Promise<SettingsDocument> {
  return parseSettings(await textOf(path), path);
}

export function parseSettings(text: string, path: string): SettingsDocument {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, uniqueKeys: true });
  const [first] = document.errors;
  if (first !== undefined) {
    const { line } = counter.linePos(first.pos[0]);
    throw new HeadraceError("config_invalid", `${path}:${line} is not valid YAML: ${first.message.split("\n")[0]}`, {
      item: path,
      cause: first,
    });
  }
  const lines = new Map<string, number>();
  collectLines(document.contents, "", counter, lines);
  const values: unknown = document.toJS({ maxAliasCount: 100 }) ?? {};
  if (typeof values !== "object" || Array.isArray(values)) {
    throw new HeadraceError("config_invalid", `${path}: expected sections such as "milvus:" but found a single value.`, { item: path });
  }
  return { path, values: values as Record<string, unknown>, lines };
}

function collectLines(node: Node | null, prefix: string, counter: LineCounter, lines: Map<string, number>): void {
  const at = (key: string): string => (prefix === "" ? key : `${prefix}.${key}`);
  const note = (path: string, part: Node): void => {
    if (part.range) lines.set(path, counter.linePos(part.range[0]).line);
  };
  if (isMap(node)) {
    for (const { key, value } of node.items) {
      if (!isScalar(key)) continue;
      const path = at(String(key.value));
      note(path, key);
      collectLines(value as Node | null, path, counter, lines);
    }
  } else if (isSeq(node)) {
    node.items.forEach((part, index) => {
      const path = at(String(index));
      note(path, part as Node);
      collectLines(part as Node, path, counter, lines);
    });
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const { message } = cause as Error;
    throw new HeadraceError("config_not_found", `The configuration file ${path} cannot be read: ${message}.`, { item: path, cause });
  }
}
