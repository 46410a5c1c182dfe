/** What a search is, and how the address tells it. */
import { hrefOf, type Place } from "../route.js";
import type { QueryImage, QueryImages } from "./query-images.js";

export type Query =
  | { readonly kind: "image"; readonly number: string; readonly image: QueryImage }
  | { readonly kind: "id"; readonly id: string }
  | { readonly kind: "text"; readonly text: string };

export interface SearchPlace {
  readonly collection: string | null;
  /** null: nothing is searched for; some photos of the collection are shown. */
  readonly query: Query | null;
  readonly filter: string;
  readonly limit: number;
}

export const limits = [25, 50, 100, 500] as const;
const defaultLimit = 50;

export function searchPlaceOf({ name, params }: Place, images: QueryImages): SearchPlace {
  const { id, text, image: number, filter = "", limit } = params;
  return {
    collection: name,
    query: queryOf(id, text, number, images),
    filter,
    limit: limits.find((each) => each === Number(limit)) ?? defaultLimit,
  };
}

export function searchHref({ collection, query, filter, limit }: SearchPlace): string {
  return hrefOf("search", collection, {
    id: query?.kind === "id" ? query.id : null,
    text: query?.kind === "text" ? query.text : null,
    image: query?.kind === "image" ? query.number : null,
    filter,
    limit: limit === defaultLimit ? null : limit,
  });
}

function queryOf(id: string | undefined, text: string | undefined, number: string | undefined, images: QueryImages): Query | null {
  if (id !== undefined) return { kind: "id", id };
  if (text !== undefined) return { kind: "text", text };
  const image = images.get(number);
  return image === null || number === undefined ? null : { kind: "image", number, image };
}
