/** What limits the speed of a run, in the language of the page. */
import type { Words } from "../language/en.js";
import type { Job } from "../service/job-types.js";
import { limitOf } from "./drawing.js";
import { percent, speedText } from "./run-text.js";
import type { WatchedJob } from "./watched-job.js";

/** A run that is shorter does not show what limits it. */
const minMeaningfulMs = 3_000;

/** Empty for a run that embeds nothing. The server says it in English. In other languages, the page says it from the figures of the server. */
export function verdictText(watched: WatchedJob, counts: Job["counts"], ended: boolean, words: Words): string {
  const { picture, result } = watched;
  const said = ended ? result?.verdict : picture?.verdict;
  const own = words.pipeline.ownVerdict;
  if (said === undefined) return words.pipeline.verdictEarly;
  if (own === null || said === "") return said;
  if (ended && counts.read === 0) return own.nothing;
  if (ended && counts.skipped === counts.read) return own.allStored;
  if (((ended ? result : picture)?.elapsed_ms ?? 0) < minMeaningfulMs) return ended ? own.tooShort : words.pipeline.verdictEarly;
  return ended ? sentenceOf(watched, words, own) : own.now(nameOf(limitOf(watched, ended), words));
}

type OwnWords = NonNullable<Words["pipeline"]["ownVerdict"]>;

function sentenceOf(watched: WatchedJob, words: Words, own: OwnWords): string {
  const limit = watched.result?.limit ?? null;
  if (limit === null) return own.tooShort;
  const share = percent(limit.busy_share);
  const [advice] = limit.advice;
  const next =
    advice === undefined
      ? ""
      : own.advice(`${advice.setting} ${advice.from} → ${advice.to}`, speedText(advice.predicted_images_per_second));
  if (limit.stage === "source") return own.source(share);
  if (limit.stage === "processors") return own.processors(share) + next;
  const name = nameOf(limit.stage, words) ?? limit.stage;
  return (limitOf(watched, true) === null ? own.none(name, share) : own.stage(name, share)) + next;
}

function nameOf(stage: string | null, words: Words): string | null {
  return stage === null ? null : (words.pipeline.stages[stage] ?? stage);
}
