/** Starts a run: photos of this computer, or sources that the server can read. */
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { useWords } from "../language/language.js";
import { Dialog } from "../parts/dialog.js";
import { ProblemNotice } from "../parts/notice.js";
import { problemOf } from "../service/client.js";
import { useService } from "../service/context.js";
import { startJob } from "../service/jobs.js";
import { useLoaded } from "../service/loaded.js";
import { namePattern } from "../service/names.js";
import { PhotoUpload } from "../service/photo-upload.js";
import type { Problem } from "../service/types.js";
import { Files } from "./photo-files.js";
import { UploadState } from "./upload-state.js";

export interface NewRunProps {
  readonly onStarted: (id: string) => void;
  readonly onClose: () => void;
}

const newCollection = "\n";

export function NewRun({ onStarted, onClose }: NewRunProps) {
  const words = useWords();
  const { client, service, may } = useService();
  const { value: collections, reload } = useLoaded((signal) => client.collections(signal), [client]);
  const [place, setPlace] = useState<"local" | "server">("server");
  const [chosen, setChosen] = useState<string | null>(null);
  const [name, setName] = useState(service?.default_collection ?? "");
  const [sources, setSources] = useState("");
  const [files, setFiles] = useState<readonly File[]>([]);
  const [isSending, setSending] = useState(false);
  const [sentBytes, setSentBytes] = useState(0);
  /** Remains after a failure, so that nothing is sent twice. Until it is done, it keeps its photos and its collection. */
  const [upload, setUpload] = useState<PhotoUpload | null>(null);
  const leaving = useRef(new AbortController());
  useEffect(() => () => leaving.current.abort(), []);
  const [problem, setProblem] = useState<Problem | null>(null);
  const collectionField = useId();
  const nameField = useId();
  const nameHint = useId();
  const sourcesField = useId();
  const selected = chosen ?? collections?.[0]?.name ?? newCollection;
  const known = (collections ?? []).map(({ name }) => name);
  const names = known.includes(selected) || selected === newCollection ? known : [...known, selected];
  const lines = sources.split("\n").flatMap((line) => line.trim() || []);
  const isComplete = place === "server" ? lines.length > 0 : files.length > 0;
  const hasRefused = (upload?.refused.length ?? 0) > 0;

  const createNew = async (): Promise<void> => {
    await client.createCollection({ name });
    // What fails from here on can be tried again without creating it again.
    setChosen(name);
    reload();
  };
  const start = async (): Promise<string | null> => {
    if (selected === newCollection) await createNew();
    const collection = selected === newCollection ? name : selected;
    if (place === "server") return (await startJob(client, { collection, sources: lines })).id;
    const sending = upload ?? new PhotoUpload(client, collection, files);
    setUpload(sending);
    return (await sending.send(setSentBytes, leaving.current.signal))?.id ?? null;
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    upload?.leaveOut();
    run();
  };
  const run = (): void => {
    setSending(true);
    setProblem(null);
    start()
      .then(
        (id) => (id === null ? onClose() : onStarted(id)),
        (error: unknown) => setProblem(problemOf(error)),
      )
      .finally(() => setSending(false));
  };
  return (
    <Dialog title={words.pipeline.newRun.title} shape="box" onClose={onClose}>
      <form class="form" onSubmit={submit}>
        <label for={collectionField}>{words.pipeline.newRun.collection}</label>
        <select
          id={collectionField}
          value={selected}
          disabled={upload !== null}
          onChange={({ currentTarget }) => setChosen(currentTarget.value)}
        >
          {names.map((each) => (
            <option key={each}>{each}</option>
          ))}
          {may("admin") && <option value={newCollection}>{words.pipeline.newRun.create}</option>}
        </select>
        {selected === newCollection && (
          <>
            <label for={nameField}>{words.collections.name}</label>
            <input
              id={nameField}
              required
              maxLength={64}
              pattern={namePattern}
              title={words.collections.nameHint}
              aria-describedby={nameHint}
              value={name}
              onInput={({ currentTarget }) => setName(currentTarget.value)}
            />
            <p class="fine" id={nameHint}>
              {words.collections.nameHint}
            </p>
          </>
        )}
        <fieldset class="choice" disabled={upload !== null}>
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
          <Files files={files} isFixed={upload !== null} onFiles={setFiles} />
        )}
        {upload !== null && <UploadState upload={upload} sentBytes={sentBytes} />}
        {problem !== null && <ProblemNotice problem={problem} />}
        <div class="form-end">
          <button type="button" class="button" onClick={onClose}>
            {words.cancel}
          </button>
          {hasRefused && (
            <button type="button" class="button" disabled={isSending} onClick={run}>
              {words.retry}
            </button>
          )}
          <button type="submit" class="button button-primary" disabled={!isComplete || isSending}>
            {isSending
              ? words.pipeline.newRun.sending
              : words.pipeline.newRun[upload === null ? "submit" : hasRefused ? "leaveOut" : "goOn"]}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
