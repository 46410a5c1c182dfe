/** All that is known of one stored image. */
import { useContext, useState } from "preact/hooks";
import { useWords } from "../language/language.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icon.js";
import { nameOfSource, scoreText } from "./names.js";
import { OpenImage } from "./open-image.js";
import { Picture, PicturesContext } from "./picture.js";
import type { TileImage } from "./tiles.js";

export interface ImageDetailsProps {
  readonly collection: string;
  readonly image: TileImage;
  /** Absent: the page cannot search. */
  readonly onMoreLike?: (image: TileImage) => void;
  readonly onClose: () => void;
}

export function ImageDetails({ collection, image, onMoreLike, onClose }: ImageDetailsProps) {
  const words = useWords();
  const [isCopied, setCopied] = useState(false);
  const original = useContext(PicturesContext).originalOf(collection, image);
  const { id, score, source, width, height, metadata } = image;
  const known = metadata === undefined ? null : Object.entries(metadata).filter(([, value]) => value !== null);
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
        {onMoreLike !== undefined && (
          <button type="button" class="button button-primary" onClick={() => onMoreLike(image)}>
            <Icon name="search" /> {words.hit.more}
          </button>
        )}
        {original !== null && <OpenImage original={original} look={onMoreLike === undefined ? "primary" : "plain"} />}
        {/* Browsers let no page copy that came over plain HTTP from another machine. */}
        {isSecureContext && (
          <button type="button" class="button" onClick={copy}>
            <Icon name={isCopied ? "done" : "copy"} /> {isCopied ? words.hit.copied : words.hit.copy}
          </button>
        )}
      </div>
      <dl class="facts">
        {score !== undefined && <Fact name={words.hit.score} value={scoreText(score)} />}
        <Fact name={words.hit.size} value={words.hit.pixels(width, height)} />
        <Fact name={words.hit.source} value={source} />
        <Fact name={words.hit.id} value={id} />
      </dl>
      {known !== null && <h3>{words.hit.metadata}</h3>}
      {known === null ? null : known.length === 0 ? (
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
