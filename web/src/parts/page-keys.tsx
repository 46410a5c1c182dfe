/** The keys of the whole page: `/` leads to the search field, `?` shows all keys. */
import { useEffect, useState } from "preact/hooks";
import { useWords } from "../language/language.js";
import { go, hrefOf } from "../route.js";
import { Dialog } from "./dialog.js";
import { Fact } from "./image-details.js";

const fieldSelector = ".composer-field";
/** The search field is there when the collections are. */
const fieldWithinMs = 5000;

export function PageKeys() {
  const words = useWords();
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    const leaving = new AbortController();
    const { signal } = leaving;
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open]")) return;
      if (event.key === "?") setShown(true);
      else if (event.key === "/") focusField(signal);
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", onKey, { signal });
    return () => leaving.abort();
  }, []);
  if (!isShown) return null;
  return (
    <Dialog title={words.keys.title} shape="box" onClose={() => setShown(false)}>
      <dl class="facts key-list">
        {Object.entries(words.keys.list).map(([key, text]) => (
          <Fact key={key} name={key} value={text} />
        ))}
      </dl>
    </Dialog>
  );
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input:not([type=range], [type=radio]), textarea, select");
}

function focusField(signal: AbortSignal): void {
  const field = document.querySelector<HTMLElement>(fieldSelector);
  if (field !== null) {
    field.focus();
    return;
  }
  go(hrefOf("search"));
  const watch = new MutationObserver(() => {
    const found = document.querySelector<HTMLElement>(fieldSelector);
    if (found === null) return;
    end();
    found.focus();
  });
  const end = (): void => {
    clearTimeout(timer);
    watch.disconnect();
    signal.removeEventListener("abort", end);
  };
  const timer = setTimeout(end, fieldWithinMs);
  signal.addEventListener("abort", end);
  watch.observe(document.body, { childList: true, subtree: true });
}
