/** Returns to where an entry of the history was scrolled to. Browsers do this before the photos are there. */
import { useEffect } from "preact/hooks";

const storageName = "headrace-scroll";
/** Photos that arrive later no longer move the page. */
const restoresForMs = 3000;
const intents = ["wheel", "touchstart", "keydown", "pointerdown"] as const;

type Positions = Record<string, number>;

/** For the whole page, once. */
export function useScrollMemory(): void {
  useEffect(() => {
    history.scrollRestoration = "manual";
    const positions = kept();
    let entry = entryNow();
    let wanted: number | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;

    const stop = (): void => {
      wanted = null;
      clearTimeout(timer);
    };
    const apply = (): void => {
      if (wanted !== null && scrollY !== wanted) scrollTo({ top: wanted, behavior: "instant" });
    };
    const restore = (): void => {
      stop();
      wanted = positions[entry] ?? 0;
      timer = setTimeout(stop, restoresForMs);
      apply();
    };
    const onPlace = (): void => {
      const next = entryNow();
      if (next === entry) return;
      entry = next;
      restore();
    };
    const onScroll = (): void => {
      if (wanted === null) positions[entry] = scrollY;
    };
    const onLeave = (): void => sessionStorage.setItem(storageName, JSON.stringify(positions));
    const growth = new ResizeObserver(apply);
    growth.observe(document.body);
    addEventListener("popstate", onPlace);
    addEventListener("hashchange", onPlace);
    addEventListener("scroll", onScroll, { passive: true });
    addEventListener("pagehide", onLeave);
    for (const intent of intents) addEventListener(intent, stop, { passive: true });
    restore();
    return () => {
      stop();
      growth.disconnect();
      removeEventListener("popstate", onPlace);
      removeEventListener("hashchange", onPlace);
      removeEventListener("scroll", onScroll);
      removeEventListener("pagehide", onLeave);
      for (const intent of intents) removeEventListener(intent, stop);
    };
  }, []);
}

function kept(): Positions {
  const text = sessionStorage.getItem(storageName);
  return text === null ? {} : (JSON.parse(text) as Positions);
}

/** The name of this entry of the history. A new entry gets one. */
function entryNow(): string {
  const { entry } = (history.state ?? {}) as { readonly entry?: string };
  if (entry !== undefined) return entry;
  const made = `${Date.now()}-${history.length}`;
  history.replaceState({ entry: made }, "");
  return made;
}
