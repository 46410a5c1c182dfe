/** Gives every component the service: a client with the API key of this session, and what the service can do. */
import { type ComponentChildren, createContext } from "preact";
import { useContext, useEffect, useMemo, useState } from "preact/hooks";
import { Client, problemOf } from "./client.js";
import type { Problem, Service } from "./types.js";

interface ServiceState {
  readonly client: Client;
  readonly service: Service | null;
  readonly problem: Problem | null;
  readonly needsKey: boolean;
  readonly useKey: (key: string) => void;
  readonly forgetKey: () => void;
  /** Whether the API key of this session allows this, as far as it is known. */
  readonly may: (scope: Service["scopes"][number]) => boolean;
}

const Context = createContext<ServiceState | null>(null);
const keyName = "headrace-api-key";

export function ServiceProvider({ children }: { readonly children: ComponentChildren }) {
  const [apiKey, setApiKey] = useState(() => sessionStorage.getItem(keyName));
  const [needsKey, setNeedsKey] = useState(false);
  const [service, setService] = useState<Service | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const client = useMemo(() => new Client(apiKey, () => setNeedsKey(true)), [apiKey]);
  useEffect(() => {
    const leaving = new AbortController();
    client.service(leaving.signal).then(
      (found) => {
        setService(found);
        setProblem(null);
        setNeedsKey(false);
      },
      (error: unknown) => leaving.signal.aborted || setProblem(problemOf(error)),
    );
    return () => leaving.abort();
  }, [client]);
  const useKey = (key: string): void => {
    sessionStorage.setItem(keyName, key);
    setApiKey(key);
  };
  const forgetKey = (): void => {
    sessionStorage.removeItem(keyName);
    setService(null);
    setApiKey(null);
  };
  const may: ServiceState["may"] = (scope) => service?.scopes.includes(scope) === true;
  return <Context.Provider value={{ client, service, problem, needsKey, useKey, forgetKey, may }}>{children}</Context.Provider>;
}

export function useService(): ServiceState {
  const state = useContext(Context);
  if (state === null) throw new Error("useService: expected a ServiceProvider around the component, found none");
  return state;
}
