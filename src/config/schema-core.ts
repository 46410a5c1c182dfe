/** What is inside a zod schema: the keys of a section, the elements of a list. */
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

/** Steps inside defaults, null, optionals and pipes, to the schema that has keys or elements. */
export function core(schema: z.ZodType): z.ZodType & Inner {
  const { def } = schema as Inner;
  const next = def?.type === "pipe" ? (isBroughtIntoForm(def) ? def.out : def.in) : def?.innerType;
  return next === undefined ? (schema as z.ZodType & Inner) : core(next);
}

/** A value that is brought into form first: what may stand there is what the form takes. */
export function isBroughtIntoForm(def: Inner["def"]): boolean {
  return def?.type === "pipe" && (def.in as Inner).def?.type === "transform";
}
