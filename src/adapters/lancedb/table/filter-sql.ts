/** Compiles a filter to LanceDB's SQL. No other file of this adapter writes a user's value into an SQL predicate. */
import { type Comparison, type Filter, HeadraceError, type Key, type MetadataValue } from "../../../contracts/index.js";
import { asciiLower, checkFilter, unknownKind } from "../../../filter/index.js";
import type { TableFacts } from "./table-schema.js";

type ColumnType = "text" | "number" | "boolean" | "int32" | "int64" | "other";

/** An SQL predicate as text, or `true` or `false` if the predicate has the same result for every row. */
type Sql = string | boolean;

const ranges = { int32: [-(2n ** 31n), 2n ** 31n - 1n], int64: [-(2n ** 63n), 2n ** 63n - 1n] } as const;
const complements: Readonly<Record<Comparison, Comparison>> = { "==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<" };

/**
 * Most operands of one chain of `AND` or `OR`; longer chains are nested. LanceDB's planner recurses once per operand of a chain. Its stack
 * overflows at about 1,300 operands.
 */
const chainLength = 32;

/**
 * Returns the predicate for `where`, `countRows` and `delete`. A `not` is moved down to the comparisons inside it, so that only `AND` and
 * `OR` join the comparisons. Under `AND` and `OR`, LanceDB treats the SQL result null as false. So a comparison without `not` excludes
 * rows that lack the key, as it should. A negated comparison has to include these rows explicitly.
 */
export function compileFilter(filter: Filter, facts: Pick<TableFacts, "columns" | "idType">): string {
  checkFilter(filter);
  const sql = compile(filter, "as it is", (key) => typeOf(key, facts));
  return typeof sql === "string" ? sql : constant(sql);
}

/** Returns a predicate for the rows whose key is one of `keys`. All keys must have the collection's key type. */
export function keyIsOneOf(keys: readonly Key[]): string {
  const texts = keys.filter((key) => typeof key === "string");
  const sql =
    texts.length > 0
      ? anyTextOf("id", texts)
      : anyWholeOf(
          "`id`",
          "int64",
          keys.filter((key) => typeof key === "bigint"),
        );
  return typeof sql === "string" ? sql : constant(sql);
}

/** Returns a predicate for the rows whose key comes after `key`. */
export function keyIsAfter(key: Key): string {
  if (typeof key !== "bigint") return `\`id\` > ${quoteText(key)}`;
  const [smallest] = ranges.int64;
  // LanceDB reads the smallest int64 as a float.
  return key === smallest ? `\`id\` >= ${smallest + 1n}` : `\`id\` > ${key}`;
}

/** Returns a predicate for the rows whose value in a text column is one of `texts`. `texts` must not be empty. */
export function anyTextOf(column: "id" | "content", texts: readonly string[]): string {
  return `${quoteName(column)} IN (${texts.map(quoteText).join(", ")})`;
}

type Polarity = "as it is" | "negated";

function compile(filter: Filter, polarity: Polarity, typeOfKey: (key: string) => ColumnType | null): Sql {
  const inner = (operand: Filter) => compile(operand, polarity, typeOfKey);
  switch (filter.kind) {
    case "and":
      return join(polarity === "negated" ? "OR" : "AND", filter.all.map(inner));
    case "or":
      return join(polarity === "negated" ? "AND" : "OR", filter.any.map(inner));
    case "not":
      return compile(filter.filter, polarity === "negated" ? "as it is" : "negated", typeOfKey);
    default: {
      const type = typeOfKey(filter.key);
      const name = quoteName(filter.key);
      if (filter.kind === "exists")
        return type === null ? polarity === "negated" : nullTest(name, polarity === "negated" ? "absent" : "present");
      if (polarity === "as it is") return term(filter, name, type);
      return join("OR", [type !== null && nullTest(name, "absent"), negatedTerm(filter, name, type)]);
    }
  }
}

type Term = Extract<Filter, { readonly kind: "compare" | "in" | "startsWith" | "contains" }>;

function term(filter: Term, name: string, type: ColumnType | null): Sql {
  switch (filter.kind) {
    case "compare":
      return compare(name, type, filter.operator, filter.value);
    case "in":
      return anyOf(name, type, filter.values);
    case "startsWith":
      return type === "text" && beginsWith(name, filter.prefix);
    case "contains":
      return type === "text" && containing(name, filter.text);
    default:
      throw unknownKind(filter);
  }
}

/** Not `lower`, which changes letters of other alphabets too. */
function containing(name: string, text: string): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const lowered = `translate(${name}, '${letters}', '${letters.toLowerCase()}')`;
  return text === "" ? nullTest(name, "present") : `strpos(${lowered}, ${quoteText(asciiLower(text))}) > 0`;
}

/**
 * Returns a predicate for the rows whose value does not match the term. Its result for rows without a value does not matter, because the
 * caller adds these rows.
 */
function negatedTerm(filter: Term, name: string, type: ColumnType | null): Sql {
  const sql = term(filter, name, type);
  if (typeof sql === "boolean") return !sql;
  return filter.kind === "compare" ? compare(name, type, complements[filter.operator], filter.value) : `NOT (${sql})`;
}

function compare(name: string, type: ColumnType | null, operator: Comparison, value: MetadataValue): Sql {
  if (type === "int32" || type === "int64") return typeof value === "number" && compareInt(name, type, operator, value);
  const literal = literalOf(type, value);
  return literal !== null && `${name} ${operator === "==" ? "=" : operator} ${literal}`;
}

/**
 * Compares a column of whole numbers exactly. If the literal were passed on unchanged, LanceDB would round both numbers to float64, or
 * refuse a literal outside the column's range.
 */
function compareInt(name: string, type: "int32" | "int64", operator: Comparison, value: number): Sql {
  const floor = BigInt(Math.floor(value));
  const below = Number.isInteger(value) ? floor - 1n : floor;
  switch (operator) {
    case "<=":
      return atMost(name, type, floor);
    case "<":
      return atMost(name, type, below);
    case ">":
      return above(name, type, floor);
    case ">=":
      return above(name, type, below);
    case "==":
      return Number.isInteger(value) && join("AND", [above(name, type, below), atMost(name, type, floor)]);
    case "!=":
      return Number.isInteger(value) ? join("OR", [atMost(name, type, below), above(name, type, floor)]) : nullTest(name, "present");
    default:
      throw unknownKind(operator);
  }
}

function atMost(name: string, type: "int32" | "int64", bound: bigint): Sql {
  const [min, max] = ranges[type];
  if (bound >= max) return nullTest(name, "present");
  // The smallest int64 has no literal, because its digits without the sign exceed the int64 range.
  return bound >= min && `${name} < ${bound + 1n}`;
}

function above(name: string, type: "int32" | "int64", bound: bigint): Sql {
  const [min, max] = ranges[type];
  if (bound < min) return nullTest(name, "present");
  return bound < max && `${name} >= ${bound + 1n}`;
}

/**
 * Selects the texts from the prefix up to the first text that is greater than all texts with this prefix. LanceDB orders text by code
 * point. `starts_with` would be wrong for a column with an index, because the index takes `_` and `%` in a prefix as wildcards.
 */
function beginsWith(name: string, prefix: string): string {
  const points = [...prefix];
  while (points.at(-1) === "\u{10FFFF}") points.pop();
  const last = points.pop();
  if (last === undefined) return prefix === "" ? nullTest(name, "present") : `${name} >= ${quoteText(prefix)}`;
  // The code points of surrogates are left out, because no text contains them.
  const next = last === "\uD7FF" ? "\uE000" : String.fromCodePoint(last.codePointAt(0)! + 1);
  return `(${name} >= ${quoteText(prefix)} AND ${name} < ${quoteText(points.join("") + next)})`;
}

function anyOf(name: string, type: ColumnType | null, values: readonly MetadataValue[]): Sql {
  if (type === "int32" || type === "int64") {
    return anyWholeOf(name, type, values.filter((value) => Number.isInteger(value)).map(BigInt));
  }
  const literals = values.map((value) => literalOf(type, value)).filter((literal) => literal !== null);
  return literals.length > 0 && `${name} IN (${literals.join(", ")})`;
}

function anyWholeOf(name: string, type: "int32" | "int64", values: readonly bigint[]): Sql {
  const [min, max] = ranges[type];
  const listed = values.filter((value) => value > min && value <= max);
  return join("OR", [listed.length > 0 && `${name} IN (${listed.join(", ")})`, values.includes(min) && atMost(name, type, min)]);
}

function join(operator: "AND" | "OR", operands: readonly Sql[]): Sql {
  const decisive = operator === "OR";
  if (operands.includes(decisive)) return decisive;
  const parts = operands.filter((operand) => typeof operand === "string");
  if (parts.length === 0) return !decisive;
  if (parts.length === 1) return parts[0]!;
  return `(${inGroups(operator, parts).join(` ${operator} `)})`;
}

function inGroups(operator: "AND" | "OR", parts: readonly string[]): readonly string[] {
  if (parts.length <= chainLength) return parts;
  const groups = Array.from({ length: Math.ceil(parts.length / chainLength) }, (_, at) =>
    parts.slice(at * chainLength, (at + 1) * chainLength),
  );
  return inGroups(
    operator,
    groups.map((group) => `(${group.join(` ${operator} `)})`),
  );
}

function typeOf(key: string, { columns, idType }: Pick<TableFacts, "columns" | "idType">): ColumnType | null {
  switch (key) {
    case "id":
      return idType;
    case "width":
    case "height":
      return "int32";
    case "ingested_at":
      return "int64";
    case "source":
    case "root":
    case "version":
    case "content":
    case "metadata_hash":
      return "text";
    default:
      return columns.get(key) ?? null;
  }
}

/** Returns the value as an SQL literal, or null if the value does not have the type of the column. */
function literalOf(type: ColumnType | null, value: MetadataValue): string | null {
  if (type === "text" && typeof value === "string") return quoteText(value);
  if (type === "boolean" && typeof value === "boolean") return constant(value);
  // Replaces −0 by 0: Arrow orders −0 before 0, and the table never contains −0.
  return type === "number" && typeof value === "number" ? String(value === 0 ? 0 : value) : null;
}

function nullTest(name: string, wanted: "absent" | "present"): string {
  return `${name} IS ${wanted === "present" ? "NOT " : ""}NULL`;
}

function constant(value: boolean): string {
  return value ? "TRUE" : "FALSE";
}

function quoteText(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** Quotes a column name. The filter was checked before, so a name cannot contain a back quote. */
function quoteName(name: string): string {
  if (/^[a-z0-9_]+$/.test(name)) return `\`${name}\``;
  throw new HeadraceError("filter_invalid", `filter: expected a key, found ${JSON.stringify(name).slice(0, 80)}`);
}
