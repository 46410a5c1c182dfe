/** Gives access to the internal structure of a zod schema: the keys of a section, and the elements of a list. */
import type * as z from "zod";

export interface Inner {
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly element?: z.ZodType;
  readonly def?: {
    readonly type?: string;
    readonly innerType?: z.ZodType;
    readonly in?: z.ZodType;
    readonly out?: z.ZodType;
    readonly items?: readonly z.ZodType[];
  };
}

/** Removes the wrappers that zod adds for `default`, `nullable`, `optional` and `pipe`. Returns the schema that has keys or elements. */
export function core(schema: z.ZodType): z.ZodType & Inner {
  const { def } = schema as Inner;
  const next = def?.type === "pipe" ? (isPreprocessed(def) ? def.out : def.in) : def?.innerType;
  return next === undefined ? (schema as z.ZodType & Inner) : core(next);
}

/** Returns true if the schema was created by `z.preprocess`. The output schema then describes the allowed values. */
export function isPreprocessed(def: Inner["def"]): boolean {
  return def?.type === "pipe" && (def.in as Inner).def?.type === "transform";
}
