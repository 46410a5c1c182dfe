/** What a search is, and how the address tells it. */
import { hrefOf, type Place } from "../route.js";
import type { QueryImage, QueryImages } from "./query-images.js";

export type Query =
  /** Finds what is like all of the images together. `numbers` joins theirs by commas. */
  | { readonly kind: "images"; readonly numbers: string; readonly images: readonly QueryImage[] }
  /** Images that the page has lost, because it was loaded again. */
  | { readonly kind: "lost"; readonly numbers: string }
  | { readonly kind: "id"; readonly id: string }
  | { readonly kind: "text"; readonly text: string };

export interface SearchPlace {
  readonly collection: string | null;
  /** null: nothing is searched for; some photos of the collection are shown. */
  readonly query: Query | null;
  readonly filter: string;
  /** Most hits of a search. */
  readonly limit: number;
  /** Without a query: the number of photos to show in the order of their ids. null: some photos, mixed. */
  readonly all: number | null;
}

export const limits = [25, 50, 100, 500, 1000] as const;
const defaultLimit = 50;

export function searchPlaceOf({ name, params }: Place, images: QueryImages): SearchPlace {
  const { id, text, image: numbers, filter = "", limit, all } = params;
  return {
    collection: name,
    query: queryOf(id, text, numbers, images),
    filter,
    limit: limits.find((each) => each === Number(limit)) ?? defaultLimit,
    all: /^[1-9]\d{0,5}$/.test(all ?? "") ? Number(all) : null,
  };
}

export function searchHref({ collection, query, filter, limit, all }: SearchPlace): string {
  return hrefOf("search", collection, {
    id: query?.kind === "id" ? query.id : null,
    text: query?.kind === "text" ? query.text : null,
    image: query?.kind === "images" || query?.kind === "lost" ? query.numbers : null,
    filter,
    limit: limit === defaultLimit ? null : limit,
    all: query === null ? all : null,
  });
}

function queryOf(id: string | undefined, text: string | undefined, numbers: string | undefined, images: QueryImages): Query | null {
  if (id !== undefined) return { kind: "id", id };
  if (text !== undefined) return { kind: "text", text };
  if (numbers === undefined) return null;
  const found = numbers.split(",").map((number) => images.get(number));
  return found.includes(null) ? { kind: "lost", numbers } : { kind: "images", numbers, images: found.filter((image) => image !== null) };
}
