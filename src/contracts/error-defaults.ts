/** What each error code says about its errors. */

/** What an error affects: one item, the batch, the service that the stage uses, or the whole run. */
export type ErrorScope = "item" | "batch" | "service" | "run";

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
