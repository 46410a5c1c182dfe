/** The frame of a saved page. Its pictures are inside the file. */
import { useEffect, useMemo } from "preact/hooks";
import { LanguageProvider, useWords } from "../language/language.js";
import { type Pictures, PicturesContext } from "../parts/picture.js";
import { Brand, TopBar } from "../parts/top-bar.js";
import { pictureUrl, type SavedData, type SavedImage } from "./data.js";
import { Duplicates } from "./duplicates.js";
import { SearchResults } from "./search-results.js";

export function SavedPage({ data }: { readonly data: SavedData }) {
  const pictures = useMemo(() => picturesIn(imagesOf(data)), [data]);
  return (
    <LanguageProvider>
      <PicturesContext.Provider value={pictures}>
        <TopBar>
          <span class="brand">
            <Brand />
          </span>
        </TopBar>
        <main class="page">
          <Title data={data} />
          {data.kind === "search" ? <SearchResults data={data} /> : <Duplicates data={data} />}
        </main>
      </PicturesContext.Provider>
    </LanguageProvider>
  );
}

function Title({ data }: { readonly data: SavedData }) {
  const words = useWords();
  const title = data.kind === "search" ? `${data.query.label} · ${data.collection}` : words.saved.duplicates(data.collection);
  useEffect(() => {
    document.title = `${title} – Headrace`;
  }, [title]);
  return null;
}

function imagesOf(data: SavedData): readonly SavedImage[] {
  return data.kind === "search" ? data.hits : data.groups.flatMap(({ images }) => images);
}

function picturesIn(images: readonly SavedImage[]): Pictures {
  const byId = new Map(images.map((image) => [image.id, { url: pictureUrl(image), link: image.link }]));
  return {
    urlOf: (_collection, { id }) => byId.get(id)?.url ?? null,
    largeUrlOf: () => null,
    load: null,
    originalOf: (_collection, { id }) => {
      const link = byId.get(id)?.link ?? null;
      return link === null ? null : { url: link, load: null };
    },
  };
}
