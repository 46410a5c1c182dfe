/**
 * One process of the test of re-embedding: `node process.js ROLE TASK [ROWS]`. Prints JSON lines; ends when its input ends. With ROWS, a
 * re-embedding kills itself (-9) when it has stored this many rows.
 */
import { clients, insert, type Role, reembed, search, type Task } from "./processes.js";

const [role = "", text = "{}", rows = "Infinity"] = process.argv.slice(2);
const task = JSON.parse(text) as Task;
const stop = new AbortController();
process.stdin.resume().once("end", () => stop.abort());

const print = (value: object): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

switch (role as Role) {
  case "searchers":
    print({
      report: await search(
        task,
        stop.signal,
        whenAllHave(() => print({ began: true })),
      ),
    });
    break;
  case "inserter":
    print({ report: await insert(task, stop.signal) });
    break;
  case "reembed":
    print({
      report: await reembed(task, (stored) => {
        if (stored >= Number(rows)) process.kill(process.pid, "SIGKILL");
      }),
    });
    process.stdin.pause();
    break;
}

/** Calls `then` when each client has searched. */
function whenAllHave(then: () => void): (client: number) => void {
  const seen = new Set<number>();
  return (client) => {
    if (seen.size === clients) return;
    seen.add(client);
    if (seen.size === clients) then();
  };
}
