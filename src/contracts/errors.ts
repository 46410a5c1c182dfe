/** The one error class. */
import { type ErrorCode, type ErrorScope, errorCodes } from "./error-codes.js";

export interface ErrorOptions {
  /** Default: the code's own. */
  readonly scope?: ErrorScope;
  /** Default: the code's own. */
  readonly retryable?: boolean;
  /** How long the other side asks to wait, in milliseconds. */
  readonly retryAfterMs?: number;
  /** What to do. Default: the code's own. */
  readonly hint?: string;
  /** The item that it happened to: a source, an id. */
  readonly item?: string;
  readonly cause?: unknown;
}

/** An error as it crosses a worker or is printed as JSON. */
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

/** Every error that Headrace throws or reports. Check `code`, never the message. */
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

  /** True for every HeadraceError, also one of another copy of this package. */
  static is(value: unknown): value is HeadraceError {
    return typeof value === "object" && value !== null && (value as Record<symbol, unknown>)[brand] === true;
  }

  /** The value itself if it is a HeadraceError, else `unexpected` with the value as its cause. */
  static from(value: unknown): HeadraceError {
    if (HeadraceError.is(value)) return value;
    const message = value instanceof Error ? value.message : String(value);
    return new HeadraceError("unexpected", message, { cause: value });
  }

  /** Builds an error again from its record. */
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
