/** The way to the photos after those that are shown. */
import { useWords } from "../language/language.js";
import { limits, type SearchPlace } from "./search-place.js";

export interface ShowMoreProps {
  readonly place: SearchPlace;
  /** Number of photos that are shown. */
  readonly shown: number;
  readonly isLoading: boolean;
  /** "anew": the list begins with other photos. "longer": the photos stay, and more follow. */
  readonly onMore: (changed: Partial<SearchPlace>, way: "anew" | "longer") => void;
}

const pageSize = 120;

export function ShowMore({ place: { query, limit, all }, shown, isLoading, onMore }: ShowMoreProps) {
  const words = useWords();
  const nextLimit = limits.find((each) => each > limit);
  if (query !== null && nextLimit === undefined) return <p class="muted results-end">{words.search.mostHits(shown)}</p>;
  const more = (): void => {
    if (nextLimit !== undefined && query !== null) onMore({ limit: nextLimit }, "longer");
    else onMore({ all: (all === null ? 0 : shown) + pageSize }, all === null ? "anew" : "longer");
  };
  return (
    <div class="results-end">
      <button type="button" class="button" disabled={isLoading} onClick={more}>
        {query === null && all === null ? words.search.browse : words.search.more}
      </button>
    </div>
  );
}
