/** One collection: its size, what made its vectors, some of its photos, and its end. */
import { useState } from "preact/hooks";
import { useWords } from "../language/language.js";
import { Icon } from "../parts/icon.js";
import { Fact, ImageDetails } from "../parts/image-details.js";
import { ProblemNotice } from "../parts/notice.js";
import { type TileImage, Tiles } from "../parts/tiles.js";
import { go, hrefOf } from "../route.js";
import { useService } from "../service/context.js";
import { useLoaded } from "../service/loaded.js";
import { DeleteCollection } from "./delete-collection.js";

const sampleSize = 24;

export function CollectionDetails({ name }: { readonly name: string }) {
  const words = useWords();
  const { client, may } = useService();
  const { value: collection, problem, reload } = useLoaded((signal) => client.collection(name, signal), [client, name]);
  const { value: sample } = useLoaded((signal) => client.images(name, sampleSize, "", signal), [client, name]);
  const [isDeleting, setDeleting] = useState(false);
  const [shown, setShown] = useState<TileImage | null>(null);
  const moreLike = ({ id }: TileImage): void => go(hrefOf("search", name, { id }));
  const count = (collection?.count ?? 0).toLocaleString(words.locale);
  return (
    <div class="page">
      <a class="back" href={hrefOf("collections")}>
        <Icon name="back" /> {words.collections.back}
      </a>
      <header class="page-head">
        <h1>{name}</h1>
        <a class="button button-primary" href={hrefOf("search", name)}>
          <Icon name="search" /> {words.collections.search}
        </a>
        {may("admin") && (
          <button type="button" class="button button-danger" disabled={collection === null} onClick={() => setDeleting(true)}>
            <Icon name="trash" /> {words.collections.remove}
          </button>
        )}
      </header>
      {problem !== null && <ProblemNotice problem={problem} onRetry={reload} />}
      {collection !== null && (
        <div class="panels">
          <section class="card">
            <p class="figure">{count}</p>
            <p class="muted">{words.collections.count}</p>
            <dl class="facts">
              {collection.aliases.length > 0 && <Fact name={words.collections.aliases} value={collection.aliases.join(", ")} />}
              <Fact name={words.collections.dimension} value={String(collection.dimension)} />
              <Fact name={words.collections.metric} value={collection.metric} />
              <Fact name={words.collections.idType} value={words.collections[collection.id_type]} />
              <Fact name={words.collections.index} value={collection.index === "none" ? words.collections.noIndex : collection.index} />
              <Fact name={words.collections.indexedKeys} value={collection.indexed_keys.join(", ") || words.collections.none} />
            </dl>
          </section>
          <section class="card">
            <h2>{words.collections.passport}</h2>
            <p class="muted">{collection.made_with === null ? words.collections.noPassport : words.collections.passportText}</p>
            <dl class="facts">
              {Object.entries(collection.made_with ?? {}).map(([key, value]) => (
                <Fact key={key} name={key} value={value} />
              ))}
            </dl>
          </section>
        </div>
      )}
      {sample !== null && sample.length > 0 && (
        <section>
          <h2>{words.collections.sample}</h2>
          <div class="results results-small">
            <Tiles collection={name} images={sample} onMoreLike={moreLike} onDetails={setShown} />
          </div>
        </section>
      )}
      {shown !== null && (
        <ImageDetails
          collection={name}
          image={shown}
          images={sample ?? []}
          onShow={setShown}
          onMoreLike={moreLike}
          onClose={() => setShown(null)}
        />
      )}
      {isDeleting && (
        <DeleteCollection name={name} count={count} onDeleted={() => go(hrefOf("collections"))} onClose={() => setDeleting(false)} />
      )}
    </div>
  );
}
