/** Tells why pictures are missing, once for all of them. */
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
  const notice =
    code === "path_refused" ? (
      <div class="notice" role="status">
        <Icon name="image" />
        <div>
          <strong>{words.search.picturesHidden}</strong>
          <p>{words.search.picturesHiddenHint}</p>
          <pre>npx headrace serve --set server.allowed_roots='["/folder/of/photos"]'</pre>
        </div>
      </div>
    ) : null;
  return { notice, onMissing };
}
