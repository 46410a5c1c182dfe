/** The grid of a saved page. A tile leads to its details, and these to the image itself. */
import { useMemo, useState } from "preact/hooks";
import { useWords } from "../language/language.js";
import { ImageDetails } from "../parts/image-details.js";
import { type TileImage, Tiles } from "../parts/tiles.js";
import type { SavedImage } from "./data.js";

export interface SavedTilesProps {
  readonly collection: string;
  readonly images: readonly SavedImage[];
}

export function SavedTiles({ collection, images }: SavedTilesProps) {
  const words = useWords();
  const [shown, setShown] = useState<TileImage | null>(null);
  const tiles = useMemo(
    () => images.map(({ mark, ...image }): TileImage => (mark === null ? image : { ...image, label: words.saved[mark] })),
    [images, words],
  );
  return (
    <>
      <Tiles collection={collection} images={tiles} onDetails={setShown} />
      {shown !== null && (
        <ImageDetails collection={collection} image={shown} images={tiles} onShow={setShown} onClose={() => setShown(null)} />
      )}
    </>
  );
}
