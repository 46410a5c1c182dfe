/** The small picture of a stored image. It is loaded when it comes near the screen. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Client } from "../service/client.js";
import { useService } from "../service/context.js";
import type { StoredImage } from "../service/types.js";
import { Icon } from "./icon.js";

export interface PictureProps {
  readonly collection: string;
  readonly image: Pick<StoredImage, "id" | "content">;
  /** For screen readers. Empty if a text beside the picture says the same. */
  readonly alt: string;
  /** Called with the address of a picture that cannot be shown. */
  readonly onMissing?: ((url: string) => void) | undefined;
}

export function Picture({ collection, image, alt, onMissing }: PictureProps) {
  const { client } = useService();
  return <PictureAt url={client.thumbnailUrl(collection, image)} alt={alt} onMissing={onMissing} />;
}

/** The picture of an image that is not stored. A text beside it names it. */
export function SourcePicture({ source }: { readonly source: string }) {
  const { client } = useService();
  return <PictureAt url={client.sourceThumbnailUrl(source)} alt="" />;
}

interface PictureAtProps extends Pick<PictureProps, "alt" | "onMissing"> {
  readonly url: string;
}

function PictureAt({ url, alt, onMissing }: PictureAtProps) {
  const { client } = useService();
  const [isMissing, setMissing] = useState(false);
  const fail = (): void => {
    setMissing(true);
    onMissing?.(url);
  };
  if (isMissing) {
    return (
      <span class="picture-missing">
        <Icon name="broken" />
        {alt !== "" && <span class="hidden">{alt}</span>}
      </span>
    );
  }
  return client.apiKey === null ? (
    <img src={url} alt={alt} loading="lazy" decoding="async" draggable={false} onError={fail} />
  ) : (
    <KeyedPicture client={client} url={url} alt={alt} onMissing={fail} />
  );
}

/** Browsers send no API key for the address of an image, so the page fetches the picture itself. */
function KeyedPicture({ client, url, alt, onMissing }: KeyedPictureProps) {
  const element = useRef<HTMLImageElement>(null);
  const [shown, setShown] = useState<string | undefined>(undefined);
  useEffect(() => {
    const leaving = new AbortController();
    let address: string | undefined;
    const load = async (): Promise<void> => {
      const picture = await (await client.send("GET", url, { signal: leaving.signal })).blob();
      address = URL.createObjectURL(picture);
      setShown(address);
    };
    const watch = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting !== true) return;
        watch.disconnect();
        load().catch(() => leaving.signal.aborted || onMissing());
      },
      { rootMargin: "600px" },
    );
    if (element.current !== null) watch.observe(element.current);
    return () => {
      watch.disconnect();
      leaving.abort();
      if (address !== undefined) URL.revokeObjectURL(address);
    };
  }, [client, url]);
  return <img ref={element} src={shown} alt={alt} decoding="async" draggable={false} />;
}

interface KeyedPictureProps {
  readonly client: Client;
  readonly url: string;
  readonly alt: string;
  readonly onMissing: () => void;
}
