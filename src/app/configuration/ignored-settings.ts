/** Settings of the Python service that have no effect here. The guide for users of that service says why. */
import type { IgnoredSettings } from "../../config/index.js";

export const ignoredSettings = {
  "preprocess.jax_platform": null,
  "collections.*.schema.fields.*.auto_id": false,
  "collections.*.schema.fields.*.dim": null,
  "collections.*.index.field_name": null,
  cache_compiled_functions: true,
} as const satisfies IgnoredSettings;
