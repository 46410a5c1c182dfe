/** Parses a YAML file into plain JavaScript values, and notes the line of each key. */
import { readFile } from "node:fs/promises";
import type { Document, Node } from "yaml";
import { HeadraceError } from "../contracts/index.js";
import { yaml } from "./yaml.js";

export interface SettingsDocument {
  readonly path: string;
  readonly values: Record<string, unknown>;
  /** The line of each key in the file. The keys of this map are dotted paths, such as `milvus.host`. */
  readonly lines: ReadonlyMap<string, number>;
  /** Keys that have no value in the file. A key with the value `null` is not included. */
  readonly empty: ReadonlySet<string>;
}

/** Throws `config_not_found` if the file cannot be read. Throws `config_invalid` if the file is not YAML or its top level is not a map. */
export async function readDocument(path: string): Promise<SettingsDocument> {
  return parseSettings(await textOf(path), path);
}

export function parseSettings(text: string, path: string): SettingsDocument {
  const { isScalar, LineCounter, parseDocument } = yaml();
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, uniqueKeys: true, prettyErrors: false, logLevel: "error" });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw notYaml(path, counter.linePos(problem.pos[0]).line, problem.code);
  const lines = new Map<string, number>();
  const empty = new Set<string>();
  collectKeys(document.contents, "", (key, node, value) => {
    if (node.range) lines.set(key, counter.linePos(node.range[0]).line);
    if (value === null || (isScalar(value) && value.source === "")) empty.add(key);
  });
  const values = plainValues(document, path);
  if (typeof values !== "object" || Array.isArray(values)) {
    throw new HeadraceError("config_invalid", `${path}: expected sections such as "milvus:", found a ${listOrValue(values)}`, {
      item: path,
    });
  }
  return { path, values: values as Record<string, unknown>, lines, empty };
}

/** Messages for the error codes of the YAML parser. The parser's own messages quote the text of the file, which may be a secret. */
const syntaxProblems: Readonly<Record<string, string>> = {
  BAD_ALIAS: "a value that begins with * or & must be quoted",
  BAD_DQ_ESCAPE: "a backslash in double quotes begins an unknown escape; use single quotes",
  BAD_INDENT: "a bracket is not closed, or a line is indented too little",
  BAD_SCALAR_START: "a value that begins with @ or a backquote must be quoted",
  BLOCK_AS_IMPLICIT_KEY: "a second key on one line, or one that is indented more than its neighbours; quote a value that contains ': '",
  DUPLICATE_KEY: "a key occurs twice",
  MISSING_CHAR: "a quote or bracket is not closed",
  MULTILINE_IMPLICIT_KEY: "a key is not followed by a colon, or a line is indented more than its neighbours",
  MULTIPLE_DOCS: "a second document begins with ---; expected one",
  TAB_AS_INDENT: "a tab is used for indentation; use spaces",
  TAG_RESOLVE_FAILED: "a value that begins with ! must be quoted",
};

function notYaml(path: string, line: number, code: string): HeadraceError {
  const problem = syntaxProblems[code] ?? "the text cannot be parsed";
  return new HeadraceError("config_invalid", `${path}:${line} is not valid YAML: ${problem}.`, {
    item: path,
    hint: `Fix line ${line}.`,
  });
}

function plainValues(document: Document, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (error) {
    // `cause` is not set, because the message of the parser quotes the value, which may be a secret. The parser gives no line here.
    if (error instanceof ReferenceError) {
      throw new HeadraceError("config_invalid", `${path} is not valid YAML: ${syntaxProblems.BAD_ALIAS}.`, { item: path });
    }
    throw error;
  }
}

function listOrValue(value: unknown): string {
  return Array.isArray(value) ? "list" : "single value";
}

function collectKeys(node: Node | null, prefix: string, note: (path: string, node: Node, value: Node | null) => void): void {
  const { isMap, isScalar, isSeq } = yaml();
  const at = (key: string): string => (prefix === "" ? key : `${prefix}.${key}`);
  if (isMap<Node, Node | null>(node)) {
    for (const { key, value } of node.items) {
      if (!isScalar(key)) continue;
      const path = at(String(key.value));
      note(path, key, value);
      collectKeys(value, path, note);
    }
  } else if (isSeq<Node>(node)) {
    node.items.forEach((part, index) => {
      note(at(String(index)), part, part);
      collectKeys(part, at(String(index)), note);
    });
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const { message } = cause as Error;
    throw new HeadraceError("config_not_found", `configuration file ${path}: expected a readable file, found: ${message}`, {
      item: path,
      cause,
    });
  }
}
