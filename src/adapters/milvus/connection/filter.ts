/** Compiles a filter into an equivalent Milvus expression. Every value is escaped. */
import { type Comparison, type Filter, HeadraceError, type MetadataValue } from "../../../contracts/index.js";
import { checkFilter, unknownKind } from "../../../filter/index.js";

/** How a Milvus expression refers to a metadata key. For type `json`, each row may have text, a number, a boolean or no value. */
export interface FilterColumn {
  readonly expression: string;
  readonly type: "text" | "integer" | "number" | "boolean" | "json";
  /** "optional": a row may have null for the key. Default "required". A key of type `json` is always optional. */
  readonly presence?: "required" | "optional";
}

const nothing = "(id in [])";
const everything = "(not (id in []))";
const lastCodePoint = 0x10_ff_ff;
const minInt64 = -(2n ** 63n);

/** Throws `filter_invalid` for an invalid filter. */
export function compileFilter(filter: Filter, columnOf: (key: string) => FilterColumn): string {
  checkFilter(filter);
  return compile(filter, columnOf);
}

export function keyList(column: string, keys: readonly (string | bigint)[]): string {
  const literals = keys.filter((key) => key !== minInt64).map((key) => (typeof key === "bigint" ? String(key) : quote(key)));
  const list = `${column} in [${literals.join(",")}]`;
  // Milvus cannot parse the smallest int64. Milvus parses the digits without the minus sign, and that number is too large for an int64.
  return literals.length === keys.length ? list : `(${list} or ${column} < ${minInt64 + 1n})`;
}

/** Returns an expression for the rows that come after this key. */
export function keyIsAfter(key: string | bigint): string {
  if (key === minInt64) return `(id >= ${minInt64 + 1n})`;
  return `(id > ${typeof key === "bigint" ? key : quote(key)})`;
}

/** Quotes text as JSON, because Milvus expressions accept all JSON escapes. */
export function quote(text: string): string {
  return JSON.stringify(text);
}

function compile(filter: Filter, columnOf: (key: string) => FilterColumn): string {
  switch (filter.kind) {
    case "compare":
      return compare(columnOf(filter.key), filter.operator, filter.value);
    case "in":
      return contains(columnOf(filter.key), filter.values);
    case "startsWith":
      return startsWith(columnOf(filter.key), filter.prefix);
    case "contains":
      throw new HeadraceError("filter_invalid", `filter: expected conditions that Milvus has, found contains(${filter.key}, …)`, {
        hint: "Use startsWith, == or in. LanceDB and PostgreSQL have contains.",
      });
    case "exists": {
      const { expression, type, presence } = columnOf(filter.key);
      if (type === "json") return `(exists ${expression})`;
      return presence === "optional" ? `(${expression} is not null)` : everything;
    }
    case "and":
      return `(${filter.all.map((each) => compile(each, columnOf)).join(" and ")})`;
    case "or":
      return `(${filter.any.map((each) => compile(each, columnOf)).join(" or ")})`;
    case "not":
      return `(not ${compile(filter.filter, columnOf)})`;
    default:
      throw unknownKind(filter);
  }
}

function compare({ expression, type }: FilterColumn, operator: Comparison, value: MetadataValue): string {
  if (typeof value === "string") {
    return type === "text" || type === "json" ? ordered(expression, operator, quote(value)) : nothing;
  }
  if (typeof value === "boolean") return type === "boolean" || type === "json" ? compareBoolean(expression, operator, value) : nothing;
  if (type === "integer") return compareInteger(expression, operator, value);
  return type === "number" || type === "json" ? ordered(expression, operator, decimal(value)) : nothing;
}

/**
 * In Milvus, `!=` on a JSON key also matches rows without the key, and rows with a value of another type. `<` and `>` do not match such
 * rows.
 */
function ordered(expression: string, operator: Comparison, literal: string): string {
  if (operator === "!=") return `(${expression} < ${literal} or ${expression} > ${literal})`;
  return `(${expression} ${operator} ${literal})`;
}

function compareBoolean(expression: string, operator: Comparison, value: boolean): string {
  const passing = [false, true].filter((field) => holds(Number(field) - Number(value), operator));
  return passing.length === 0 ? nothing : `(${passing.map((field) => `${expression} == ${field}`).join(" or ")})`;
}

/** Milvus refuses to compare integer columns with decimals, so a decimal is rounded to a whole number. */
function compareInteger(expression: string, operator: Comparison, value: number): string {
  if (Math.abs(value) >= 2 ** 63) return holds(-Math.sign(value), operator) ? everything : nothing;
  if (Number.isInteger(value)) return `(${expression} ${operator} ${BigInt(value)})`;
  if (operator === "==") return nothing;
  if (operator === "!=") return everything;
  return operator === "<" || operator === "<="
    ? `(${expression} <= ${BigInt(Math.floor(value))})`
    : `(${expression} >= ${BigInt(Math.ceil(value))})`;
}

/** Milvus requires that all values of a list have the same type, so the values of each type get their own list. */
function contains({ expression, type }: FilterColumn, values: readonly MetadataValue[]): string {
  const texts = values.filter((value) => typeof value === "string").map(quote);
  const booleans = values.filter((value) => typeof value === "boolean").map(String);
  const numbers = values.filter((value) => typeof value === "number");
  const whole = numbers.filter((value) => Number.isInteger(value) && Math.abs(value) < 2 ** 63).map((value) => String(BigInt(value)));
  const fitting = {
    text: [texts],
    integer: [whole],
    number: [numbers.map(decimal)],
    boolean: [booleans],
    json: [texts, numbers.map(decimal), booleans],
  }[type];
  const lists = fitting.filter((list) => list.length > 0).map((list) => `${expression} in [${list.join(",")}]`);
  return lists.length === 0 ? nothing : `(${lists.join(" or ")})`;
}

/** Compares with a range of texts, because a `like` pattern cannot escape `%` and `_`. */
function startsWith({ expression, type }: FilterColumn, prefix: string): string {
  if (type !== "text" && type !== "json") return nothing;
  const after = successor(prefix);
  const from = `${expression} >= ${quote(prefix)}`;
  return after === null ? `(${from})` : `(${from} and ${expression} < ${quote(after)})`;
}

/** The smallest text, by code points, that is greater than every text with this prefix. Null: no such text exists. */
function successor(prefix: string): string | null {
  const points = [...prefix].map((character) => character.codePointAt(0)!);
  while (points.at(-1) === lastCodePoint) points.pop();
  const last = points.pop();
  if (last === undefined) return null;
  return String.fromCodePoint(...points, last === 0xd7_ff ? 0xe0_00 : last + 1);
}

/** Writes a number so that Milvus reads it as float64, never as int64. */
function decimal(value: number): string {
  const text = String(value === 0 ? 0 : value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function holds(order: number, operator: Comparison): boolean {
  switch (operator) {
    case "==":
      return order === 0;
    case "!=":
      return order !== 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
    default:
      throw unknownKind(operator);
  }
}
