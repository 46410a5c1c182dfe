/** All routes of the service. */
import type { ReadinessCheck } from "./readiness.js";
import type { Route } from "./route.js";
import { collectionRoutes } from "./routes/collections.js";
import { healthRoutes } from "./routes/health.js";
import { imageRoutes } from "./routes/images.js";
import { jobRoutes } from "./routes/jobs.js";
import { searchRoutes } from "./routes/search.js";

export function allRoutes(readiness: ReadinessCheck): readonly Route[] {
  return [...healthRoutes(readiness), ...collectionRoutes, ...imageRoutes, ...searchRoutes, ...jobRoutes];
}
