/** The picture of one image as large as there is room, with the ways to the one before and the one after. */
import { useContext, useLayoutEffect, useState } from "preact/hooks";
import { useWords } from "../language/language.js";
import { Icon } from "./icon.js";
import { nameOfSource } from "./names.js";
import { Picture, PictureAt, PicturesContext } from "./picture.js";
import type { TileImage } from "./tiles.js";

export interface ViewerStageProps {
  readonly collection: string;
  readonly image: TileImage;
  /** All images that can be shown here, in their order. */
  readonly images: readonly TileImage[];
  readonly onShow: (image: TileImage) => void;
}

export function ViewerStage({ collection, image, images, onShow }: ViewerStageProps) {
  const words = useWords();
  const at = images.findIndex(({ id }) => id === image.id);
  const previous = images[at - 1];
  const next = at < 0 ? undefined : images[at + 1];
  // Before the next key arrives.
  useLayoutEffect(() => {
    const onKey = ({ key, ctrlKey, metaKey, altKey }: KeyboardEvent): void => {
      const wanted = key === "ArrowLeft" ? previous : key === "ArrowRight" ? next : undefined;
      if (wanted !== undefined && !ctrlKey && !metaKey && !altKey) onShow(wanted);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [previous, next, onShow]);
  return (
    <div class="viewer-stage">
      <LargePicture key={image.id} collection={collection} image={image} />
      {images.length > 1 && (
        <div class="viewer-ways">
          <Way name="back" label={words.hit.previous} image={previous} onShow={onShow} />
          <span role="status">{words.hit.position(at + 1, images.length)}</span>
          <Way name="next" label={words.hit.next} image={next} onShow={onShow} />
        </div>
      )}
    </div>
  );
}

interface WayProps {
  readonly name: "back" | "next";
  readonly label: string;
  readonly image: TileImage | undefined;
  readonly onShow: (image: TileImage) => void;
}

function Way({ name, label, image, onShow }: WayProps) {
  return (
    <button
      type="button"
      class="button button-icon"
      aria-label={label}
      title={label}
      disabled={image === undefined}
      onClick={() => image !== undefined && onShow(image)}
    >
      <Icon name={name} />
    </button>
  );
}

/** The small picture is there at once, and the large one covers it. */
function LargePicture({ collection, image }: Pick<ViewerStageProps, "collection" | "image">) {
  const url = useContext(PicturesContext).largeUrlOf(collection, image);
  const [isMissing, setMissing] = useState(false);
  return (
    <div class="viewer-picture">
      <Picture collection={collection} image={image} alt={nameOfSource(image.source)} />
      {url !== null && !isMissing && <PictureAt url={url} alt="" onMissing={() => setMissing(true)} />}
    </div>
  );
}
