/** Above a grid of photos: what they are, and how large to show them. */
import type { ComponentChildren } from "preact";
import { useWords } from "../language/language.js";

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
      {children}
    </div>
  );
}
