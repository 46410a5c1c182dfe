/** Defaults of the sharp settings. They are apart from the schema, so that decode workers need not load the schema's library. */
export const sharpDefaults = { maxPixels: 268_402_689, decodeBudgetMb: 256, damaged: "refuse", svg: "refuse" } as const;
