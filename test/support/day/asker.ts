/** Sends requests, counts them, and notes each answer that nothing explains. */
import type { DayServer, Life } from "./day-server.js";

export interface Question {
  readonly body?: object | string | FormData | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /** The client goes away after so long. */
  readonly leaveAfterMs?: number;
  /** What is right: an answer of success, one that refuses, or any but a failure of the server. Default "done". */
  readonly expected?: "done" | "refused" | "any";
}

export interface Answer {
  /** 0: no answer came, because the server was killed or the client has left. */
  readonly status: number;
  readonly life: Life;
  readonly headers: Headers | null;
  // biome-ignore lint/suspicious/noExplicitAny: the test compares what came with what it expects
  readonly body: any;
}

interface Milestone {
  readonly at: number;
  readonly reached: () => void;
}

export class Asker {
  /** How often which status came for which kind of request. */
  readonly tally = new Map<string, number>();
  readonly surprises: string[] = [];
  #asked = 0;
  #milestones: Milestone[] = [];

  constructor(readonly server: DayServer) {}

  get asked(): number {
    return this.#asked;
  }

  /** Resolves when so many requests have ended. */
  after(count: number): Promise<void> {
    return new Promise((reached) => {
      if (this.#asked >= count) reached();
      else this.#milestones.push({ at: count, reached });
    });
  }

  async ask(kind: string, method: string, path: string, question: Question = {}): Promise<Answer> {
    const { body, headers = {}, leaveAfterMs, expected = "done" } = question;
    const life = await this.server.life();
    const startedMs = performance.now();
    const isAsItIs = typeof body === "string" || body instanceof FormData || Buffer.isBuffer(body);
    const isJson = typeof body === "string" || (body !== undefined && !isAsItIs);
    try {
      const response = await fetch(`${life.url}${path}`, {
        method,
        headers: { ...(isJson ? { "content-type": "application/json" } : {}), ...headers },
        ...(body === undefined ? {} : { body: isAsItIs ? body : JSON.stringify(body) }),
        signal: AbortSignal.timeout(leaveAfterMs ?? patienceMs),
      });
      const text = await response.text();
      const { status } = response;
      this.#count(kind, status);
      const isExplained =
        (status === 507 && this.server.wasFullSince(startedMs)) || (status === 503 && this.server.isOver(life)) || fits(status, expected);
      if (!isExplained) this.surprised(`${kind}: ${method} ${path}: ${status} ${text.slice(0, 300)}`);
      return {
        status,
        life,
        headers: response.headers,
        body: /json/.test(response.headers.get("content-type") ?? "") ? JSON.parse(text) : text,
      };
    } catch (error) {
      const { name, message, cause } = error as Error;
      this.#count(kind, name);
      const hasLeft = leaveAfterMs !== undefined && name === "TimeoutError";
      if (!hasLeft && !this.server.isOver(life)) this.surprised(`${kind}: ${method} ${path}: ${name} ${message} ${cause}`);
      return { status: 0, life, headers: null, body: null };
    }
  }

  /** Notes what must not happen. */
  surprised(text: string): void {
    this.surprises.push(`request ${this.#asked}: ${text}`);
  }

  #count(kind: string, ending: number | string): void {
    const name = `${kind} ${ending}`;
    this.tally.set(name, (this.tally.get(name) ?? 0) + 1);
    this.#asked += 1;
    const reached = this.#milestones.filter(({ at }) => at <= this.#asked);
    this.#milestones = this.#milestones.filter(({ at }) => at > this.#asked);
    for (const each of reached) each.reached();
  }
}

/** Longer than the server waits for anything. */
const patienceMs = 60_000;

function fits(status: number, expected: "done" | "refused" | "any"): boolean {
  if (expected === "done") return status < 300;
  return status < 500 && (expected === "any" || status >= 400);
}
