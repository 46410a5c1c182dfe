/** What the server has answered as stored or deleted: the rows that may be there, by id. */

/** What is known of a row by its answer: null if there is none. */
export type RowState = string | null;

interface Known {
  /** More than one after a request that was not answered: nobody knows whether it was done. */
  states: ReadonlySet<RowState>;
  /** The life of the server in which an unanswered request may still be done; -1 if there is none. */
  openIn: number;
}

/** One client at a time changes a row. */
export class Ledger {
  readonly #rows = new Map<string, Known>();

  /** The state of a row, undefined if it is not certain. */
  certain(id: string): RowState | undefined {
    const { states } = this.#of(id);
    const [state = null] = states;
    return states.size === 1 ? state : undefined;
  }

  get ids(): readonly string[] {
    return [...this.#rows.keys()];
  }

  allows(id: string, state: RowState): boolean {
    return this.#of(id).states.has(state);
  }

  expected(id: string): string {
    return [...this.#of(id).states].join(" or ");
  }

  /** The server has answered. What it was asked before in another life is over. */
  answered(id: string, state: RowState, life: number): void {
    const known = this.#of(id);
    const isClosed = known.openIn < life;
    this.#rows.set(id, isClosed ? { states: new Set([state]), openIn: -1 } : { ...known, states: new Set([...known.states, state]) });
  }

  /** No answer came, so both states are possible. `until`: the life in which the server may still do it. */
  unanswered(id: string, state: RowState, until: number): void {
    const { states, openIn } = this.#of(id);
    this.#rows.set(id, { states: new Set([...states, state]), openIn: Math.max(openIn, until) });
  }

  #of(id: string): Known {
    return this.#rows.get(id) ?? { states: new Set([null]), openIn: -1 };
  }
}
