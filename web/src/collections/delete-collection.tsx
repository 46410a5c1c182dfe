/** Deletes a collection after its name was typed. */
import { useId, useState } from "preact/hooks";
import { useWords } from "../language/language.js";
import { Dialog } from "../parts/dialog.js";
import { ProblemNotice } from "../parts/notice.js";
import { problemOf } from "../service/client.js";
import { useService } from "../service/context.js";
import type { Problem } from "../service/types.js";

export interface DeleteCollectionProps {
  readonly name: string;
  /** The number of its rows, as text. */
  readonly count: string;
  readonly onDeleted: () => void;
  readonly onClose: () => void;
}

export function DeleteCollection({ name, count, onDeleted, onClose }: DeleteCollectionProps) {
  const words = useWords();
  const { client } = useService();
  const [typed, setTyped] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);
  const field = useId();
  const submit = (event: Event): void => {
    event.preventDefault();
    client.deleteCollection(name).then(onDeleted, (error: unknown) => setProblem(problemOf(error)));
  };
  return (
    <Dialog title={words.collections.removeTitle(name)} shape="box" onClose={onClose}>
      <form class="form" onSubmit={submit}>
        <p>{words.collections.removeText(count)}</p>
        <label for={field}>{words.collections.removeConfirm(name)}</label>
        <input
          id={field}
          autocomplete="off"
          spellcheck={false}
          value={typed}
          onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        />
        {problem !== null && <ProblemNotice problem={problem} />}
        <div class="form-end">
          <button type="button" class="button" onClick={onClose}>
            {words.cancel}
          </button>
          <button type="submit" class="button button-danger" disabled={typed !== name}>
            {words.collections.removeNow}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
