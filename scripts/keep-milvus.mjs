/** Keeps one Milvus for all files that use it. Otherwise the last user of each file would end it, and the next file would start another. */
import { spawn } from "node:child_process";
import { once } from "node:events";

/** Starts Milvus beside what goes on. Returns a function that ends it, unless it ran before or is a server of somebody else. */
export function keepMilvus() {
  if (process.env["HEADRACE_MILVUS_ADDRESS"] !== undefined) return async () => {};
  const started = milvus("status").then((text) => (text.includes("does not run") ? milvus("start") : null));
  const end = async () => {
    for (const signal of stopSignals) process.off(signal, endAndExit);
    if ((await started) !== null) await milvus("stop");
  };
  const endAndExit = () => void end().then(() => process.exit(1));
  for (const signal of stopSignals) process.once(signal, endAndExit);
  return end;
}

const stopSignals = ["SIGINT", "SIGTERM"];

/** What the command prints. Where Milvus cannot run, the tests that need it say so. */
async function milvus(verb) {
  const child = spawn(process.execPath, ["build/test/support/services/milvus.cli.js", verb], {
    stdio: ["ignore", "pipe", "ignore"],
    // Ctrl-C goes to the processes of the terminal, and this one has to end the server then.
    detached: true,
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part) => (text += part));
  await once(child, "close");
  return text;
}
