/** Starts a run: photos of this computer, or sources that the server can read. */
import { useId, useState } from "preact/hooks";
import { useWords } from "../language/language.js";
import { Dialog } from "../parts/dialog.js";
import { ProblemNotice } from "../parts/notice.js";
import { problemOf } from "../service/client.js";
import { useService } from "../service/context.js";
import { startJob, startUpload } from "../service/jobs.js";
import { useLoaded } from "../service/loaded.js";
import type { Problem } from "../service/types.js";
import { mebibytes } from "./run-text.js";

export interface NewRunProps {
  readonly onStarted: (id: string) => void;
  readonly onClose: () => void;
}

const newCollection = "\n";

export function NewRun({ onStarted, onClose }: NewRunProps) {
  const words = useWords();
  const { client, service } = useService();
  const { value: collections } = useLoaded((signal) => client.collections(signal), [client]);
  const [place, setPlace] = useState<"local" | "server">("server");
  const [chosen, setChosen] = useState<string | null>(null);
  const [name, setName] = useState(service?.default_collection ?? "");
  const [sources, setSources] = useState("");
  const [files, setFiles] = useState<readonly File[]>([]);
  const [isSending, setSending] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const collectionField = useId();
  const nameField = useId();
  const sourcesField = useId();
  const selected = chosen ?? collections?.[0]?.name ?? newCollection;
  const lines = sources.split("\n").flatMap((line) => line.trim() || []);
  const isComplete = place === "server" ? lines.length > 0 : files.length > 0;

  const start = async (): Promise<string> => {
    if (selected === newCollection) await client.createCollection({ name });
    const collection = selected === newCollection ? name : selected;
    const job = place === "server" ? await startJob(client, { collection, sources: lines }) : await startUpload(client, collection, files);
    return job.id;
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    setSending(true);
    setProblem(null);
    start()
      .then(onStarted, (error: unknown) => setProblem(problemOf(error)))
      .finally(() => setSending(false));
  };
  return (
    <Dialog title={words.pipeline.newRun.title} shape="box" onClose={onClose}>
      <form class="form" onSubmit={submit}>
        <label for={collectionField}>{words.pipeline.newRun.collection}</label>
        <select id={collectionField} value={selected} onChange={({ currentTarget }) => setChosen(currentTarget.value)}>
          {(collections ?? []).map((each) => (
            <option key={each.name}>{each.name}</option>
          ))}
          <option value={newCollection}>{words.pipeline.newRun.create}</option>
        </select>
        {selected === newCollection && (
          <>
            <label for={nameField}>{words.collections.name}</label>
            <input id={nameField} required maxLength={64} value={name} onInput={({ currentTarget }) => setName(currentTarget.value)} />
          </>
        )}
        <fieldset class="choice">
          <legend>{words.pipeline.newRun.from}</legend>
          {(["server", "local"] as const).map((each) => (
            <label key={each}>
              <input type="radio" name="place" checked={place === each} onChange={() => setPlace(each)} />
              {words.pipeline.newRun[each]}
            </label>
          ))}
        </fieldset>
        {place === "server" ? (
          <>
            <label for={sourcesField}>{words.pipeline.newRun.sources}</label>
            <textarea
              id={sourcesField}
              rows={3}
              spellcheck={false}
              placeholder={"photos/\nphotos/2024/*.jpg\nhttps://example.com/cat.jpg"}
              value={sources}
              onInput={({ currentTarget }) => setSources(currentTarget.value)}
            />
            <p class="fine">{words.pipeline.newRun.sourcesHint}</p>
          </>
        ) : (
          <Files files={files} onFiles={setFiles} />
        )}
        {problem !== null && <ProblemNotice problem={problem} />}
        <div class="form-end">
          <button type="button" class="button" onClick={onClose}>
            {words.cancel}
          </button>
          <button type="submit" class="button button-primary" disabled={!isComplete || isSending}>
            {isSending ? words.pipeline.newRun.sending : words.pipeline.newRun.submit}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** The types of Preact do not know the attribute, which all browsers do. */
const wholeFolder = { webkitdirectory: true };

function Files({ files, onFiles }: { readonly files: readonly File[]; readonly onFiles: (files: readonly File[]) => void }) {
  const words = useWords();
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const take = ({ currentTarget }: { readonly currentTarget: HTMLInputElement }): void =>
    onFiles([...(currentTarget.files ?? [])].filter(({ type }) => type.startsWith("image/")));
  return (
    <>
      <div class="file-choices">
        <label class="button">
          {words.pipeline.newRun.files}
          <input class="hidden" type="file" accept="image/*" multiple onChange={take} />
        </label>
        <label class="button">
          {words.pipeline.newRun.folder}
          <input class="hidden" type="file" multiple {...wholeFolder} onChange={take} />
        </label>
      </div>
      {files.length > 0 && <p role="status">{words.pipeline.newRun.chosen(files.length, mebibytes(bytes))}</p>}
    </>
  );
}
