/** The search bar: an image, an id or words, the collection, and the filter. */
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useWords } from "../language/language.js";
import { Icon } from "../parts/icon.js";
import { nameOfSource } from "../parts/names.js";
import { Picture } from "../parts/picture.js";
import { useService } from "../service/context.js";
import { acceptedFiles } from "../service/image-files.js";
import type { Collection, StoredImage } from "../service/types.js";
import type { Query, SearchPlace } from "./search-place.js";

export interface ComposerProps {
  readonly place: SearchPlace;
  readonly collections: readonly Collection[];
  /** The row of a search by id, as far as it is known. */
  readonly queryRow: StoredImage | null;
  readonly isFilterOpen: boolean;
  readonly onToggleFilter: () => void;
  readonly onQuery: (query: Query | null) => void;
  readonly onFiles: (files: readonly File[]) => void;
  readonly onCollection: (name: string) => void;
}

export function Composer(props: ComposerProps) {
  const { place, collections, isFilterOpen, onToggleFilter, onQuery, onFiles, onCollection } = props;
  const words = useWords();
  const { service } = useService();
  const hasWords = service?.text_search === true;
  const [typed, setTyped] = useState("");
  const [mode, setMode] = useState<"text" | "id">(hasWords ? "text" : "id");
  const file = useRef<HTMLInputElement>(null);
  const field = useId();
  const text = place.query?.kind === "text" ? place.query.text : null;
  const isSearched = place.query !== null;
  // Before the page is painted: what somebody types afterwards stays.
  useLayoutEffect(() => {
    setTyped(text ?? "");
    if (text !== null) setMode("text");
  }, [text, isSearched]);
  const submit = (event: Event): void => {
    event.preventDefault();
    const given = typed.trim();
    if (given !== "") onQuery(mode === "text" ? { kind: "text", text: given } : { kind: "id", id: given });
  };
  return (
    <search class="composer-place">
      <form class="composer" onSubmit={submit}>
        <label class="composer-collection">
          <span class="hidden">{words.search.collection}</span>
          <select value={place.collection ?? ""} onChange={({ currentTarget }) => onCollection(currentTarget.value)}>
            {collections.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <QueryChip {...props} />
        {hasWords && (
          <select
            class="composer-mode"
            aria-label={words.search.mode}
            value={mode}
            onChange={({ currentTarget }) => setMode(currentTarget.value as "text" | "id")}
          >
            <option value="text">{words.search.wordsMode}</option>
            <option value="id">{words.search.idMode}</option>
          </select>
        )}
        <label class="hidden" for={field}>
          {hasWords ? words.search.fieldWithWords : words.search.field}
        </label>
        <input
          id={field}
          class="composer-field"
          type="search"
          enterkeyhint="search"
          autocomplete="off"
          spellcheck={mode === "text"}
          placeholder={
            mode === "id"
              ? words.search.idPlaceholder
              : service?.texts === "any"
                ? words.search.wordsPlaceholder
                : words.search.labelsPlaceholder
          }
          value={typed}
          onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        />
        <input
          ref={file}
          class="hidden"
          type="file"
          multiple
          accept={acceptedFiles(service?.image_extensions ?? [])}
          tabIndex={-1}
          aria-label={words.search.choose}
          onChange={({ currentTarget }) => {
            const chosen = [...(currentTarget.files ?? [])];
            currentTarget.value = "";
            if (chosen.length > 0) onFiles(chosen);
          }}
        />
        <div class="composer-end">
          <button
            type="button"
            class="button button-quiet"
            onClick={() => file.current?.click()}
            aria-label={words.search.choose}
            title={words.search.choose}
          >
            <Icon name="image" />
          </button>
          <button
            type="button"
            class={`button button-quiet ${place.filter === "" ? "" : "is-active"}`}
            aria-expanded={isFilterOpen}
            aria-label={words.search.filter}
            title={words.search.filter}
            onClick={onToggleFilter}
          >
            <Icon name="filter" />
          </button>
          <button type="submit" class="button button-primary" aria-label={words.search.go} title={words.search.go}>
            <Icon name="search" />
          </button>
        </div>
      </form>
    </search>
  );
}

const picturesInChip = 4;

/** What is searched for now, with its picture. */
function QueryChip({ place: { query, collection }, queryRow, onQuery }: ComposerProps) {
  const words = useWords();
  if (query === null || query.kind === "text" || collection === null) return null;
  const label =
    query.kind === "id"
      ? words.search.like(queryRow === null ? query.id : nameOfSource(queryRow.source))
      : words.search.likeImages(query.numbers.split(",").length);
  return (
    <span class="chip chip-query">
      {query.kind === "images"
        ? query.images.slice(0, picturesInChip).map(({ url }) => <GivenPicture key={url} url={url} />)
        : query.kind === "id" && queryRow !== null && <Picture collection={collection} image={queryRow} alt="" />}
      <span class="chip-text">{label}</span>
      <button type="button" aria-label={words.search.clear} onClick={() => onQuery(null)}>
        <Icon name="close" />
      </button>
    </span>
  );
}

/** Browsers cannot show every format that the service can read, such as HEIC. */
function GivenPicture({ url }: { readonly url: string }) {
  const [isUnknown, setUnknown] = useState(false);
  return isUnknown ? <Icon name="image" /> : <img src={url} alt="" onError={() => setUnknown(true)} />;
}
