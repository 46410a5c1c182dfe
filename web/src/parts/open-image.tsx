/** Opens the whole image of a tile in a tab of its own. */
import { useState } from "preact/hooks";
import { useWords } from "../language/language.js";
import { Icon } from "./icon.js";
import type { Original } from "./picture.js";

const readWithinMs = 60_000;

export interface OpenImageProps {
  readonly original: Original;
  readonly look: "primary" | "plain";
}

export function OpenImage({ original: { url, load }, look }: OpenImageProps) {
  const words = useWords();
  const [isGone, setGone] = useState(false);
  const style = look === "primary" ? "button button-primary" : "button";
  if (load === null) {
    return (
      <a class={style} href={url} target="_blank" rel="noreferrer">
        <Icon name="image" /> {words.hit.open}
      </a>
    );
  }
  const open = (): void => {
    // Browsers stop a tab that opens later than the click.
    const tab = window.open("", "_blank");
    const show = async (): Promise<void> => {
      const address = URL.createObjectURL(await load(url, new AbortController().signal));
      if (tab === null) location.assign(address);
      else tab.location.replace(address);
      // The new tab needs the address until it has read the image.
      setTimeout(() => URL.revokeObjectURL(address), readWithinMs);
    };
    show().catch(() => {
      tab?.close();
      setGone(true);
    });
  };
  return (
    <button type="button" class={style} disabled={isGone} onClick={open}>
      <Icon name="image" /> {isGone ? words.hit.noPicture : words.hit.open}
    </button>
  );
}
