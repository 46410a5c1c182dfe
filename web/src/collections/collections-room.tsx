/** Collections: the list, or one of them. */
import { useState } from "preact/hooks";
import { useWords } from "../language/language.js";
import { Icon } from "../parts/icon.js";
import { ProblemNotice } from "../parts/notice.js";
import { Picture } from "../parts/picture.js";
import { go, hrefOf, type Place } from "../route.js";
import { useService } from "../service/context.js";
import { useLoaded } from "../service/loaded.js";
import type { Collection } from "../service/types.js";
import { CollectionDetails } from "./collection-details.js";
import { NewCollection } from "./new-collection.js";

export function CollectionsRoom({ place }: { readonly place: Place }) {
  return place.name === null ? <CollectionList /> : <CollectionDetails key={place.name} name={place.name} />;
}

function CollectionList() {
  const words = useWords();
  const { client, may } = useService();
  const { value, problem, reload } = useLoaded((signal) => client.collections(signal), [client]);
  const [isCreating, setCreating] = useState(false);
  return (
    <div class="page">
      <header class="page-head">
        <h1>{words.collections.title}</h1>
        {may("admin") && (
          <button type="button" class="button button-primary" onClick={() => setCreating(true)}>
            <Icon name="plus" /> {words.collections.create}
          </button>
        )}
      </header>
      {problem !== null && <ProblemNotice problem={problem} onRetry={reload} />}
      {value?.length === 0 && (
        <div class="empty">
          <Icon name="collections" />
          <h2>{words.search.empty}</h2>
          <p class="muted">{words.search.emptyText}</p>
          <pre>npx headrace ingest ./photos</pre>
        </div>
      )}
      <ul class="cards">
        {(value ?? []).map((collection) => (
          <CollectionCard key={collection.name} collection={collection} />
        ))}
      </ul>
      {isCreating && <NewCollection onCreated={(name) => go(hrefOf("collections", name))} onClose={() => setCreating(false)} />}
    </div>
  );
}

function CollectionCard({ collection: { name, aliases, count, dimension, metric, index } }: { readonly collection: Collection }) {
  const words = useWords();
  const { client } = useService();
  const { value } = useLoaded(async (signal) => (count === 0 ? [] : client.images(name, 4, "", signal)), [client, name, count]);
  return (
    <li>
      <a class="card collection-card" href={hrefOf("collections", name)}>
        <span class="collection-mosaic" aria-hidden="true">
          {(value ?? []).map((image) => (
            <Picture key={image.id} collection={name} image={image} alt="" />
          ))}
        </span>
        <span class="collection-name">{name}</span>
        {aliases.length > 0 && <span class="muted">{words.collections.alsoCalled(aliases.join(", "))}</span>}
        <span class="muted">{words.collections.rows(count.toLocaleString(words.locale))}</span>
        <span class="tags">
          <span class="tag">{dimension} d</span>
          <span class="tag">{metric}</span>
          {index !== "none" && <span class="tag">{index}</span>}
        </span>
      </a>
    </li>
  );
}
