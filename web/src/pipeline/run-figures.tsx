/** The figures of a run: speed, progress, time and memory. */
import { useWords } from "../language/language.js";
import type { Job } from "../service/job-types.js";
import { isEnded } from "../service/jobs.js";
import { duration, mebibytes, percent, speedText } from "./run-text.js";
import type { WatchedJob } from "./watched-job.js";

export function RunFigures({ job, picture, speeds, result }: WatchedJob & { readonly job: Job }) {
  const words = useWords();
  // The report of a run comes after the word that it has ended.
  const ended = isEnded(job);
  const movesRows = job.kind === "export" || job.kind === "import";
  const counts = result ?? (ended ? job.counts : (picture?.counts ?? job.counts));
  const total = ended ? job.total : (picture?.total ?? job.total);
  const done = counts.stored + counts.skipped + counts.failed + counts.abandoned;
  const elapsedMs = result?.elapsed_ms ?? picture?.elapsed_ms ?? 0;
  const speed = result?.images_per_second ?? picture?.images_per_second ?? 0;
  const mean = elapsedMs === 0 ? 0 : done / elapsedMs;
  const number = (value: number): string => value.toLocaleString(words.locale);
  const load = result === null ? picture?.server : result.gpu;
  return (
    <section class="card figures">
      <div class="figure-speed">
        <p class="figure">
          {speedText(speed)} <small>{movesRows ? words.pipeline.rowsPerSecond : words.pipeline.perSecond}</small>
        </p>
        <p class="muted">{words.pipeline.speed}</p>
        {result === null && speeds.length > 2 && <SpeedLine speeds={speeds} />}
      </div>
      <div class="figure-progress">
        <p class="figure">{total === null ? number(done) : words.pipeline.of(number(done), number(total))}</p>
        <div
          class="progress"
          role="progressbar"
          aria-label={words.pipeline.progress}
          aria-valuemin={0}
          aria-valuemax={total ?? undefined}
          aria-valuenow={total === null ? undefined : Math.min(done, total)}
        >
          {(["stored", "skipped", "failed", "abandoned"] as const).map((kind) => (
            <span key={kind} class={`progress-${kind}`} style={{ width: percentOf(counts[kind], total ?? counts.read) }} />
          ))}
        </div>
        <p class="legend">
          {(["stored", "skipped", "failed", "abandoned"] as const)
            .filter((kind) => kind === "stored" || counts[kind] > 0)
            .map((kind) => (
              <span key={kind}>
                <i class={`progress-${kind}`} /> {number(counts[kind])} {words.pipeline.counts[kind]}
              </span>
            ))}
        </p>
      </div>
      <dl class="figure-more">
        <div>
          <dt>{words.pipeline.elapsed}</dt>
          <dd>
            {duration(elapsedMs)}
            {result === null && total !== null && mean > 0 && done < total && (
              <span class="muted"> · {words.pipeline.left(duration((total - done) / mean))}</span>
            )}
          </dd>
        </div>
        {result === null && picture !== null && (
          <div>
            <dt>{words.pipeline.memory}</dt>
            <dd>
              {mebibytes(picture.bytes_in_flight)} <span class="muted">/ {mebibytes(picture.max_bytes_in_flight)}</span>
            </dd>
          </div>
        )}
        {load != null && (
          <div>
            <dt>{words.pipeline.model[load.source]}</dt>
            <dd>{percent(load.busy_share)}</dd>
          </div>
        )}
      </dl>
    </section>
  );
}

const percentOf = (count: number, total: number): string => `${total === 0 ? 0 : Math.min(100, (count / total) * 100)}%`;

/** The speed in the last minutes, as a line without axes. */
function SpeedLine({ speeds }: { readonly speeds: readonly number[] }) {
  const top = Math.max(...speeds, 1);
  const points = speeds.map(
    (speed, index) => `${((index / (speeds.length - 1)) * 160).toFixed(1)},${(34 - (speed / top) * 32).toFixed(1)}`,
  );
  return (
    <svg class="speed-line" viewBox="0 0 160 36" preserveAspectRatio="none" aria-hidden="true">
      <polygon points={`0,36 ${points.join(" ")} 160,36`} />
      <polyline points={points.join(" ")} />
    </svg>
  );
}
