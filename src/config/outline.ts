/** Lists all settings of a schema, each with its description, allowed values and default. */
import type { z } from "zod";
import { settingsOf } from "./casing.js";
import { core } from "./schema-core.js";
import { takes } from "./schema-tree.js";

export interface OutlinedSetting {
  readonly key: string;
  /** The description of the setting. "" if the schema has no description. */
  readonly description: string;
  /** The allowed values in words, for example `a whole number, 1 to 65535`. */
  readonly takes: string;
  /** The default value. Undefined if the user must set a value, or if the setting is an alias. */
  readonly default: unknown;
  /** True if the setting is an alias for another setting. Configuration files of the Python service EmbeddingTrident use the alias. */
  readonly isOtherName: boolean;
  /** The settings in this section. For a list of sections: the settings in one entry of the list. */
  readonly inner: readonly OutlinedSetting[];
  readonly kind: "value" | "section" | "absent section" | "list";
}

export function outline(schema: z.ZodType): readonly OutlinedSetting[] {
  return settingsOf(schema).map(({ inFiles: key, schema: at }) => {
    const { shape, element } = core(at);
    const isList = shape === undefined && element !== undefined && core(element).shape !== undefined;
    const isAbsent = shape !== undefined && defaultOf(at) === null;
    return {
      key,
      description: at.description ?? "",
      takes: takes(at),
      default: at.meta()?.default ?? defaultOf(at),
      isOtherName: at.meta()?.deprecated === true,
      inner: isList ? outline(element) : outline(at),
      kind: shape === undefined ? (isList ? "list" : "value") : isAbsent ? "absent section" : "section",
    };
  });
}

function defaultOf(schema: z.ZodType): unknown {
  const result = schema.safeParse(undefined);
  return result.success ? result.data : undefined;
}
