/** Tells why pictures are missing, once for all of them. */
import type { ComponentChildren } from "preact";
import { useCallback, useRef, useState } from "preact/hooks";
import { useWords } from "../language/language.js";
import { Icon } from "../parts/icon.js";
import { problemOf } from "../service/client.js";
import { useService } from "../service/context.js";

/** `onMissing` asks the service about the first picture that fails: an image element does not tell the reason. */
export function useHiddenPictures() {
  const words = useWords();
  const { client } = useService();
  const [code, setCode] = useState<string | null>(null);
  const asked = useRef(false);
  const onMissing = useCallback(
    (url: string) => {
      if (asked.current) return;
      asked.current = true;
      client.send("GET", url).then(
        () => setCode(null),
        (error: unknown) => setCode(problemOf(error).code),
      );
    },
    [client],
  );
  const { picturesHidden, picturesHiddenHint, picturesGone, picturesGoneHint } = words.search;
  const notice =
    code === "path_refused" ? (
      <PictureNotice title={picturesHidden} hint={picturesHiddenHint}>
        <pre>npx headrace serve --set server.allowed_roots='["/folder/of/photos"]'</pre>
      </PictureNotice>
    ) : code === "picture_unavailable" ? (
      <PictureNotice title={picturesGone} hint={picturesGoneHint} />
    ) : null;
  return { notice, onMissing };
}

interface PictureNoticeProps {
  readonly title: string;
  readonly hint: string;
  readonly children?: ComponentChildren;
}

function PictureNotice({ title, hint, children }: PictureNoticeProps) {
  return (
    <div class="notice" role="status">
      <Icon name="image" />
      <div>
        <strong>{title}</strong>
        <p>{hint}</p>
        {children}
      </div>
    </div>
  );
}
