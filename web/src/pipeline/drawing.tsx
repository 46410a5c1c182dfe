/** The drawing of a run: a source, its stages with a queue before each, and the collection that the data flows into. */
import { useWords } from "../language/language.js";
import type { Job, Picture } from "../service/job-types.js";
import { percent, sourceTitle, speedText } from "./run-text.js";
import type { WatchedJob } from "./watched-job.js";

export interface DrawnStage
  extends Pick<Picture["stages"][number], "name" | "workers" | "items" | "busy" | "starved" | "blocked" | "waiting"> {
  /** null: the run has ended. */
  readonly queue: { readonly items: number; readonly room: number } | null;
  readonly perSecond: number;
  readonly retries: number;
  readonly isOut: boolean;
}

export interface DrawingProps {
  readonly job: Job;
  /** The stage that the sentence about the speed names as the limit. */
  readonly limit: string | null;
  readonly counts: Job["counts"];
  readonly stages: readonly DrawnStage[];
}

const shares = ["busy", "starved", "blocked", "waiting"] as const;
/** A stage that was in use for less than this share of the time limited nothing. */
const limitingShare = 0.6;

/** The stage that limits a run, by the same rule as the sentence that says so. null: none. */
export function limitOf({ picture, result }: WatchedJob, ended: boolean): string | null {
  if (!ended) return picture?.limiting_stage ?? null;
  const limit = result?.limit ?? null;
  return limit === null || limit.busy_share < limitingShare ? null : limit.stage;
}

/** What a run does now; after its end, how the time of each stage was spent. */
export function stagesOf({ picture, result }: WatchedJob, ended: boolean): readonly DrawnStage[] {
  if (ended && result !== null) {
    return result.stages.map(({ name, workers, items, busy_share, starved_share, blocked_share, waiting_share }) => ({
      ...{ name, workers, items, busy: busy_share, starved: starved_share, blocked: blocked_share, waiting: waiting_share },
      ...{ queue: null, perSecond: result.elapsed_ms === 0 ? 0 : (items / result.elapsed_ms) * 1000, retries: 0, isOut: false },
    }));
  }
  return (picture?.stages ?? []).map(({ queued_items, queued_bytes: _, max_queued_items, items_per_second, ...stage }) => ({
    ...stage,
    queue: { items: queued_items, room: max_queued_items },
    perSecond: items_per_second,
    isOut: picture?.outages.some((outage) => outage.stage === stage.name) === true,
  }));
}

export function Drawing({ job, limit, counts, stages }: DrawingProps) {
  const words = useWords();
  const number = (value: number): string => value.toLocaleString(words.locale);
  if (stages.length === 0) return null;
  return (
    <section class="card drawing" aria-label={words.pipeline.drawing}>
      <ol aria-label={words.pipeline.drawing}>
        <li class="drawn-end">
          <strong>{words.pipeline.source}</strong>
          <span class="muted">{sourceTitle(job, words)}</span>
          <span class="drawn-figure">{words.pipeline.read(number(counts.read))}</span>
        </li>
        {stages.map((stage) => (
          <Stage key={stage.name} stage={stage} isLimit={stage.name === limit} />
        ))}
        <li class="drawn-end drawn-last">
          <Channel queue={null} isFlowing={(stages.at(-1)?.perSecond ?? 0) > 0 && (stages.at(-1)?.queue ?? null) !== null} />
          <strong>{words.pipeline.collection}</strong>
          <span class="muted">{job.collection}</span>
          <span class="drawn-figure">{words.pipeline.storedCount(number(counts.stored))}</span>
        </li>
      </ol>
      <p class="legend">
        {shares.map((share) => (
          <span key={share}>
            <i class={`share-${share}`} /> {words.pipeline.shares[share]}
          </span>
        ))}
      </p>
    </section>
  );
}

function Stage({ stage, isLimit }: { readonly stage: DrawnStage; readonly isLimit: boolean }) {
  const words = useWords();
  const { name, workers, queue, perSecond, retries, isOut } = stage;
  const spent = shares
    .filter((share) => share === "busy" || stage[share] >= 0.005)
    .map((share) => `${percent(stage[share])} ${words.pipeline.shares[share]}`);
  return (
    <li class={`drawn-stage ${isLimit ? "is-limit" : ""} ${isOut ? "is-out" : ""}`}>
      <Channel queue={queue} isFlowing={perSecond > 0 && queue !== null} />
      <div class="drawn-box">
        <p class="drawn-name">
          <strong>{words.pipeline.stages[name] ?? name}</strong>
          {isLimit && <span class="tag tag-limit">{words.pipeline.limit}</span>}
        </p>
        <p class="workers">
          <span class="workers-dots" aria-hidden="true">
            {Array.from({ length: Math.min(workers, 8) }, (_, index) => (
              <i key={index} />
            ))}
          </span>
          {words.pipeline.workers(workers)}
        </p>
        <p class="drawn-figure">
          {speedText(perSecond)} <small>/s</small>
        </p>
        <div class="share-bar" role="img" aria-label={spent.join(", ")} title={spent.join("\n")}>
          {shares.map((share) => (
            <span key={share} class={`share-${share}`} style={{ width: `${stage[share] * 100}%` }} />
          ))}
        </div>
        <p class="fine">
          {percent(stage.busy)} {words.pipeline.shares.busy}
          {retries > 0 && ` · ${words.pipeline.retries(retries)}`}
        </p>
        {isOut && <p class="field-problem">{words.pipeline.outage}</p>}
      </div>
    </li>
  );
}

interface ChannelProps {
  readonly queue: DrawnStage["queue"];
  readonly isFlowing: boolean;
}

/** The way into a stage. The water in it stands as high as its queue is full. */
function Channel({ queue, isFlowing }: ChannelProps) {
  const words = useWords();
  const fill = queue === null || queue.room === 0 ? 0 : Math.min(1, queue.items / queue.room);
  const text = queue === null ? "" : words.pipeline.queue(queue.items, queue.room);
  return (
    <div class={`channel ${isFlowing ? "is-flowing" : ""}`} title={text}>
      <span class="channel-water" style={{ "--fill": fill }} />
      {queue !== null && (
        <>
          <span class="channel-count" aria-hidden="true">
            {queue.items}
          </span>
          <span class="hidden">{text}</span>
        </>
      )}
    </div>
  );
}
