/** All pages that are made from code. */
import { errorsPage } from "./errors.js";
import type { ReferencePage } from "./page.js";

export const referencePages: readonly ReferencePage[] = [errorsPage];
