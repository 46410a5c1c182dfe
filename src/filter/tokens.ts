/** Splits the text of a filter into tokens. */
import { HeadraceError } from "../contracts/index.js";
import { isWellFormed } from "../kit/index.js";

export type TokenKind = "word" | "text" | "number" | "symbol" | "end";

export interface Token {
  readonly kind: TokenKind;
  /** The characters of the token in the filter. */
  readonly raw: string;
  /** The parsed value of a token of kind "text" or "number". For other kinds: the text of the token. */
  readonly value: string | number;
  /** Position of the token's first character in the filter, from 1. */
  readonly position: number;
}

const pattern =
  /(?<word>[\p{L}_][\p{L}\p{N}_]*)|(?<text>"(?:[^"\\]|\\.)*")|(?<number>-?\d[\w.]*(?:(?<=[eE])[+-]\d+)?)|(?<symbol>==|!=|<=|>=|[<>()[\],])/suy;
const blank = /\s*/y;
const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** Returns all tokens of the text. The last token has the kind "end". Throws `filter_invalid`. */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = skipBlank(text, 0);
  while (at < text.length) {
    pattern.lastIndex = at;
    const groups = pattern.exec(text)?.groups;
    if (groups === undefined) throw unknownCharacter(text, at);
    const token = tokenOf(groups, at + 1);
    tokens.push(token);
    at = skipBlank(text, at + token.raw.length);
  }
  tokens.push({ kind: "end", raw: "", value: "", position: text.length + 1 });
  return tokens;
}

/** Creates the error for a filter text that cannot be parsed. */
export function filterError(position: number, expected: string, found: string): HeadraceError {
  const shown = found.length > 40 ? `${found.slice(0, 40)}…` : found;
  const what = shown === "" ? "the end" : shown;
  return new HeadraceError("filter_invalid", `filter, at character ${position}: expected ${expected}, found ${what}`);
}

function tokenOf(groups: Record<string, string | undefined>, position: number): Token {
  const { word, text, number, symbol = "" } = groups;
  if (word !== undefined) return { kind: "word", raw: word, value: word, position };
  if (text !== undefined) return { kind: "text", raw: text, value: textOf(text, position), position };
  if (number !== undefined) return { kind: "number", raw: number, value: numberOf(number, position), position };
  return { kind: "symbol", raw: symbol, value: symbol, position };
}

function textOf(raw: string, position: number): string {
  const value = parseJsonText(raw);
  if (value === null) throw filterError(position, 'text with the escapes of JSON (\\" \\\\ \\n \\u0000), without raw line breaks', raw);
  if (!isWellFormed(value)) throw filterError(position, "well-formed Unicode text", raw);
  return value;
}

function parseJsonText(raw: string): string | null {
  try {
    return JSON.parse(raw) as string;
  } catch {
    return null;
  }
}

function numberOf(raw: string, position: number): number {
  const value = Number(raw);
  if (!jsonNumber.test(raw) || !Number.isFinite(value)) throw filterError(position, "a number such as 3, -0.5 or 1e6", raw);
  if (/^-?\d+$/.test(raw) && !Number.isSafeInteger(value)) {
    throw filterError(position, "a whole number between -(2^53 - 1) and 2^53 - 1", raw);
  }
  return value;
}

function skipBlank(text: string, at: number): number {
  blank.lastIndex = at;
  return at + (blank.exec(text)?.[0].length ?? 0);
}

function unknownCharacter(text: string, at: number): HeadraceError {
  const found = String.fromCodePoint(text.codePointAt(at) ?? 0);
  if (found === '"') return filterError(at + 1, 'a closing "', text.slice(at));
  if (found === "=") return filterError(at + 1, "==", found);
  if (found === "'") return filterError(at + 1, 'text in double quotes, such as "cat"', found);
  return filterError(at + 1, "a key, a value or an operator", found);
}
