/** Search: some photos of a collection, or those that are like an image, a stored row or words. */
import { useCallback, useMemo, useState } from "preact/hooks";
import { useWords } from "../language/language.js";
import { Icon } from "../parts/icon.js";
import { ImageDetails } from "../parts/image-details.js";
import { ProblemNotice } from "../parts/notice.js";
import { ResultLine } from "../parts/result-line.js";
import { type TileImage, Tiles } from "../parts/tiles.js";
import { go, type Place } from "../route.js";
import { useService } from "../service/context.js";
import { isImageFile } from "../service/image-files.js";
import { useLoaded } from "../service/loaded.js";
import type { Collection, Hit, StoredImage } from "../service/types.js";
import { Composer } from "./composer.js";
import { EmptyCollection, NoCollections } from "./empty.js";
import { FilterBuilder } from "./filter-builder.js";
import { useGivenImages } from "./given-images.js";
import { useHiddenPictures } from "./hidden-pictures.js";
import { LimitChoice } from "./limit-choice.js";
import { useQueryImages } from "./query-images.js";
import { type Query, type SearchPlace, searchHref, searchPlaceOf } from "./search-place.js";

const sampleSize = 60;

export function SearchRoom({ place }: { readonly place: Place }) {
  const { client, service } = useService();
  const words = useWords();
  const { value: collections, problem, reload } = useLoaded((signal) => client.collections(signal), [client]);
  if (problem !== null) {
    return (
      <div class="page">
        <ProblemNotice problem={problem} onRetry={reload} />
      </div>
    );
  }
  if (collections === null) return <p class="hidden">{words.loading}</p>;
  if (collections.length === 0) return <NoCollections />;
  const name = place.name ?? chosen(collections, service?.default_collection);
  return <Searching place={{ ...place, name }} collections={collections} />;
}

/** The collection of the configuration if it has rows, otherwise the largest one. */
function chosen(collections: readonly Collection[], preferred: string | undefined): string {
  const sorted = [...collections].sort((a, b) => b.count - a.count);
  return (sorted.find(({ name, count }) => name === preferred && count > 0) ?? sorted[0]!).name;
}

interface SearchingProps {
  readonly place: Place;
  readonly collections: readonly Collection[];
}

function Searching({ place: given, collections }: SearchingProps) {
  const words = useWords();
  const { service } = useService();
  const images = useQueryImages();
  const place = useMemo(() => searchPlaceOf(given, images), [given.name, JSON.stringify(given.params), images]);
  const [isFilterOpen, setFilterOpen] = useState(place.filter !== "");
  const [shown, setShown] = useState<TileImage | null>(null);
  const [size, setSize] = useState(1);
  const [isRefused, setRefused] = useState(false);
  const hidden = useHiddenPictures();
  const { value, problem, isLoading, reload } = useFound(place);
  const found = value?.images ?? [];
  const collection = collections.find(({ name }) => name === place.collection);

  const change = useCallback((changed: Partial<SearchPlace>) => go(searchHref({ ...place, ...changed })), [place]);
  const search = useCallback(
    (query: Query | null) => {
      setShown(null);
      scrollTo({ top: 0 });
      change({ query });
    },
    [change],
  );
  const moreLike = useCallback((image: TileImage) => search({ kind: "id", id: image.id }), [search]);
  const takeFile = useCallback(
    (file: File) => {
      const isImage = isImageFile(file, service?.image_extensions ?? []);
      setRefused(!isImage);
      if (!isImage) return;
      const number = images.add(file);
      search({ kind: "image", number, image: images.get(number)! });
    },
    [images, search, service],
  );
  const { isOver } = useGivenImages(takeFile);
  const queryId = place.query?.kind === "id" ? place.query.id : null;
  const queryRow = queryId === null ? null : (found.find(({ id }) => id === queryId) ?? null);

  const elapsedMs = value?.elapsedMs ?? null;
  const summary =
    isLoading && place.query !== null
      ? words.search.searching
      : elapsedMs === null
        ? words.search.sample
        : words.search.found(found.length, Math.round(elapsedMs));

  return (
    <div class="page">
      <div class={`search-head ${place.query === null && place.filter === "" ? "search-head-open" : ""}`}>
        <h1>{words.search.lead}</h1>
        <p class="muted">{words.search.invite}</p>
        <Composer
          {...{ place, collections, queryRow, isFilterOpen }}
          onToggleFilter={() => setFilterOpen(!isFilterOpen)}
          onQuery={search}
          onFile={takeFile}
          onCollection={(name) =>
            go(searchHref({ ...place, collection: name, query: place.query?.kind === "id" ? null : place.query, filter: "" }))
          }
        />
        {isFilterOpen && (
          <FilterBuilder
            key={`${place.collection} ${place.filter}`}
            filter={place.filter}
            sampled={found.map(({ metadata }) => metadata)}
            keys={[...(collection?.indexable_keys ?? []), ...(collection?.indexed_keys ?? [])]}
            onFilter={(filter) => change({ filter })}
          />
        )}
        {isRefused && (
          <p class="field-problem" role="alert">
            {words.search.notImage}
          </p>
        )}
      </div>
      {hidden.notice}
      {problem !== null && <ProblemNotice problem={problem} onRetry={reload} />}
      {problem === null && collection?.count === 0 && place.query === null && <EmptyCollection name={collection.name} />}
      {problem === null && (value === null || found.length > 0 || place.query !== null || place.filter !== "") && (
        <ResultLine summary={summary} filter={place.filter} size={size} onSize={setSize}>
          {place.query !== null && <LimitChoice limit={place.limit} onLimit={(limit) => change({ limit })} />}
        </ResultLine>
      )}
      {problem === null && value !== null && found.length === 0 && (collection?.count ?? 0) > 0 && !isLoading && (
        <div class="empty">
          <Icon name="search" />
          <h2>{words.search.nothing}</h2>
          <p class="muted">{words.search.nothingHint}</p>
        </div>
      )}
      {place.collection !== null && (
        <div class="results" style={{ "--size": size }} aria-busy={isLoading}>
          <Tiles
            collection={value?.collection ?? place.collection}
            images={found}
            onMoreLike={moreLike}
            onDetails={setShown}
            onMissing={hidden.onMissing}
          />
        </div>
      )}
      {shown !== null && place.collection !== null && (
        <ImageDetails collection={place.collection} image={shown} onMoreLike={moreLike} onClose={() => setShown(null)} />
      )}
      {isOver && <div class="drop">{words.search.dropHere}</div>}
    </div>
  );
}

interface Found {
  readonly collection: string;
  readonly images: readonly (StoredImage & Partial<Pick<Hit, "score">>)[];
  /** null: not searched, only listed. */
  readonly elapsedMs: number | null;
}

function useFound({ collection, query, filter, limit }: SearchPlace) {
  const { client } = useService();
  const asked = query === null ? "" : JSON.stringify(query.kind === "image" ? query.number : query);
  return useLoaded<Found>(
    async (signal) => {
      if (collection === null) return { collection: "", images: [], elapsedMs: null };
      if (query === null) return { collection, images: await client.images(collection, sampleSize, filter, signal), elapsedMs: null };
      const sent = query.kind === "image" ? query.image.file : query.kind === "id" ? { id: query.id } : { text: query.text };
      const { hits, elapsed_ms } = await client.search({ collection, query: sent, filter, limit }, signal);
      return { collection, images: hits, elapsedMs: elapsed_ms };
    },
    [client, collection, asked, filter, query === null ? 0 : limit],
  );
}
