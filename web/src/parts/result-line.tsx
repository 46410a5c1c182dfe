/** Above a grid of photos: what they are, and how large to show them. */
import type { ComponentChildren } from "preact";
import { useWords } from "../language/language.js";
import { pictureSizes } from "./picture-size.js";

export interface ResultLineProps {
  readonly summary: string;
  /** Empty: none. */
  readonly filter: string;
  /** Factor of the height of the pictures. */
  readonly size: number;
  readonly onSize: (size: number) => void;
  readonly children?: ComponentChildren;
}

export function ResultLine({ summary, filter, size, onSize, children }: ResultLineProps) {
  const words = useWords();
  return (
    <div class="result-line">
      <p role="status">
        {summary}
        {filter !== "" && <code>{filter}</code>}
      </p>
      <label class="result-size">
        {words.search.size}
        <input
          type="range"
          min={pictureSizes.least}
          max={pictureSizes.most}
          step={pictureSizes.step}
          value={size}
          onInput={({ currentTarget }) => onSize(Number(currentTarget.value))}
        />
      </label>
      {children}
    </div>
  );
}
