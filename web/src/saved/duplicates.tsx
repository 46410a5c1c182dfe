/** Groups of duplicates that were saved: in each, the image to keep comes first. */
import { useWords } from "../language/language.js";
import { Icon } from "../parts/icon.js";
import type { SavedDuplicates } from "./data.js";
import { SavedTiles } from "./saved-tiles.js";

export function Duplicates({ data: { collection, groups, more } }: { readonly data: SavedDuplicates }) {
  const words = useWords();
  return (
    <>
      <header>
        <h1>{words.saved.duplicates(collection)}</h1>
        {groups.length > 0 && <p class="muted">{words.saved.groups(groups.length + more)}</p>}
      </header>
      {groups.length === 0 && (
        <div class="empty">
          <Icon name="done" />
          <h2>{words.saved.none}</h2>
        </div>
      )}
      {groups.map(({ images, more: hidden }) => (
        <section key={images[0]?.id}>
          <h2>{words.saved.group(images.length + hidden)}</h2>
          <div class="results results-small">
            <SavedTiles collection={collection} images={images} />
          </div>
          {hidden > 0 && <p class="muted">{words.saved.more(hidden)}</p>}
        </section>
      ))}
      {more > 0 && <p class="muted">{words.saved.moreGroups(more)}</p>}
    </>
  );
}
