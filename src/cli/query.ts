/** Reads the query of a search: an image, a stored id or a vector. */
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import type { SearchQuery } from "../app/index.js";
import { HeadraceError } from "../contracts/index.js";

export interface QueryOptions {
  readonly id?: string;
  readonly vector?: string;
}

export interface GivenQuery {
  readonly query: SearchQuery;
  /** The query's name for people. */
  readonly label: string;
  /** Path of the query image; null if the query is an id or a vector. */
  readonly image: string | null;
}

/**
 * Reads the query from the arguments. Throws `usage_invalid` unless exactly one query is given, and `query_invalid` for an invalid vector.
 */
export async function queryOf(image: string | undefined, { id, vector }: QueryOptions): Promise<GivenQuery> {
  const given = [image, id, vector].filter((value) => value !== undefined).length;
  if (given !== 1) {
    throw new HeadraceError(
      "usage_invalid",
      `search: expected exactly one of an image, --id and --vector, found ${given === 0 ? "none" : given}`,
      {
        hint: "For example: headrace search cat.jpg",
      },
    );
  }
  if (id !== undefined) return { query: { id }, label: `id ${id}`, image: null };
  if (vector !== undefined) return { query: { vector: await readVector(vector) }, label: `the vector in ${vector}`, image: null };
  return { query: image!, label: image!, image: image! };
}

async function readVector(file: string): Promise<readonly number[]> {
  const name = file === "-" ? "stdin" : file;
  let found: unknown;
  try {
    found = JSON.parse(file === "-" ? await text(process.stdin) : await readFile(file, "utf8"));
  } catch (cause) {
    throw new HeadraceError("query_invalid", `query vector: ${name}: expected a JSON list of numbers, found ${(cause as Error).message}`, {
      item: name,
      cause,
    });
  }
  if (!Array.isArray(found) || !found.every((value) => Number.isFinite(value)))
    throw new HeadraceError("query_invalid", `query vector: ${name}: expected a JSON list of finite numbers, found other JSON`, {
      item: name,
    });
  return found as readonly number[];
}
