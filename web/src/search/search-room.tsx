/** Search: some photos of a collection, or those that are like an image, a stored row or words. */
import { useCallback, useMemo, useState } from "preact/hooks";
import { useWords } from "../language/language.js";
import { ImageDetails } from "../parts/image-details.js";
import { ProblemNotice } from "../parts/notice.js";
import { usePictureSize } from "../parts/picture-size.js";
import { ResultLine } from "../parts/result-line.js";
import { type TileImage, Tiles } from "../parts/tiles.js";
import { go, type Place, replacePlace } from "../route.js";
import { useService } from "../service/context.js";
import { isImageFile } from "../service/image-files.js";
import { useLoaded } from "../service/loaded.js";
import type { Collection } from "../service/types.js";
import { LostPhoto, NothingFound, UnknownWord } from "./answers.js";
import { Composer } from "./composer.js";
import { EmptyCollection, NoCollections } from "./empty.js";
import { FilterBuilder } from "./filter-builder.js";
import { fieldNames } from "./filter-text.js";
import { useFound } from "./found.js";
import { useGivenImages } from "./given-images.js";
import { useHiddenPictures } from "./hidden-pictures.js";
import { LimitChoice } from "./limit-choice.js";
import { useQueryImages } from "./query-images.js";
import { type Query, type SearchPlace, searchHref, searchPlaceOf } from "./search-place.js";
import { ShowMore } from "./show-more.js";

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
  const [size, setSize] = usePictureSize();
  const [isRefused, setRefused] = useState(false);
  const hidden = useHiddenPictures();
  const { value, problem, isLoading, reload } = useFound(place);
  const found = value?.images ?? [];
  const collection = collections.find(({ name }) => name === place.collection);

  const change = useCallback((changed: Partial<SearchPlace>) => go(searchHref({ ...place, ...changed })), [place]);
  const search = useCallback(
    (query: Query | null) => {
      setShown(null);
      change({ query, all: null });
    },
    [change],
  );
  const moreLike = useCallback((image: TileImage) => search({ kind: "id", id: image.id }), [search]);
  const takeFiles = useCallback(
    (files: readonly File[]) => {
      const taken = files.filter((file) => isImageFile(file, service?.image_extensions ?? []));
      setRefused(taken.length < files.length);
      if (taken.length === 0) return;
      const numbers = taken.map((file) => images.add(file));
      search({ kind: "images", numbers: numbers.join(","), images: numbers.map((number) => images.get(number)!) });
    },
    [images, search, service],
  );
  const { isOver } = useGivenImages(takeFiles);
  const queryId = place.query?.kind === "id" ? place.query.id : null;
  const queryRow = queryId === null ? null : (found.find(({ id }) => id === queryId) ?? null);

  const keys = [...(collection?.indexable_keys ?? []), ...(collection?.indexed_keys ?? [])];
  const unknownText = problem?.code === "word_unknown" && place.query?.kind === "text" ? place.query.text : null;
  const isLost = place.query?.kind === "lost";
  const elapsedMs = value?.elapsedMs ?? null;
  const summary =
    isLoading && place.query !== null
      ? words.search.searching
      : elapsedMs !== null
        ? words.search.found(found.length, Math.round(elapsedMs))
        : place.all === null
          ? words.search.sample
          : words.search.listed(found.length.toLocaleString(words.locale));

  return (
    <div class="page">
      <div class={`search-head ${place.query === null && place.filter === "" ? "search-head-open" : ""}`}>
        <h1>{words.search.lead}</h1>
        <p class="muted">{words.search.invite}</p>
        <Composer
          {...{ place, collections, queryRow, isFilterOpen }}
          onToggleFilter={() => setFilterOpen(!isFilterOpen)}
          onQuery={search}
          onFiles={takeFiles}
          onCollection={(name) =>
            go(searchHref({ ...place, collection: name, query: place.query?.kind === "id" ? null : place.query, filter: "", all: null }))
          }
        />
        {isFilterOpen && (
          <FilterBuilder
            key={`${place.collection} ${place.filter}`}
            filter={place.filter}
            sampled={found.map(({ metadata }) => metadata)}
            keys={keys}
            onFilter={(filter) => change({ filter, all: null })}
          />
        )}
        {isRefused && (
          <p class="field-problem" role="alert">
            {words.search.notImage}
          </p>
        )}
      </div>
      {hidden.notice}
      {unknownText !== null && (
        <UnknownWord text={unknownText} suggestions={problem?.suggestions ?? []} onWord={(text) => search({ kind: "text", text })} />
      )}
      {problem !== null && unknownText === null && <ProblemNotice problem={problem} onRetry={reload} />}
      {isLost && <LostPhoto onFiles={takeFiles} />}
      {problem === null && collection?.count === 0 && place.query === null && <EmptyCollection name={collection.name} />}
      {problem === null && !isLost && (value === null || found.length > 0 || place.query !== null || place.filter !== "") && (
        <ResultLine summary={summary} filter={place.filter} size={size} onSize={setSize}>
          {place.query !== null && <LimitChoice limit={place.limit} onLimit={(limit) => change({ limit })} />}
        </ResultLine>
      )}
      {problem === null && !isLost && value !== null && found.length === 0 && (collection?.count ?? 0) > 0 && !isLoading && (
        <NothingFound filter={place.filter} fields={fieldNames([], keys)} />
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
      {value?.isMore === true && (
        <ShowMore
          place={place}
          shown={found.length}
          isLoading={isLoading}
          onMore={(changed, way) => (way === "anew" ? go : replacePlace)(searchHref({ ...place, ...changed }))}
        />
      )}
      {shown !== null && place.collection !== null && (
        <ImageDetails
          collection={value?.collection ?? place.collection}
          image={shown}
          images={found}
          onShow={setShown}
          onMoreLike={moreLike}
          onClose={() => setShown(null)}
        />
      )}
      {isOver && <div class="drop">{words.search.dropHere}</div>}
    </div>
  );
}
