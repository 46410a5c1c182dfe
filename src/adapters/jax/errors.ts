/** Translates errors of jax-js and of users' preprocessors. */
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
  const available = found.length === 0 ? "none" : `only ${found.join(", ")}`;
  return new HeadraceError("config_conflict", `preprocess.use_gpu: expected ${device} in jax-js, found ${available}`, {
    hint: "Set `preprocess.use_gpu` to false: jax-js has no WebGPU in Node.js.",
    ...(cause === undefined ? {} : { cause }),
  });
}

export function computationFailed(label: string, cause: unknown): HeadraceError {
  if (HeadraceError.is(cause)) return cause;
  return new HeadraceError("unexpected", `preprocessing in JAX with ${label}: ${firstLine(cause)}`, { cause });
}

/** The error for a user's preprocessor that does not work. `place`: the user's file, with the line if known. */
export function preprocessorRefused(place: string, expected: string, found: string, cause?: unknown): HeadraceError {
  return new HeadraceError("config_invalid", `preprocess.custom: ${place}: expected ${expected}, found ${found}`, {
    hint: "Fix the preprocessor at this place. docs/guides/preprocessing.md in the package headrace has a working example.",
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Returns the lines of the error's stack trace. */
export function framesOf(cause: unknown): readonly string[] {
  return cause instanceof Error ? (cause.stack ?? "").split("\n") : [];
}

export function firstLine(cause: unknown): string {
  const words = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return words.split("\n", 1)[0]!.slice(0, 300).trim();
}
