/** Which route a request asks for, and what follows from it before the body is read. */
import type { FastifyRequest } from "fastify";
import { Refused } from "../wire/problems.js";
import type { Route } from "./route.js";

/** OpenAPI writes a parameter as `{name}`, Fastify as `:name`. */
export const routerPath = ({ path }: Route): string => path.replace(/\{(\w+)\}/g, ":$1");

export class Routing {
  readonly #routes: readonly Route[];
  readonly #byPath: ReadonlyMap<string, Route>;

  constructor(routes: readonly Route[]) {
    this.#routes = routes;
    this.#byPath = new Map(routes.map((each) => [`${each.method} ${routerPath(each)}`, each]));
  }

  /** The route that the request asks for. */
  of({ method, routeOptions: { url } }: FastifyRequest): Route | undefined {
    return this.#byPath.get(`${method} ${url}`);
  }

  /** Checks of health do not count as requests of a client. */
  isCounted(request: FastifyRequest): boolean {
    const found = this.of(request);
    return found !== undefined && (found.scope !== null || found.tag === "Reference");
  }

  /** Many clients name the type of a body that they do not send. */
  isBodyOptional(request: FastifyRequest): boolean {
    const { body } = this.of(request) ?? {};
    return body === undefined || body.safeParse({}).success;
  }

  /** Whether the body may be of any size, because it is read as it arrives. */
  isUpload(request: FastifyRequest): boolean {
    const { stream, bytes } = this.of(request) ?? {};
    return stream !== undefined || bytes !== undefined;
  }

  /** Probes and scrapes come every few seconds, and would hide what people ask for. */
  isTraced(request: FastifyRequest): boolean {
    const found = this.of(request);
    return found !== undefined && found.tag !== "Health";
  }

  /** Returns `method_not_allowed` if the path has other methods, otherwise `route_not_found`. */
  unknown({ url, method }: FastifyRequest): Refused {
    const [path = ""] = url.split("?");
    const matching = this.#routes.filter((each) => pathPattern(each.path).test(path));
    // OpenAPI puts a path without parameters before one with them.
    const fewest = Math.min(...matching.map(parametersIn));
    const found = matching.filter((each) => parametersIn(each) === fewest);
    const methods = found.map((each) => each.method);
    if (methods.length === 0) return new Refused("route_not_found");
    return new Refused("method_not_allowed", `method: expected ${methods.join(" or ")}, found ${method}.`, {
      headers: { allow: methods.join(", ") },
    });
  }
}

const parametersIn = ({ path }: Route): number => path.split("{").length;

const pathPattern = (path: string): RegExp => new RegExp(`^${path.replace(/\{\w+\}/g, "[^/]+")}$`);
