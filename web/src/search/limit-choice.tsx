/** How many hits to ask for. */
import { useWords } from "../language/language.js";
import { limits } from "./search-place.js";

export interface LimitChoiceProps {
  readonly limit: number;
  readonly onLimit: (limit: number) => void;
}

export function LimitChoice({ limit, onLimit }: LimitChoiceProps) {
  const words = useWords();
  return (
    <label>
      {words.search.limit}
      <select value={limit} onChange={({ currentTarget }) => onLimit(Number(currentTarget.value))}>
        {limits.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
    </label>
  );
}
