/** All routes of the service. */
import { installedPackage } from "./installed-package.js";
import type { ReadinessCheck } from "./readiness.js";
import type { Route } from "./route.js";
import { collectionRoutes } from "./routes/collections.js";
import { healthRoutes } from "./routes/health.js";
import { imageRoutes } from "./routes/images.js";
import { pictureRoutes } from "./routes/pictures.js";
import { searchRoutes } from "./routes/search.js";
import { serviceRoutes } from "./routes/service.js";
import { Thumbnails } from "./thumbnails.js";

export function allRoutes(readiness: ReadinessCheck): readonly Route[] {
  return [
    ...healthRoutes(readiness),
    ...serviceRoutes(installedPackage().version),
    ...collectionRoutes,
    ...imageRoutes,
    ...pictureRoutes(new Thumbnails()),
    ...searchRoutes,
  ];
}
