/** Reads the query of a search: images, texts, stored ids and vectors, each with a weight. */
import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { type MixedTerm, parseVector, type SearchQuery, type SingleQuery } from "../../app/index.js";
import { HeadraceError } from "../../contracts/index.js";

export interface QueryOptions {
  readonly text?: readonly string[];
  readonly id?: readonly string[];
  readonly vector?: readonly string[];
}

export interface GivenQuery {
  readonly query: SearchQuery;
  /** The query's name for people. */
  readonly label: string;
  /** Path of the first query image; null if there is none. */
  readonly image: string | null;
}

interface GivenTerm extends MixedTerm {
  readonly label: string;
}

/**
 * Reads the query from the arguments. `toId` makes the query for an id. Throws `usage_invalid` if nothing is given, and
 * `query_invalid` for an invalid vector.
 */
export async function queryOf(
  images: readonly string[],
  { text: texts = [], id: ids = [], vector: files = [] }: QueryOptions,
  toId: (id: string) => Promise<SingleQuery>,
): Promise<GivenQuery> {
  const terms = await Promise.all([
    ...images.map((given) => term(given, async (image) => ({ query: image, label: image }))),
    ...texts.map((given) => term(given, async (words) => ({ query: { text: words }, label: `"${words}"` }))),
    ...ids.map((given) => term(given, async (id) => ({ query: await toId(id), label: `id ${id}` }))),
    ...files.map((given) => term(given, async (file) => ({ query: { vector: await readVector(file) }, label: `the vector in ${file}` }))),
  ]);
  const [only, ...more] = terms;
  if (only === undefined) {
    throw new HeadraceError("usage_invalid", "search: expected an image, --text, --id or --vector, found none", {
      hint: 'For example: headrace search cat.jpg, or headrace search --text "cat"',
    });
  }
  const image = terms.find(({ query }) => typeof query === "string")?.query as string | undefined;
  const isSingle = more.length === 0 && only.weight === undefined;
  const label = terms.map((each) => (each.weight === undefined ? each.label : `${each.label}^${each.weight}`)).join(" + ");
  return { query: isSingle ? only.query : { mix: terms.map(withoutLabel) }, label, image: image ?? null };
}

function withoutLabel({ query, weight }: GivenTerm): MixedTerm {
  return weight === undefined ? { query } : { query, weight };
}

/** Separates the weight: `cat.jpg^0.5`. */
async function term(given: string, read: (value: string) => Promise<{ query: SingleQuery; label: string }>): Promise<GivenTerm> {
  const [, value = given, weight] = /^(.+)\^(-?\d+(?:\.\d+)?|-?\.\d+)$/s.exec(given) ?? [];
  return { ...(await read(value)), ...(weight === undefined ? {} : { weight: Number(weight) }) };
}

async function readVector(file: string): Promise<Float32Array> {
  return file === "-" ? parseVector(await buffer(process.stdin), "stdin") : parseVector(await fileBytes(file), file);
}

async function fileBytes(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new HeadraceError("query_invalid", `query vector: ${file}: expected a readable file, found ${(cause as Error).message}`, {
      item: file,
      cause,
    });
  }
}
