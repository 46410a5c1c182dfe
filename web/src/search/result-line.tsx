/** How many photos were found, how many to ask for, and how large to show them. */
import { useWords } from "../language/language.js";
import { limits, type SearchPlace } from "./search-place.js";

export interface ResultLineProps {
  readonly place: SearchPlace;
  readonly count: number;
  /** null: nothing was searched for. */
  readonly elapsedMs: number | null;
  readonly isLoading: boolean;
  readonly size: number;
  readonly onLimit: (limit: number) => void;
  readonly onSize: (size: number) => void;
}

export function ResultLine({ place: { query, filter, limit }, count, elapsedMs, isLoading, size, onLimit, onSize }: ResultLineProps) {
  const words = useWords();
  const summary = elapsedMs === null ? words.search.sample : words.search.found(count, Math.round(elapsedMs));
  return (
    <div class="result-line">
      <p role="status">
        {isLoading && query !== null ? words.search.searching : summary}
        {filter !== "" && <code>{filter}</code>}
      </p>
      <label class="result-size">
        <span class="hidden">{words.search.size}</span>
        <input
          type="range"
          min={0.6}
          max={1.8}
          step={0.1}
          value={size}
          onInput={({ currentTarget }) => onSize(Number(currentTarget.value))}
        />
      </label>
      {query !== null && (
        <label>
          {words.search.limit}
          <select value={limit} onChange={({ currentTarget }) => onLimit(Number(currentTarget.value))}>
            {limits.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
      )}
    </div>
  );
}
