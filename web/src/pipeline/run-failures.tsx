/** The failures of a run by reason, with their pictures as far as the server can show them. */
import { useState } from "preact/hooks";
import { useWords } from "../language/language.js";
import { Icon } from "../parts/icon.js";
import { nameOfSource } from "../parts/names.js";
import { PictureAt } from "../parts/picture.js";
import { useService } from "../service/context.js";
import type { Failure } from "../service/job-types.js";

type Failed = Pick<Failure, "source" | "problem">;

export interface RunFailuresProps {
  readonly count: number;
  /** null: to be counted from the failures. */
  readonly byCode: Readonly<Record<string, number>> | null;
  readonly failures: readonly Failed[];
  /** null: the run has not ended, or must not be tried again. */
  readonly onRetry: ((code: string) => void) | null;
}

const shownPictures = 24;

export function RunFailures({ count, byCode, failures, onRetry }: RunFailuresProps) {
  const words = useWords();
  const reasons = Object.entries(byCode ?? counted(failures)).sort(([, a], [, b]) => b - a);
  return (
    <section class="card failures">
      <h3>
        {words.pipeline.failures}
        {count > 0 && <span class="tag">{words.pipeline.failuresCount(count.toLocaleString(words.locale))}</span>}
      </h3>
      {count === 0 && <p class="muted">{words.pipeline.noFailures}</p>}
      {reasons.map(([code, number]) => (
        <Reason
          key={code}
          code={code}
          count={number}
          failures={failures.filter(({ problem }) => problem.code === code)}
          onRetry={onRetry}
        />
      ))}
    </section>
  );
}

interface ReasonProps extends Pick<RunFailuresProps, "failures" | "onRetry"> {
  readonly code: string;
  readonly count: number;
}

function Reason({ code, count, failures, onRetry }: ReasonProps) {
  const words = useWords();
  const [first] = failures;
  return (
    <div class="reason">
      <p>
        <strong>{count.toLocaleString(words.locale)}</strong> <code>{code}</code>{" "}
        <span class="muted">{words.problems[code] ?? first?.problem.title}</span>
        {onRetry !== null && (
          <button type="button" class="button button-quiet" aria-label={words.pipeline.retryCode(code)} onClick={() => onRetry(code)}>
            <Icon name="again" />
          </button>
        )}
      </p>
      <ul class="failed-pictures">
        {failures.slice(0, shownPictures).map((failure) => (
          <FailedPicture key={failure.source} failure={failure} />
        ))}
      </ul>
    </div>
  );
}

function FailedPicture({ failure: { source, problem } }: { readonly failure: Failed }) {
  const { client } = useService();
  const [isOpen, setOpen] = useState(false);
  const name = nameOfSource(source);
  return (
    <li>
      <button type="button" aria-expanded={isOpen} title={problem.detail ?? problem.title} onClick={() => setOpen(!isOpen)}>
        <PictureAt url={client.sourceThumbnailUrl(source)} alt="" />
        <span>{name}</span>
      </button>
      {isOpen && (
        <p class="fine">
          {problem.detail ?? problem.title}
          {problem.hint !== undefined && ` ${problem.hint}`}
        </p>
      )}
    </li>
  );
}

function counted(failures: readonly Failed[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { problem } of failures) counts[problem.code] = (counts[problem.code] ?? 0) + 1;
  return counts;
}
