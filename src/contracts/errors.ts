/** The only error class of this package. */
import { type ErrorCode, type ErrorScope, errorCodes } from "./error-codes.js";

/** What a `HeadraceError` carries besides its code and message. */
export interface ErrorOptions {
  /** Default: the scope that `errorCodes` gives for the code. */
  readonly scope?: ErrorScope;
  /** Default: what `errorCodes` gives for the code. */
  readonly retryable?: boolean;
  /** How long the service asks the caller to wait, in milliseconds. */
  readonly retryAfterMs?: number;
  /** What to do. Default: the hint that `errorCodes` gives for the code. */
  readonly hint?: string;
  /** The item that the error is about, such as a source or an id. */
  readonly item?: string;
  readonly cause?: unknown;
}

/** The form in which an error is printed as JSON or sent between threads. */
export interface ErrorRecord {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly scope: ErrorScope;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
  readonly item?: string;
}

const brand = Symbol.for("headrace.error");

/** Every error that Headrace throws or reports. Compare `code`, never the message: messages may change. */
export class HeadraceError extends Error {
  override readonly name = "HeadraceError";
  readonly code: ErrorCode;
  readonly scope: ErrorScope;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly hint: string;
  readonly item: string | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    const defaults = errorCodes[code];
    this.code = code;
    this.scope = options.scope ?? defaults.scope;
    this.retryable = options.retryable ?? defaults.retryable;
    this.retryAfterMs = options.retryAfterMs;
    this.hint = options.hint ?? defaults.hint;
    this.item = options.item;
    Object.defineProperty(this, brand, { value: true });
  }

  /** True for every `HeadraceError`, also for one from another copy of this package. */
  static is(value: unknown): value is HeadraceError {
    return typeof value === "object" && value !== null && (value as Record<symbol, unknown>)[brand] === true;
  }

  /** Returns the value itself if it is a `HeadraceError`. Otherwise wraps it in an error with the code `unexpected`. */
  static from(value: unknown): HeadraceError {
    if (HeadraceError.is(value)) return value;
    const message = value instanceof Error ? value.message : String(value);
    return new HeadraceError("unexpected", message, { cause: value });
  }

  /** Restores an error from its record. */
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
    };
  }
}
