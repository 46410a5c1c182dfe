/** A schema as an outline for people: every setting with its description, what it takes and its default. */
import type { z } from "zod";
import { settingsOf } from "./casing.js";
import { core } from "./schema-core.js";
import { takes } from "./schema-tree.js";

export interface OutlinedSetting {
  readonly key: string;
  /** "" where the schema says nothing. */
  readonly description: string;
  /** `a whole number, 1 to 65535`. */
  readonly takes: string;
  /** Undefined where a value must be given, or for another name of a setting. */
  readonly default: unknown;
  /** Another name, which files of the Python service use. */
  readonly isOtherName: boolean;
  /** The settings inside, when it is a section; else none. A list of sections has those of one entry. */
  readonly inner: readonly OutlinedSetting[];
  readonly kind: "value" | "section" | "absent section" | "list";
}

/** In the order of the schema. */
export function outline(schema: z.ZodType): readonly OutlinedSetting[] {
  return settingsOf(schema).map(({ inFiles: key, schema: at }) => {
    const { shape, element } = core(at);
    const isList = shape === undefined && element !== undefined && core(element).shape !== undefined;
    const isAbsent = shape !== undefined && defaultOf(at) === null;
    return {
      key,
      description: describe(at),
      takes: takes(at),
      default: at.meta()?.default ?? defaultOf(at),
      isOtherName: at.meta()?.deprecated === true,
      inner: isList ? outline(element) : outline(at),
      kind: shape === undefined ? (isList ? "list" : "value") : isAbsent ? "absent section" : "section",
    };
  });
}

/** A setting without effect says so itself. */
function describe(schema: z.ZodType): string {
  const { description = "", ignored } = schema.meta() ?? {};
  return typeof ignored === "string" ? `${description} Without effect: ${ignored}.` : description;
}

/** Undefined where a value must be given. */
function defaultOf(schema: z.ZodType): unknown {
  const result = schema.safeParse(undefined);
  return result.success ? result.data : undefined;
}
