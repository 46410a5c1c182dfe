/** Parses a filter's text into a tree. Each store compiles the tree into its own query. */
import type { Comparison, Filter, MetadataValue } from "../contracts/index.js";
import { boxAround } from "./box.js";
import { normalizeSources } from "./spelling.js";
import { filterError, type Token, tokensOf } from "./tokens.js";
import { checkFilter, comparisons, filterLimits, isFilterKey } from "./tree.js";

const metres: ReadonlyMap<string, number> = new Map([
  ["km", 1_000],
  ["m", 1],
]);
const reserved = new Set(["and", "or", "not", "in", "true", "false"]);

/**
 * Parses a filter, for example `year >= 2020 and not (camera == "X100" or startsWith(source, "file:///photos/"))`.
 * Throws `filter_invalid`. The message contains the position, what was expected and what was found.
 */
export function parseFilter(text: string): Filter {
  if (text.length > filterLimits.maxChars) {
    throw filterError(filterLimits.maxChars + 1, `at most ${filterLimits.maxChars} characters`, `${text.length} characters`);
  }
  const parser = new Parser(tokensOf(text));
  const filter = parser.disjunction(0);
  parser.end();
  checkFilter(filter);
  return normalizeSources(filter);
}

class Parser {
  #at = 0;

  constructor(readonly tokens: readonly Token[]) {}

  disjunction(depth: number): Filter {
    const any = this.#chain("or", () => this.#conjunction(depth));
    return any.length === 1 ? any[0]! : { kind: "or", any };
  }

  end(): void {
    if (this.#token().kind !== "end") throw this.#unexpected("`and`, `or` or the end");
  }

  #conjunction(depth: number): Filter {
    const all = this.#chain("and", () => this.#operand(depth));
    return all.length === 1 ? all[0]! : { kind: "and", all };
  }

  #chain(word: "and" | "or", next: () => Filter): readonly Filter[] {
    const parts = [next()];
    while (this.#takeWord(word)) parts.push(next());
    return parts;
  }

  #operand(depth: number): Filter {
    if (depth >= filterLimits.maxDepth) throw this.#unexpected(`at most ${filterLimits.maxDepth} levels`);
    if (this.#keyFollows()) return this.#comparison();
    if (this.#takeWord("not")) return { kind: "not", filter: this.#operand(depth + 1) };
    if (this.#takeSymbol("(")) {
      const inner = this.disjunction(depth + 1);
      this.#expectSymbol(")");
      return inner;
    }
    if (this.#takeWord("exists")) return this.#call((key) => ({ kind: "exists", key }));
    if (this.#takeWord("startsWith")) {
      return this.#call((key) => {
        this.#expectSymbol(",");
        return { kind: "startsWith", key, prefix: this.#text() };
      });
    }
    if (this.#takeWord("contains")) {
      return this.#call((key) => {
        this.#expectSymbol(",");
        return { kind: "contains", key, text: this.#text() };
      });
    }
    if (this.#takeWord("near")) return this.#near();
    return this.#comparison();
  }

  /** `near(latitude, longitude, 46.2, 6.1, 10 km)`: two keys, a place in degrees, and a distance. */
  #near(): Filter {
    return this.#call((latitudeKey) => {
      this.#expectSymbol(",");
      const longitudeKey = this.#key();
      const latitude = this.#number("a latitude from -90 to 90", (value) => Math.abs(value) <= 90);
      const longitude = this.#number("a longitude from -180 to 180", (value) => Math.abs(value) <= 180);
      const distance = this.#number("a distance such as 10 km", (value) => value > 0);
      const unit = metres.get(this.#token().raw);
      if (unit === undefined) throw this.#unexpected("km or m");
      this.#at += 1;
      return boxAround({ latitudeKey, longitudeKey }, { latitude, longitude }, distance * unit);
    });
  }

  #number(expected: string, isAllowed: (value: number) => boolean): number {
    this.#expectSymbol(",");
    const token = this.#token();
    if (token.kind !== "number" || !isAllowed(Number(token.value))) throw this.#unexpected(expected);
    this.#at += 1;
    return Number(token.value);
  }

  /** Returns true if the next word is a key. A word before an operator is a key, even if the word is `not` or `exists`. */
  #keyFollows(): boolean {
    const [word, next, after] = [this.#token(), this.#token(1), this.#token(2)];
    if (word.kind !== "word") return false;
    return comparisons.has(next.raw) || (next.raw === "in" && after.raw === "[");
  }

  #call(rest: (key: string) => Filter): Filter {
    this.#expectSymbol("(");
    const filter = rest(this.#key());
    this.#expectSymbol(")");
    return filter;
  }

  #comparison(): Filter {
    if (reserved.has(this.#token().raw) && !this.#keyFollows()) throw this.#unexpected("a comparison");
    const key = this.#key();
    if (this.#takeWord("in")) return { kind: "in", key, values: this.#list() };
    const operator = this.#token().raw;
    if (!comparisons.has(operator)) throw this.#unexpected("== != < <= > >= or in");
    this.#at += 1;
    return { kind: "compare", key, operator: operator as Comparison, value: this.#value() };
  }

  #list(): readonly MetadataValue[] {
    this.#expectSymbol("[");
    if (this.#takeSymbol("]")) return [];
    const values = [this.#value()];
    while (this.#takeSymbol(",")) values.push(this.#value());
    this.#expectSymbol("]");
    return values;
  }

  #key(): string {
    const token = this.#token();
    if (token.kind !== "word") throw this.#unexpected("a key");
    if (!isFilterKey(token.raw)) throw this.#unexpected("a key of lower-case letters, digits and _ (at most 63; not `vector`)");
    this.#at += 1;
    return token.raw;
  }

  #value(): MetadataValue {
    const token = this.#token();
    this.#at += 1;
    if (token.kind === "text" || token.kind === "number") return token.value;
    if (token.raw === "true") return true;
    if (token.raw === "false") return false;
    this.#at -= 1;
    throw this.#unexpected('a value: "text", a number, true or false');
  }

  #text(): string {
    const token = this.#token();
    if (token.kind !== "text") throw this.#unexpected("text in double quotes");
    this.#at += 1;
    return String(token.value);
  }

  #takeWord(word: string): boolean {
    return this.#take("word", word);
  }

  #takeSymbol(symbol: string): boolean {
    return this.#take("symbol", symbol);
  }

  #take(kind: Token["kind"], raw: string): boolean {
    const token = this.#token();
    if (token.kind !== kind || token.raw !== raw) return false;
    this.#at += 1;
    return true;
  }

  #expectSymbol(symbol: string): void {
    if (!this.#takeSymbol(symbol)) throw this.#unexpected(symbol);
  }

  #token(ahead = 0): Token {
    return this.tokens[Math.min(this.#at + ahead, this.tokens.length - 1)]!;
  }

  #unexpected(expected: string): Error {
    const { position, raw } = this.#token();
    return filterError(position, expected, raw);
  }
}
