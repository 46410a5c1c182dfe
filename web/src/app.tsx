/** The frame of the page: the way between its three rooms, language and theme, and the question for an API key. */
import { useEffect } from "preact/hooks";
import { CollectionsRoom } from "./collections/collections-room.js";
import { KeyForm } from "./key-form.js";
import { LanguageProvider, useLanguage, useWords } from "./language/language.js";
import { Icon } from "./parts/icon.js";
import { ProblemNotice } from "./parts/notice.js";
import { PipelineRoom } from "./pipeline/pipeline-room.js";
import { hrefOf, type Place, type Room, usePlace } from "./route.js";
import { QueryImages, QueryImagesContext } from "./search/query-images.js";
import { SearchRoom } from "./search/search-room.js";
import { ServiceProvider, useService } from "./service/context.js";
import { useTheme } from "./theme.js";

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
  const { service, problem, needsKey } = useService();
  useEffect(() => {
    document.title = `${words.rooms[place.room]}${place.name === null ? "" : ` · ${place.name}`} – Headrace`;
  }, [words, place]);
  return (
    <>
      <button type="button" class="skip" onClick={focusContent}>
        {words.skip}
      </button>
      <Header place={place} />
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
    </>
  );
}

function RoomOf({ place }: { readonly place: Place }) {
  switch (place.room) {
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
  const { words, toggle } = useLanguage();
  const [theme, nextTheme] = useTheme();
  return (
    <header class="top">
      <a class="brand" href="#/search" aria-label="Headrace">
        <Mark />
        <span>Headrace</span>
      </a>
      <nav class="rooms" aria-label="Headrace">
        {rooms.map((room) => (
          <a key={room} href={hrefOf(room)} aria-current={place.room === room ? "page" : undefined}>
            <Icon name={room} />
            <span>{words.rooms[room]}</span>
          </a>
        ))}
      </nav>
      <div class="top-end">
        <button
          type="button"
          class="button button-quiet"
          lang={words.locale === "en" ? "zh-CN" : "en"}
          aria-label={words.languageLabel}
          onClick={toggle}
        >
          {words.language}
        </button>
        <button
          type="button"
          class="button button-quiet button-icon"
          title={words.theme[theme]}
          aria-label={words.theme[theme]}
          onClick={nextTheme}
        >
          <Icon name={theme} />
        </button>
      </div>
    </header>
  );
}

/** The sign of Headrace: water that is led to a wheel. */
function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="9" />
      <path d="M6 11h8c5 0 7 10 12 10" />
      <path d="M6 17h5c5 0 5 5 9 7" opacity="0.6" />
    </svg>
  );
}

function focusContent(): void {
  document.getElementById("content")?.focus();
}
