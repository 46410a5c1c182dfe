/** The hits of a search that was saved. */
import { useWords } from "../language/language.js";
import { Icon } from "../parts/icon.js";
import { PictureAt } from "../parts/picture.js";
import { usePictureSize } from "../parts/picture-size.js";
import { ResultLine } from "../parts/result-line.js";
import { pictureUrl, type SavedSearch } from "./data.js";
import { SavedTiles } from "./saved-tiles.js";

export function SearchResults({ data: { query, collection, filter, hits } }: { readonly data: SavedSearch }) {
  const words = useWords();
  const [size, setSize] = usePictureSize();
  return (
    <>
      <header class="saved-head">
        {query.isImage && (
          <div class="saved-query">
            <PictureAt url={pictureUrl(query)} alt="" />
          </div>
        )}
        <div>
          <h1>{query.label}</h1>
          <p class="muted">{words.saved.in(collection)}</p>
        </div>
      </header>
      <ResultLine summary={words.saved.found(hits.length)} filter={filter} size={size} onSize={setSize} />
      {hits.length === 0 ? (
        <div class="empty">
          <Icon name="search" />
          <h2>{words.search.nothing}</h2>
        </div>
      ) : (
        <div class="results" style={{ "--size": size }}>
          <SavedTiles collection={collection} images={hits} />
        </div>
      )}
    </>
  );
}
