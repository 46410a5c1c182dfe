/** The small picture of a stored image. It is loaded when it comes near the screen. */
import { createContext } from "preact";
import { useContext, useEffect, useRef, useState } from "preact/hooks";
import type { StoredImage } from "../service/types.js";
import { Icon } from "./icon.js";

export type PicturedImage = Pick<StoredImage, "id"> & Partial<Pick<StoredImage, "content">>;

/** Where pictures come from: the service, or the file that the page is. */
export interface Pictures {
  /** Returns the address of a picture; null: there is none. */
  urlOf(collection: string, image: PicturedImage): string | null;
  /** Returns the address of a picture that fills a screen; null: there is none. */
  largeUrlOf(collection: string, image: PicturedImage): string | null;
  /** Fetches a picture. null: the browser can load the address itself. */
  readonly load: Load | null;
  /** Where the whole image is. null: nowhere that the page knows. */
  originalOf(collection: string, image: Pick<StoredImage, "id" | "source"> & PicturedImage): Original | null;
}

type Load = (url: string, signal: AbortSignal) => Promise<Blob>;

/** `load` as in `Pictures`. */
export interface Original {
  readonly url: string;
  readonly load: Load | null;
}

export const PicturesContext = createContext<Pictures>({ urlOf: () => null, largeUrlOf: () => null, load: null, originalOf: () => null });

export interface PictureProps {
  readonly collection: string;
  readonly image: PicturedImage;
  /** For screen readers. Empty if a text beside the picture says the same. */
  readonly alt: string;
  /** Called with the address of a picture that cannot be shown. */
  readonly onMissing?: ((url: string) => void) | undefined;
}

export function Picture({ collection, image, alt, onMissing }: PictureProps) {
  return <PictureAt url={useContext(PicturesContext).urlOf(collection, image)} alt={alt} onMissing={onMissing} />;
}

interface PictureAtProps extends Pick<PictureProps, "alt" | "onMissing"> {
  readonly url: string | null;
}

export function PictureAt({ url, alt, onMissing }: PictureAtProps) {
  const { load } = useContext(PicturesContext);
  const [isMissing, setMissing] = useState(false);
  if (isMissing || url === null) {
    return (
      <span class="picture-missing">
        <Icon name="broken" />
        {alt !== "" && <span class="hidden">{alt}</span>}
      </span>
    );
  }
  const fail = (): void => {
    setMissing(true);
    onMissing?.(url);
  };
  return load === null ? (
    <img src={url} alt={alt} loading="lazy" decoding="async" draggable={false} onError={fail} />
  ) : (
    <FetchedPicture load={load} url={url} alt={alt} onMissing={fail} />
  );
}

/** Browsers send no API key for the address of an image, so the page fetches the picture itself. */
function FetchedPicture({ load, url, alt, onMissing }: FetchedPictureProps) {
  const element = useRef<HTMLImageElement>(null);
  const [shown, setShown] = useState<string | undefined>(undefined);
  useEffect(() => {
    const leaving = new AbortController();
    let address: string | undefined;
    const show = async (): Promise<void> => {
      address = URL.createObjectURL(await load(url, leaving.signal));
      setShown(address);
    };
    const watch = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting !== true) return;
        watch.disconnect();
        show().catch(() => leaving.signal.aborted || onMissing());
      },
      { rootMargin: "600px" },
    );
    if (element.current !== null) watch.observe(element.current);
    return () => {
      watch.disconnect();
      leaving.abort();
      if (address !== undefined) URL.revokeObjectURL(address);
    };
  }, [load, url]);
  return <img ref={element} src={shown} alt={alt} decoding="async" draggable={false} />;
}

interface FetchedPictureProps {
  readonly load: NonNullable<Pictures["load"]>;
  readonly url: string;
  readonly alt: string;
  readonly onMissing: () => void;
}
