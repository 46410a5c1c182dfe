/** Says what went wrong in jax-js or in a user's preprocessor; for the latter, in which line. */
import { HeadraceError } from "../../contracts/index.js";

export function packageMissing(cause: unknown): HeadraceError {
  return new HeadraceError(
    "part_missing",
    `preprocessing in JAX: expected the package @jax-js/jax, found none that can be loaded (${firstLine(cause)})`,
    {
      hint: "Run: npm i @jax-js/jax",
      cause,
    },
  );
}

export function deviceMissing(device: string, found: readonly string[], cause?: unknown): HeadraceError {
  const there = found.length === 0 ? "none" : `only ${found.join(", ")}`;
  return new HeadraceError("config_conflict", `preprocess.use_gpu: expected ${device} in jax-js, found ${there}`, {
    hint: "Leave `preprocess.use_gpu` off: jax-js has no WebGPU in Node.js.",
    ...(cause === undefined ? {} : { cause }),
  });
}

export function computationFailed(label: string, cause: unknown): HeadraceError {
  if (HeadraceError.is(cause)) return cause;
  return new HeadraceError("unexpected", `preprocessing in JAX with ${label}: ${firstLine(cause)}`, { cause });
}

/** A user's preprocessor cannot be used; `place` is its file, with a line where one is known. */
export function preprocessorRefused(place: string, expected: string, found: string, cause?: unknown): HeadraceError {
  return new HeadraceError("config_invalid", `preprocess.custom: ${place}: expected ${expected}, found ${found}`, {
    hint: "Fix the preprocessor in the line that the message names; docs/guides/preprocessing.md in the package headrace has one that works.",
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The lines of its stack: where the user's code threw. */
export function framesOf(cause: unknown): readonly string[] {
  return cause instanceof Error ? (cause.stack ?? "").split("\n") : [];
}

export function firstLine(cause: unknown): string {
  const words = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return words.split("\n", 1)[0]!.slice(0, 300).trim();
}
