/** Loads something when a component appears, and again when what it depends on changes. */
import { type Inputs, useCallback, useEffect, useRef, useState } from "preact/hooks";
import { problemOf } from "./client.js";
import type { Problem } from "./types.js";

export interface Loaded<T> {
  readonly value: T | null;
  readonly problem: Problem | null;
  readonly isLoading: boolean;
  readonly reload: () => void;
}

/** Keeps the last value while the next one loads, so that nothing flickers, and when loading the same again fails. */
export function useLoaded<T>(load: (signal: AbortSignal) => Promise<T>, inputs: Inputs): Loaded<T> {
  const [turn, setTurn] = useState(0);
  const [state, setState] = useState<Omit<Loaded<T>, "reload">>({ value: null, problem: null, isLoading: true });
  const loadedTurn = useRef(0);
  useEffect(() => {
    const isSame = loadedTurn.current !== turn;
    loadedTurn.current = turn;
    const leaving = new AbortController();
    setState((last) => ({ ...last, isLoading: true }));
    load(leaving.signal).then(
      (value) => leaving.signal.aborted || setState({ value, problem: null, isLoading: false }),
      (error: unknown) =>
        leaving.signal.aborted || setState(({ value }) => ({ value: isSame ? value : null, problem: problemOf(error), isLoading: false })),
    );
    return () => leaving.abort();
  }, [...inputs, turn]);
  const reload = useCallback(() => setTurn((last) => last + 1), []);
  return { ...state, reload };
}
