/** The photos of a place: some of a collection, all of it in pages, or the hits of a search. */
import { useRef } from "preact/hooks";
import type { Client } from "../service/client.js";
import { useService } from "../service/context.js";
import { type Loaded, useLoaded } from "../service/loaded.js";
import type { Hit, StoredImage } from "../service/types.js";
import type { SearchPlace } from "./search-place.js";

export interface Found {
  readonly collection: string;
  readonly images: readonly (StoredImage & Partial<Pick<Hit, "score">>)[];
  /** null: not searched, only listed. */
  readonly elapsedMs: number | null;
  /** Whether there are more photos than these. */
  readonly isMore: boolean;
}

/** What is loaded of a list. It grows, so that no page is asked for twice. */
interface Listed {
  readonly of: string;
  readonly images: readonly StoredImage[];
  /** null: there are no more. */
  readonly cursor: string | null;
}

const sampleSize = 60;
const maxPage = 1000;
const nothing: Found = { collection: "", images: [], elapsedMs: null, isMore: false };

export function useFound({ collection, query, filter, limit, all }: SearchPlace): Loaded<Found> {
  const { client } = useService();
  const listed = useRef<Listed | null>(null);
  const asked = query === null ? "" : JSON.stringify(query.kind === "images" ? query.numbers : query);
  return useLoaded<Found>(
    async (signal) => {
      if (collection === null || query?.kind === "lost") return nothing;
      if (query === null && all === null) {
        const images = await client.images(collection, sampleSize, filter, signal);
        return { collection, images, elapsedMs: null, isMore: images.length === sampleSize };
      }
      if (query === null) {
        listed.current = await grown(client, { last: listed.current, collection, filter, count: all ?? 0 }, signal);
        const { images, cursor } = listed.current;
        return { collection, images, elapsedMs: null, isMore: cursor !== null };
      }
      const sent =
        query.kind === "images" ? query.images.map(({ file }) => file) : query.kind === "id" ? { id: query.id } : { text: query.text };
      const { hits, elapsed_ms } = await client.search({ collection, query: sent, filter, limit }, signal);
      return { collection, images: hits, elapsedMs: elapsed_ms, isMore: hits.length === limit };
    },
    [client, collection, asked, filter, query === null ? all : limit],
  );
}

interface Growth {
  readonly last: Listed | null;
  readonly collection: string;
  readonly filter: string;
  /** The number of photos that are wanted. */
  readonly count: number;
}

async function grown(client: Client, { last, collection, filter, count }: Growth, signal: AbortSignal): Promise<Listed> {
  const of = JSON.stringify([collection, filter]);
  let listed = last?.of === of ? last : null;
  while (listed === null || (listed.cursor !== null && listed.images.length < count)) {
    const before: readonly StoredImage[] = listed?.images ?? [];
    const options = { limit: Math.min(maxPage, Math.max(1, count - before.length)), filter, cursor: listed?.cursor ?? null };
    const { images, next_cursor = null } = await client.pageOfImages(collection, options, signal);
    listed = { of, images: [...before, ...images], cursor: next_cursor };
  }
  return listed;
}
