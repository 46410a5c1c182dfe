/** What each error code says about its errors. */

/** What an error affects: one item, the batch, the service that the stage uses, or the whole run. */
export type ErrorScope = "item" | "batch" | "service" | "run";

/** What a run does after an error, by what the error affects. */
export const scopeMeanings: Readonly<Record<ErrorScope, string>> = {
  item: "This image fails and is written to the dead-letter file. The run continues.",
  batch: "The batch is retried if that can help, then halved until the failing image is alone.",
  service: "The stage waits and retries until the service is back or `max_outage` is over. No image fails because of it.",
  run: "Everything stops, in order. Stored rows stay, and the same command continues from there.",
};

/** What holds for all errors of a code, if the error itself does not say otherwise. */
export interface CodeDefaults {
  readonly scope: ErrorScope;
  readonly retryable: boolean;
  /** What has happened, in one sentence. */
  readonly meaning: string;
  /** What the user can do about the error. */
  readonly hint: string;
}

export const define = (scope: ErrorScope, retryable: boolean, meaning: string, hint: string): CodeDefaults => ({
  scope,
  retryable,
  meaning,
  hint,
});
