/** One run: its figures, the drawing of its stages, the verdict and the failures. */
import { useState } from "preact/hooks";
import { useWords } from "../language/language.js";
import { Icon } from "../parts/icon.js";
import { ProblemNotice } from "../parts/notice.js";
import { go, hrefOf } from "../route.js";
import { problemOf } from "../service/client.js";
import { useService } from "../service/context.js";
import { cancelJob, forgetJob, isEnded, retryJob } from "../service/jobs.js";
import type { Problem } from "../service/types.js";
import { Drawing, limitOf, stagesOf } from "./drawing.js";
import { RunFailures } from "./run-failures.js";
import { RunFigures } from "./run-figures.js";
import { lookOf, sourceTitle, stateText } from "./run-text.js";
import { verdictText } from "./verdict-text.js";
import { useWatchedJob } from "./watched-job.js";

export interface RunViewProps {
  readonly id: string;
  readonly onChanged: () => void;
  readonly onStarted: (id: string) => void;
}

export function RunView({ id, onChanged, onStarted }: RunViewProps) {
  const words = useWords();
  const { client, may } = useService();
  const watched = useWatchedJob(id, onChanged);
  const [refusal, setRefusal] = useState<Problem | null>(null);
  const { job, picture, failures, problem } = watched;
  const act = (action: Promise<unknown>): void => {
    setRefusal(null);
    action.catch((error: unknown) => setRefusal(problemOf(error)));
  };
  const forget = (): void =>
    act(
      forgetJob(client, id).then(() => {
        go(hrefOf("pipeline"));
        onChanged();
      }),
    );
  const retry = (codes: readonly string[]): void => act(retryJob(client, id, codes).then((next) => onStarted(next.id)));
  if (problem !== null) return <ProblemNotice problem={problem} />;
  if (job === null) return <p class="hidden">{words.loading}</p>;
  const ended = isEnded(job);
  const counts = ended ? job.counts : (picture?.counts ?? job.counts);
  const inFlight = counts.read - counts.stored - counts.skipped - counts.failed - counts.abandoned;
  const look = lookOf(job);
  const upkeep = ended ? null : (picture?.upkeep ?? null);
  // Nothing is known to limit a run that embeds nothing.
  const verdict = verdictText(watched, counts, ended, words);
  const movesRows = job.kind === "export" || job.kind === "import";
  const mayRetry = may("write") && ended && !movesRows;
  return (
    <article class="run" aria-label={sourceTitle(job, words)}>
      <header class="run-head">
        <div>
          <h2>{sourceTitle(job, words)}</h2>
          <p class="muted">
            <a href={hrefOf("collections", job.collection)}>
              {job.kind === "export" ? words.pipeline.ofCollection(job.collection) : words.pipeline.into(job.collection)}
            </a>
            {job.attempts > 1 && ` · ${words.pipeline.attempts(job.attempts)}`}
          </p>
        </div>
        <span class={`state state-${job.state}`} role="status">
          <span class={`dot dot-${look}`} aria-hidden="true" />
          {stateText(job, words)}
        </span>
        {may("write") && !ended && (
          <button
            type="button"
            class="button"
            title={words.pipeline.stopHint}
            disabled={job.state === "stopping"}
            onClick={() => act(cancelJob(client, id))}
          >
            <Icon name="stop" /> {words.pipeline.stop}
          </button>
        )}
        {mayRetry && job.counts.failed > 0 && (
          <button type="button" class="button" onClick={() => retry([])}>
            <Icon name="again" /> {words.pipeline.retry}
          </button>
        )}
        {/* Browsers send no API key for the address of a file. */}
        {job.kind === "export" && job.state === "completed" && client.apiKey === null && (
          <a class="button" href={client.snapshotUrl(id)} download>
            {words.pipeline.download}
          </a>
        )}
        {may("write") && ended && (
          <button
            type="button"
            class="button button-quiet button-icon"
            title={words.pipeline.forget}
            aria-label={words.pipeline.forget}
            onClick={() => forget()}
          >
            <Icon name="trash" />
          </button>
        )}
      </header>
      {job.state === "stopping" && <p class="muted">{words.pipeline.finishing(inFlight.toLocaleString(words.locale))}</p>}
      {refusal !== null && <ProblemNotice problem={refusal} />}
      {job.error !== null && <ProblemNotice problem={job.error} />}
      <RunFigures {...watched} job={job} />
      {!movesRows && <Drawing job={job} limit={limitOf(watched, ended)} counts={counts} stages={stagesOf(watched, ended)} />}
      {(verdict !== "" || upkeep !== null) && (
        <section class="card verdict">
          {verdict !== "" && <h3>{words.pipeline.verdict}</h3>}
          {verdict !== "" && <p>{verdict}</p>}
          {upkeep !== null && (
            <p class="muted">
              {words.pipeline.upkeep}: {upkeep.step}
              {upkeep.share !== null && ` · ${Math.round(upkeep.share * 100)} %`}
            </p>
          )}
        </section>
      )}
      <RunFailures
        count={counts.failed}
        byCode={ended ? null : (picture?.failures_by_code ?? {})}
        failures={ended ? failures : (picture?.recent_failures ?? [])}
        onRetry={mayRetry ? (code) => retry([code]) : null}
      />
    </article>
  );
}
