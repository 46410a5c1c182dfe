/** A run as it is watched: its record, what it does now, and how fast it was in the last minutes. */
import { useEffect, useState } from "preact/hooks";
import { problemOf } from "../service/client.js";
import { useService } from "../service/context.js";
import type { Failure, Job, JobResult, Picture } from "../service/job-types.js";
import { getJob, isEnded, jobFailures, jobResult, watchJob } from "../service/jobs.js";
import type { Problem } from "../service/types.js";

export interface WatchedJob {
  readonly job: Job | null;
  readonly picture: Picture | null;
  /** Images per second, the latest last. */
  readonly speeds: readonly number[];
  /** Set when the run has ended. null: it ended before it began. */
  readonly result: JobResult | null;
  /** All failures, known at the end. */
  readonly failures: readonly Failure[];
  readonly problem: Problem | null;
}

const blank: WatchedJob = { job: null, picture: null, speeds: [], result: null, failures: [], problem: null };
const maxSpeeds = 120;

export function useWatchedJob(id: string, onChanged: () => void): WatchedJob {
  const { client } = useService();
  const [state, setState] = useState(blank);
  useEffect(() => {
    const leaving = new AbortController();
    const { signal } = leaving;
    const change = (changed: Partial<WatchedJob>): void => {
      if (!signal.aborted) setState((last) => ({ ...last, ...changed }));
    };
    const watch = async (): Promise<void> => {
      change({ ...blank, job: await getJob(client, id, signal) });
      await watchJob(
        client,
        id,
        (news) => {
          if (signal.aborted) return;
          if (news.kind === "job") {
            change({ job: news.job });
            onChanged();
          } else {
            const { picture } = news;
            setState((last) => ({ ...last, picture, speeds: [...last.speeds.slice(1 - maxSpeeds), picture.images_per_second] }));
          }
        },
        signal,
      );
      const job = await getJob(client, id, signal);
      change({ job });
      if (!isEnded(job)) return;
      onChanged();
      // A run that was cancelled before it began has no report.
      change({ result: await jobResult(client, id, signal).catch(() => null), failures: await jobFailures(client, id, signal) });
    };
    watch().catch((error: unknown) => change({ problem: problemOf(error) }));
    return () => leaving.abort();
  }, [client, id]);
  return state;
}
