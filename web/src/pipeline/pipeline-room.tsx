/** Pipeline: the runs, and what one of them does. */
import { useCallback, useEffect, useState } from "preact/hooks";
import { useWords } from "../language/language.js";
import { Icon } from "../parts/icon.js";
import { ProblemNotice } from "../parts/notice.js";
import { go, hrefOf, type Place } from "../route.js";
import { useService } from "../service/context.js";
import { listJobs } from "../service/jobs.js";
import { useLoaded } from "../service/loaded.js";
import { NewRun } from "./new-run.js";
import { RunList } from "./run-list.js";
import { RunView } from "./run-view.js";

const listEveryMs = 5000;

export function PipelineRoom({ place }: { readonly place: Place }) {
  const words = useWords();
  const { client, may } = useService();
  const { value: jobs, problem, reload } = useLoaded((signal) => listJobs(client, signal), [client]);
  const [isStarting, setStarting] = useState(false);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || reload(), listEveryMs);
    return () => clearInterval(timer);
  }, [reload]);
  const started = useCallback(
    (id: string) => {
      setStarting(false);
      reload();
      go(hrefOf("pipeline", id));
    },
    [reload],
  );
  const shown = place.name ?? jobs?.[0]?.id ?? null;
  return (
    <div class="page">
      <header class="page-head">
        <h1>{words.pipeline.title}</h1>
        {may("write") && (
          <button type="button" class="button button-primary" onClick={() => setStarting(true)}>
            <Icon name="play" /> {words.pipeline.start}
          </button>
        )}
      </header>
      {problem !== null && <ProblemNotice problem={problem} onRetry={reload} />}
      {jobs?.length === 0 && (
        <div class="empty">
          <Icon name="pipeline" />
          <h2>{words.pipeline.none}</h2>
          <p class="muted">{words.pipeline.noneText}</p>
        </div>
      )}
      {jobs !== null && jobs.length > 0 && (
        <div class="runs-and-run">
          <RunList jobs={jobs} shown={shown} />
          {shown !== null && <RunView key={shown} id={shown} onChanged={reload} onStarted={started} />}
        </div>
      )}
      {isStarting && <NewRun onStarted={started} onClose={() => setStarting(false)} />}
    </div>
  );
}
