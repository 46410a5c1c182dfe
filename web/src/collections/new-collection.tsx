/** Creates an empty collection. */
import { useId, useState } from "preact/hooks";
import { useWords } from "../language/language.js";
import { Dialog } from "../parts/dialog.js";
import { ProblemNotice } from "../parts/notice.js";
import { problemOf } from "../service/client.js";
import { useService } from "../service/context.js";
import { namePattern } from "../service/names.js";
import type { NewCollection as Given, Problem } from "../service/types.js";

const metrics = ["cosine", "ip", "l2"] as const;

export interface NewCollectionProps {
  readonly onCreated: (name: string) => void;
  readonly onClose: () => void;
}

export function NewCollection({ onCreated, onClose }: NewCollectionProps) {
  const words = useWords();
  const { client } = useService();
  const [given, setGiven] = useState<Given>({ name: "" });
  const [problem, setProblem] = useState<Problem | null>(null);
  const nameField = useId();
  const hint = useId();
  const metricField = useId();
  const typeField = useId();
  const submit = (event: Event): void => {
    event.preventDefault();
    client.createCollection(given).then(
      ({ name }) => onCreated(name),
      (error: unknown) => setProblem(problemOf(error)),
    );
  };
  return (
    <Dialog title={words.collections.create} shape="box" onClose={onClose}>
      <form class="form" onSubmit={submit}>
        <label for={nameField}>{words.collections.name}</label>
        <input
          id={nameField}
          required
          autocomplete="off"
          maxLength={64}
          pattern={namePattern}
          title={words.collections.nameHint}
          aria-describedby={hint}
          value={given.name}
          onInput={({ currentTarget }) => setGiven({ ...given, name: currentTarget.value })}
        />
        <p class="fine" id={hint}>
          {words.collections.nameHint}
        </p>
        <label for={metricField}>{words.collections.metric}</label>
        <select
          id={metricField}
          onChange={({ currentTarget: { value } }) => {
            const { metric: _, ...rest } = given;
            const metric = metrics.find((each) => each === value);
            setGiven(metric === undefined ? rest : { ...rest, metric });
          }}
        >
          <option value="">{words.collections.metricDefault}</option>
          {metrics.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
        <label for={typeField}>{words.collections.idType}</label>
        <select
          id={typeField}
          onChange={({ currentTarget: { value } }) => setGiven({ ...given, id_type: value === "int64" ? "int64" : "text" })}
        >
          <option value="text">{words.collections.text}</option>
          <option value="int64">{words.collections.int64}</option>
        </select>
        {problem !== null && <ProblemNotice problem={problem} />}
        <div class="form-end">
          <button type="button" class="button" onClick={onClose}>
            {words.cancel}
          </button>
          <button type="submit" class="button button-primary" disabled={given.name.trim() === ""}>
            {words.collections.save}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
