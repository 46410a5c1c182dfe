/** Settings that lie over the file: environment variables and `--set` flags. */
import { parse } from "yaml";
import { HeadraceError } from "../contracts/index.js";

/** One value for one dotted path, and where it came from. */
export interface Overlay {
  readonly path: string;
  readonly value: unknown;
  readonly origin: string;
}

const prefix = "HEADRACE_";

/** `HEADRACE_MILVUS__HOST=db` sets `milvus.host`; variables without a `__` are not settings. Values are read as YAML. */
export function environmentOverlays(environment: Readonly<Record<string, string | undefined>>): readonly Overlay[] {
  return Object.entries(environment).flatMap(([name, text]) => {
    if (!name.startsWith(prefix) || !name.includes("__") || text === undefined) return [];
    const path = name.slice(prefix.length).toLowerCase().replaceAll("__", ".");
    return [{ path, value: parsedValue(text, name), origin: name }];
  });
}

/** `milvus.host=db`, as given to `--set`. */
export function flagOverlay(assignment: string): Overlay {
  const equals = assignment.indexOf("=");
  if (equals < 1) {
    throw new HeadraceError("usage_invalid", `Expected key.path=value for --set but received "${assignment}".`, {
      hint: "For example: --set preprocess.batch_size=64",
    });
  }
  const path = assignment.slice(0, equals).trim();
  return { path, value: parsedValue(assignment.slice(equals + 1), `--set ${path}`), origin: `--set ${path}` };
}

function parsedValue(text: string, origin: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw new HeadraceError("config_invalid", `The value of ${origin} is not valid YAML: ${(cause as Error).message.split("\n")[0]}`, {
      cause,
    });
  }
}
