/** Compiles a filter into a condition of SQL. Keys and values are parameters. */
import type { Comparison, Filter, MetadataValue } from "../../contracts/index.js";
import { asciiLower, checkFilter, unknownKind } from "../../filter/index.js";

/** Parameters of a statement: `$1`, `$2` and so on. */
export class Parameters {
  readonly values: unknown[] = [];
  readonly #keys = new Map<string, string>();

  /** Adds a value, and returns its place in the text. */
  add(value: unknown, type: string): string {
    this.values.push(value);
    return `$${this.values.length}::${type}`;
  }

  /** Adds a metadata key once, when a term needs it. PostgreSQL refuses parameters that no term uses. */
  key(name: string): string {
    const place = this.#keys.get(name) ?? this.add(name, "text");
    this.#keys.set(name, place);
    return place;
  }
}

const texts = new Set(["source", "root", "version", "content", "metadata_hash"]);
const wholeNumbers = new Set(["width", "height", "ingested_at"]);

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/** A term that no row passes. */
const nothing = "false";

type Column =
  | { readonly kind: "text"; readonly sql: string }
  | { readonly kind: "integer"; readonly sql: string }
  | { readonly kind: "metadata"; readonly key: string };

/** Throws `filter_invalid` for an invalid filter. */
export function compileFilter(filter: Filter, idType: "text" | "int64", parameters: Parameters): string {
  checkFilter(filter);
  return new Compiler(idType, parameters).compile(filter, "holds");
}

class Compiler {
  constructor(
    readonly idType: "text" | "int64",
    readonly parameters: Parameters,
  ) {}

  /**
   * In SQL, a comparison with a missing value is neither true nor false. So `not` goes down to the comparisons, and there it means "is not
   * true".
   */
  compile(filter: Filter, wanted: "holds" | "fails"): string {
    switch (filter.kind) {
      case "and":
        return this.#joined(filter.all, wanted === "holds" ? "AND" : "OR", wanted);
      case "or":
        return this.#joined(filter.any, wanted === "holds" ? "OR" : "AND", wanted);
      case "not":
        return this.compile(filter.filter, wanted === "holds" ? "fails" : "holds");
      default: {
        const term = this.#term(filter);
        return wanted === "holds" ? `(${term})` : `((${term}) IS NOT TRUE)`;
      }
    }
  }

  #joined(filters: readonly Filter[], operator: "AND" | "OR", wanted: "holds" | "fails"): string {
    return `(${filters.map((each) => this.compile(each, wanted)).join(` ${operator} `)})`;
  }

  #term(filter: Exclude<Filter, { kind: "and" | "or" | "not" }>): string {
    const column = this.#column(filter.key);
    switch (filter.kind) {
      case "compare":
        return this.#compare(column, filter.operator, filter.value);
      case "in":
        return this.#contains(column, filter.values);
      case "startsWith":
        return this.#startsWith(column, filter.prefix);
      case "contains":
        return this.#containsText(column, filter.text);
      case "exists":
        return column.kind === "metadata" ? `${this.#json(column)} IS NOT NULL` : "true";
      default:
        throw unknownKind(filter);
    }
  }

  #column(key: string): Column {
    if (key === "id") return { kind: this.idType === "text" ? "text" : "integer", sql: "id" };
    if (texts.has(key)) return { kind: "text", sql: key };
    if (wholeNumbers.has(key)) return { kind: "integer", sql: key };
    return { kind: "metadata", key };
  }

  #compare(column: Column, operator: Comparison, value: MetadataValue): string {
    if (typeof value === "string") return this.#compareText(column, operator, value);
    if (column.kind === "text") return nothing;
    if (column.kind === "integer") return typeof value === "number" ? this.#compareInteger(column.sql, operator, value) : nothing;
    const type = typeof value === "number" ? "number" : "boolean";
    return `${this.#json(column)} ${sqlOperators[operator]} ${this.parameters.add(jsonOf(value), "jsonb")} AND jsonb_typeof(${this.#json(column)}) = '${type}'`;
  }

  /** PostgreSQL stores no text with zero bytes. No text lies between the part before the zero byte and the whole text. */
  #compareText(column: Column, operator: Comparison, value: string): string {
    if (column.kind === "integer") return nothing;
    const zeroAt = value.indexOf("\0");
    if (zeroAt >= 0 && operator === "==") return nothing;
    if (zeroAt >= 0 && operator === "!=") return column.kind === "metadata" ? `jsonb_typeof(${this.#json(column)}) = 'string'` : "true";
    const [sql, head, guard] = [this.#textOf(column), zeroAt < 0 ? value : value.slice(0, zeroAt), this.#isText(column)];
    if (zeroAt < 0) return `${sql} ${sqlOperators[operator]} ${this.parameters.add(head, "text")}${guard}`;
    return `${sql} ${operator.startsWith("<") ? "<=" : ">"} ${this.parameters.add(head, "text")}${guard}`;
  }

  /** Compares with a whole number, so that an index on the column can be used. */
  #compareInteger(sql: string, operator: Comparison, value: number): string {
    if (Math.abs(value) >= 2 ** 63) {
      const isBelow = value > 0;
      return operator === "!=" || (isBelow ? operator.startsWith("<") : operator.startsWith(">")) ? "true" : nothing;
    }
    if (Number.isInteger(value)) return `${sql} ${sqlOperators[operator]} ${this.parameters.add(String(BigInt(value)), "bigint")}`;
    if (operator === "==") return nothing;
    if (operator === "!=") return "true";
    return operator.startsWith("<")
      ? `${sql} <= ${this.parameters.add(String(BigInt(Math.floor(value))), "bigint")}`
      : `${sql} >= ${this.parameters.add(String(BigInt(Math.ceil(value))), "bigint")}`;
  }

  #contains(column: Column, values: readonly MetadataValue[]): string {
    const strings = values.filter((value) => typeof value === "string" && !value.includes("\0"));
    const others = values.filter((value) => typeof value !== "string");
    if (column.kind === "text") return strings.length === 0 ? nothing : `${column.sql} = ANY(${this.parameters.add(strings, "text[]")})`;
    if (column.kind === "integer") {
      const whole = others.filter((value) => typeof value === "number" && Number.isInteger(value) && Math.abs(value) < 2 ** 63);
      return `${column.sql} = ANY(${this.parameters.add(
        whole.map((value) => String(BigInt(value))),
        "bigint[]",
      )})`;
    }
    const lists = [
      ...(strings.length === 0 ? [] : [`${this.#textOf(column)} = ANY(${this.parameters.add(strings, "text[]")})${this.#isText(column)}`]),
      ...(others.length === 0
        ? []
        : [
            `${this.#json(column)} = ANY(${this.parameters.add(others.map(jsonOf), "jsonb[]")}) AND jsonb_typeof(${this.#json(column)}) <> 'string'`,
          ]),
    ];
    return lists.length === 0 ? nothing : lists.map((list) => `(${list})`).join(" OR ");
  }

  #startsWith(column: Column, prefix: string): string {
    if (column.kind === "integer" || prefix.includes("\0")) return nothing;
    return `${this.#textOf(column)} ^@ ${this.parameters.add(prefix, "text")}${this.#isText(column)}`;
  }

  /** Not `lower`, whose result depends on the locale of the database. */
  #containsText(column: Column, text: string): string {
    if (column.kind === "integer" || text.includes("\0")) return nothing;
    const lowered = `translate(${this.#textOf(column)}, '${letters}', '${letters.toLowerCase()}')`;
    return `strpos(${lowered}, ${this.parameters.add(asciiLower(text), "text")}) > 0${this.#isText(column)}`;
  }

  #textOf(column: Exclude<Column, { kind: "integer" }>): string {
    return column.kind === "text" ? column.sql : `((metadata->>${this.parameters.key(column.key)}) COLLATE "C")`;
  }

  #json({ key }: Extract<Column, { kind: "metadata" }>): string {
    return `(metadata->${this.parameters.key(key)})`;
  }

  /** `->>` also gives the text of a number. */
  #isText(column: Column): string {
    return column.kind === "metadata" ? ` AND jsonb_typeof(${this.#json(column)}) = 'string'` : "";
  }
}

const sqlOperators: Readonly<Record<Comparison, string>> = { "==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">=" };

function jsonOf(value: MetadataValue): string {
  return JSON.stringify(value);
}
