/** The runs, the newest first. */
import { useWords } from "../language/language.js";
import { hrefOf } from "../route.js";
import type { Job } from "../service/job-types.js";
import { ago, sourceTitle } from "./run-text.js";

export interface RunListProps {
  readonly jobs: readonly Job[];
  readonly shown: string | null;
}

export function RunList({ jobs, shown }: RunListProps) {
  const words = useWords();
  return (
    <nav class="runs" aria-label={words.pipeline.runs}>
      {jobs.map((job) => (
        <a key={job.id} href={hrefOf("pipeline", job.id)} aria-current={job.id === shown ? "true" : undefined}>
          <span class={`dot dot-${job.state}`} aria-hidden="true" />
          <span class="run-title">{sourceTitle(job, words)}</span>
          <span class="fine">
            {words.pipeline.states[job.state]} · {job.collection} · {ago(job.created_at, words.locale)}
          </span>
        </a>
      ))}
    </nav>
  );
}
