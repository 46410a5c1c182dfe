/** The frame of the page: the way between its three rooms, language and theme, and the question for an API key. */
import { useEffect, useMemo } from "preact/hooks";
import { CollectionsRoom } from "./collections/collections-room.js";
import { KeyForm } from "./key-form.js";
import { LanguageProvider, useWords } from "./language/language.js";
import { Icon } from "./parts/icon.js";
import { ProblemNotice } from "./parts/notice.js";
import { PageKeys } from "./parts/page-keys.js";
import { PicturesContext } from "./parts/picture.js";
import { useScrollMemory } from "./parts/scroll-memory.js";
import { Brand, TopBar } from "./parts/top-bar.js";
import { UnknownAddress } from "./parts/unknown-address.js";
import { PipelineRoom } from "./pipeline/pipeline-room.js";
import { hrefOf, type Place, type Room, usePlace } from "./route.js";
import { QueryImages, QueryImagesContext } from "./search/query-images.js";
import { SearchRoom } from "./search/search-room.js";
import { ServiceProvider, useService } from "./service/context.js";
import { servicePictures } from "./service/pictures.js";

const images = new QueryImages();
const rooms: readonly Room[] = ["search", "pipeline", "collections"];

export function App() {
  return (
    <LanguageProvider>
      <ServiceProvider>
        <QueryImagesContext.Provider value={images}>
          <Frame />
        </QueryImagesContext.Provider>
      </ServiceProvider>
    </LanguageProvider>
  );
}

function Frame() {
  const words = useWords();
  const place = usePlace();
  const { client, service, problem, needsKey } = useService();
  useScrollMemory();
  const pictures = useMemo(() => servicePictures(client), [client]);
  useEffect(() => {
    const title = place.room === null ? words.unknownAddress.title : words.rooms[place.room];
    document.title = `${title}${place.name === null ? "" : ` · ${place.name}`} – Headrace`;
  }, [words, place]);
  return (
    <PicturesContext.Provider value={pictures}>
      <button type="button" class="skip" onClick={focusContent}>
        {words.skip}
      </button>
      <Header place={place} />
      <PageKeys />
      <main id="content" tabIndex={-1}>
        {needsKey ? (
          <KeyForm />
        ) : problem !== null && service === null ? (
          <div class="page">
            <ProblemNotice problem={problem} onRetry={() => location.reload()} />
          </div>
        ) : (
          service !== null && <RoomOf place={place} />
        )}
      </main>
    </PicturesContext.Provider>
  );
}

function RoomOf({ place }: { readonly place: Place }) {
  switch (place.room) {
    case null:
      return <UnknownAddress address={location.hash.slice(1)} />;
    case "search":
      return <SearchRoom place={place} />;
    case "pipeline":
      return <PipelineRoom place={place} />;
    case "collections":
      return <CollectionsRoom place={place} />;
  }
  return place.room satisfies never;
}

function Header({ place }: { readonly place: Place }) {
  const words = useWords();
  const { client, needsKey, forgetKey } = useService();
  return (
    <TopBar
      actions={
        client.apiKey !== null &&
        !needsKey && (
          <button
            type="button"
            class="button button-quiet button-icon"
            title={words.key.forget}
            aria-label={words.key.forget}
            onClick={forgetKey}
          >
            <Icon name="leave" />
          </button>
        )
      }
    >
      <a class="brand" href="#/search" aria-label="Headrace">
        <Brand />
      </a>
      <nav class="rooms" aria-label="Headrace">
        {rooms.map((room) => (
          <a key={room} href={hrefOf(room)} aria-current={place.room === room ? "page" : undefined}>
            <Icon name={room} />
            <span>{words.rooms[room]}</span>
          </a>
        ))}
      </nav>
    </TopBar>
  );
}

function focusContent(): void {
  document.getElementById("content")?.focus();
}
