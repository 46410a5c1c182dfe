/** What to do when there is nothing to search. */
import { useWords } from "../language/language.js";
import { Icon } from "../parts/icon.js";

export function NoCollections() {
  const words = useWords();
  return (
    <div class="page">
      <div class="empty">
        <Icon name="collections" />
        <h1>{words.search.empty}</h1>
        <p class="muted">{words.search.emptyText}</p>
        <pre>npx headrace ingest ./photos</pre>
      </div>
    </div>
  );
}

export function EmptyCollection({ name }: { readonly name: string }) {
  const words = useWords();
  return (
    <div class="empty">
      <Icon name="image" />
      <h2>{words.search.emptyRows}</h2>
      <p class="muted">{words.search.emptyRowsText}</p>
      <pre>npx headrace ingest ./photos --collection {name}</pre>
    </div>
  );
}
