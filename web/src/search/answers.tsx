/** What stands in place of photos: why a search has found none, and what to do now. */
import { useRef } from "preact/hooks";
import { useWords } from "../language/language.js";
import { Icon } from "../parts/icon.js";
import { useService } from "../service/context.js";
import { acceptedFiles } from "../service/image-files.js";

export interface NothingFoundProps {
  /** Empty: there is no filter. */
  readonly filter: string;
  /** The fields that a filter can name. */
  readonly fields: readonly string[];
}

export function NothingFound({ filter, fields }: NothingFoundProps) {
  const words = useWords();
  return (
    <div class="empty">
      <Icon name="search" />
      <h2>{words.search.nothing}</h2>
      <p class="muted">{words.search.nothingHint}</p>
      {filter !== "" && (
        <p class="fine">
          {words.search.knownFields} {fields.join(", ")}
        </p>
      )}
    </div>
  );
}

export interface UnknownWordProps {
  readonly text: string;
  /** Similar words that the model knows. */
  readonly suggestions: readonly string[];
  readonly onWord: (word: string) => void;
}

export function UnknownWord({ text, suggestions, onWord }: UnknownWordProps) {
  const words = useWords();
  return (
    <div class="empty" role="alert">
      <Icon name="search" />
      <h2>{words.search.unknownWord(text)}</h2>
      <p class="muted">{words.search.knownWords}</p>
      <div class="suggestions">
        {suggestions.map((word) => (
          <button key={word} type="button" class="button" lang="en" onClick={() => onWord(word)}>
            {word}
          </button>
        ))}
      </div>
    </div>
  );
}

/** The address of a search tells which photos they were, but only the page had them. */
export function LostPhoto({ onFiles }: { readonly onFiles: (files: readonly File[]) => void }) {
  const words = useWords();
  const { service } = useService();
  const input = useRef<HTMLInputElement>(null);
  return (
    <div class="empty">
      <Icon name="image" />
      <h2>{words.search.lostPhoto}</h2>
      <p class="muted">{words.search.lostPhotoHint}</p>
      <button type="button" class="button button-primary" onClick={() => input.current?.click()}>
        {words.search.choose}
      </button>
      <input
        ref={input}
        class="hidden"
        type="file"
        multiple
        tabIndex={-1}
        aria-hidden="true"
        accept={acceptedFiles(service?.image_extensions ?? [])}
        onChange={({ currentTarget }) => {
          const chosen = [...(currentTarget.files ?? [])];
          if (chosen.length > 0) onFiles(chosen);
        }}
      />
    </div>
  );
}
