/** One stored image: its picture, and all that is known of it. */
import { useContext, useState } from "preact/hooks";
import { useWords } from "../language/language.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icon.js";
import { nameOfSource, scoreText } from "./names.js";
import { OpenImage } from "./open-image.js";
import { PicturesContext } from "./picture.js";
import type { TileImage } from "./tiles.js";
import { ViewerStage } from "./viewer-stage.js";

export interface ImageDetailsProps {
  readonly collection: string;
  readonly image: TileImage;
  /** The images that the keys and buttons lead to, in their order. */
  readonly images: readonly TileImage[];
  readonly onShow: (image: TileImage) => void;
  /** Absent: the page cannot search. */
  readonly onMoreLike?: (image: TileImage) => void;
  readonly onClose: () => void;
}

export function ImageDetails({ collection, image, images, onShow, onMoreLike, onClose }: ImageDetailsProps) {
  return (
    <Dialog title={nameOfSource(image.source)} shape="viewer" onClose={onClose}>
      <ViewerStage collection={collection} image={image} images={images} onShow={onShow} />
      <Known key={image.id} collection={collection} image={image} onMoreLike={onMoreLike} />
    </Dialog>
  );
}

interface KnownProps {
  readonly collection: string;
  readonly image: TileImage;
  readonly onMoreLike: ImageDetailsProps["onMoreLike"] | undefined;
}

function Known({ collection, image, onMoreLike }: KnownProps) {
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
    <div class="viewer-known">
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
    </div>
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
