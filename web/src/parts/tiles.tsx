/** A grid of photos in rows of one height. One stop for Tab; arrow keys move inside. */
import { memo } from "preact/compat";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { useWords } from "../language/language.js";
import type { Hit, StoredImage } from "../service/types.js";
import { Icon } from "./icon.js";
import { nameOfSource, scoreText } from "./names.js";
import { Picture } from "./picture.js";
import { neighbourOf } from "./tile-keys.js";

/** A stored image, as far as it is known; a hit also has a score. */
export interface TileImage
  extends Pick<StoredImage, "id" | "source" | "width" | "height">,
    Partial<Pick<Hit, "content" | "metadata" | "score">> {
  /** Stands in place of the score. */
  readonly label?: string;
}

export interface TilesProps {
  readonly collection: string;
  readonly images: readonly TileImage[];
  /** Absent: a tile leads to its details. */
  readonly onMoreLike?: ((image: TileImage) => void) | undefined;
  readonly onDetails: (image: TileImage) => void;
  readonly onMissing?: ((url: string) => void) | undefined;
}

export function Tiles({ collection, images, onMoreLike, onDetails, onMissing }: TilesProps) {
  const words = useWords();
  const list = useRef<HTMLUListElement>(null);
  const [current, setCurrent] = useState(0);
  // More photos at the end change nothing for the one that has the focus.
  useEffect(() => setCurrent(0), [images[0]?.id]);
  const onKeyDown = (event: KeyboardEvent): void => {
    const buttons = [...(list.current?.querySelectorAll<HTMLElement>(".tile-main") ?? [])];
    const index = buttons.indexOf(document.activeElement as HTMLElement);
    if (index < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const image = images[index];
    if (event.key === "i" && image !== undefined) onDetails(image);
    const next = neighbourOf(event.key, buttons, index);
    if (next === null) return;
    event.preventDefault();
    setCurrent(next);
    buttons[next]?.focus();
  };
  const focused = useCallback((index: number) => setCurrent(index), []);
  return (
    <ul class="tiles" ref={list} aria-label={onMoreLike === undefined ? words.saved.grid : words.search.grid} onKeyDown={onKeyDown}>
      {images.map((image, index) => (
        <Tile
          key={image.id}
          {...{ collection, image, index, onMoreLike, onDetails, onMissing }}
          isCurrent={index === current}
          onFocused={focused}
        />
      ))}
    </ul>
  );
}

interface TileProps extends Omit<TilesProps, "images"> {
  readonly image: TileImage;
  readonly index: number;
  readonly isCurrent: boolean;
  readonly onFocused: (index: number) => void;
}

const Tile = memo(({ collection, image, index, isCurrent, onMoreLike, onDetails, onMissing, onFocused }: TileProps) => {
  const words = useWords();
  const name = nameOfSource(image.source);
  const label = image.label ?? (image.score === undefined ? null : scoreText(image.score));
  const details = words.search.details(name);
  const tabIndex = isCurrent ? 0 : -1;
  return (
    <li class="tile" style={{ "--ratio": Math.min(Math.max(image.width / image.height || 1, 0.6), 2.2) }}>
      <button
        type="button"
        class="tile-main"
        tabIndex={tabIndex}
        aria-label={onMoreLike === undefined ? `${details}${label === null ? "" : `, ${label}`}` : words.search.moreLike(name, label)}
        onClick={() => (onMoreLike ?? onDetails)(image)}
        onFocus={() => onFocused(index)}
      >
        <Picture {...{ collection, image, onMissing }} alt="" />
        <span class="tile-name">{name}</span>
      </button>
      {label !== null && (
        <span class="tile-score" aria-hidden="true">
          {label}
        </span>
      )}
      {onMoreLike !== undefined && (
        <button type="button" class="tile-info" tabIndex={tabIndex} aria-label={details} onClick={() => onDetails(image)}>
          <Icon name="info" />
        </button>
      )}
    </li>
  );
});
