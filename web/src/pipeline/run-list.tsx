/** The runs, the newest first. On a narrow screen they stand in a row that scrolls. */
import { useEffect, useRef } from "preact/hooks";
import { useWords } from "../language/language.js";
import { hrefOf } from "../route.js";
import type { Job } from "../service/job-types.js";
import { ago, lookOf, sourceTitle, stateText } from "./run-text.js";

export interface RunListProps {
  readonly jobs: readonly Job[];
  readonly shown: string | null;
}

export function RunList({ jobs, shown }: RunListProps) {
  const words = useWords();
  const list = useRef<HTMLElement>(null);
  useEffect(() => {
    const chosen = list.current?.querySelector<HTMLElement>("[aria-current]");
    if (!chosen) return;
    // `scrollIntoView` would also scroll the page.
    const { offsetLeft, offsetTop, offsetWidth, offsetHeight } = chosen;
    const { clientWidth = 0, clientHeight = 0 } = list.current ?? {};
    list.current?.scrollTo({ left: offsetLeft - (clientWidth - offsetWidth) / 2, top: offsetTop - (clientHeight - offsetHeight) / 2 });
  }, [shown, jobs.length]);
  return (
    <nav ref={list} class="runs" aria-label={words.pipeline.runs}>
      {jobs.map((job) => (
        <a key={job.id} href={hrefOf("pipeline", job.id)} aria-current={job.id === shown ? "true" : undefined}>
          <span class={`dot dot-${lookOf(job)}`} aria-hidden="true" />
          <span class="run-title">{sourceTitle(job, words)}</span>
          <span class="fine">
            {stateText(job, words)} · {job.collection} · {ago(job.created_at, words.locale)}
          </span>
        </a>
      ))}
    </nav>
  );
}
