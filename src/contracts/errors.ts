/** The only error class of this package. */
import { type ErrorCode, errorCodes } from "./error-codes.js";
import type { ErrorScope } from "./error-defaults.js";

/** The properties of a `HeadraceError` besides its code and message. */
export interface ErrorOptions {
  /** What the error affects. Default: the scope that `errorCodes` gives for the code. */
  readonly scope?: ErrorScope;
  /** Whether a retry can succeed. Default: the value that `errorCodes` gives for the code. */
  readonly retryable?: boolean;
  /** Milliseconds to wait before a retry, if the service has sent such a delay. */
  readonly retryAfterMs?: number;
  /** What the user can do about the error. Default: the hint that `errorCodes` gives for the code. */
  readonly hint?: string;
  /** What the error is about, for example the source or the id of an image, or the path of a file. */
  readonly item?: string;
  /** What could be given in place of the item, the most similar first. Default: nothing is known. */
  readonly suggestions?: readonly string[];
  readonly cause?: unknown;
}

/** An error as plain data, to print it as JSON or to send it to another thread. */
export interface ErrorRecord {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly scope: ErrorScope;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
  readonly item?: string;
  readonly suggestions?: readonly string[];
}

const brand = Symbol.for("headrace.error");

/**
 * The class of every error that Headrace throws or reports. To recognise an error, compare its `code`. Do not compare the message, because
 * messages may change.
 */
export class HeadraceError extends Error {
  override readonly name = "HeadraceError";
  readonly code: ErrorCode;
  readonly scope: ErrorScope;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly hint: string;
  readonly item: string | undefined;
  readonly suggestions: readonly string[] | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    const defaults = errorCodes[code];
    this.code = code;
    this.scope = options.scope ?? defaults.scope;
    this.retryable = options.retryable ?? defaults.retryable;
    this.retryAfterMs = options.retryAfterMs;
    this.hint = options.hint ?? defaults.hint;
    this.item = options.item;
    this.suggestions = options.suggestions;
    Object.defineProperty(this, brand, { value: true });
  }

  /** True for every `HeadraceError`, even if another installed copy of this package created the error. */
  static is(value: unknown): value is HeadraceError {
    return typeof value === "object" && value !== null && (value as Record<symbol, unknown>)[brand] === true;
  }

  /** Returns the value itself if it is a `HeadraceError`. Otherwise wraps it in an error with the code `unexpected`. */
  static from(value: unknown): HeadraceError {
    if (HeadraceError.is(value)) return value;
    const message = value instanceof Error ? value.message : String(value);
    return new HeadraceError("unexpected", message, { cause: value });
  }

  /** Creates a `HeadraceError` from the result of `toJSON`. */
  static fromRecord(record: ErrorRecord): HeadraceError {
    return new HeadraceError(record.code, record.message, record);
  }

  toJSON(): ErrorRecord {
    return {
      code: this.code,
      message: this.message,
      hint: this.hint,
      scope: this.scope,
      retryable: this.retryable,
      ...(this.retryAfterMs === undefined ? {} : { retryAfterMs: this.retryAfterMs }),
      ...(this.item === undefined ? {} : { item: this.item }),
      ...(this.suggestions === undefined ? {} : { suggestions: this.suggestions }),
    };
  }
}
