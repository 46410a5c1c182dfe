/** All that is known of one stored image. */
import { useState } from "preact/hooks";
import { useWords } from "../language/language.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icon.js";
import { nameOfSource, scoreText } from "./names.js";
import { Picture } from "./picture.js";
import type { TileImage } from "./tiles.js";

export interface ImageDetailsProps {
  readonly collection: string;
  readonly image: TileImage;
  readonly onMoreLike: (image: TileImage) => void;
  readonly onClose: () => void;
}

export function ImageDetails({ collection, image, onMoreLike, onClose }: ImageDetailsProps) {
  const words = useWords();
  const [isCopied, setCopied] = useState(false);
  const { id, score, source, width, height, metadata } = image;
  const known = Object.entries(metadata).filter(([, value]) => value !== null);
  const copy = (): void => {
    navigator.clipboard.writeText(id).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  };
  return (
    <Dialog title={nameOfSource(source)} shape="sheet" onClose={onClose}>
      <div class="details-picture">
        <Picture collection={collection} image={image} alt={nameOfSource(source)} />
      </div>
      <div class="details-actions">
        <button type="button" class="button button-primary" onClick={() => onMoreLike(image)}>
          <Icon name="search" /> {words.hit.more}
        </button>
        <button type="button" class="button" onClick={copy}>
          <Icon name={isCopied ? "done" : "copy"} /> {isCopied ? words.hit.copied : words.hit.copy}
        </button>
      </div>
      <dl class="facts">
        {score !== undefined && <Fact name={words.hit.score} value={scoreText(score)} />}
        <Fact name={words.hit.size} value={words.hit.pixels(width, height)} />
        <Fact name={words.hit.source} value={source} />
        <Fact name={words.hit.id} value={id} />
      </dl>
      <h3>{words.hit.metadata}</h3>
      {known.length === 0 ? (
        <p class="muted">{words.hit.noMetadata}</p>
      ) : (
        <dl class="facts">
          {known.map(([key, value]) => (
            <Fact key={key} name={key} value={String(value)} />
          ))}
        </dl>
      )}
    </Dialog>
  );
}

export function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}
