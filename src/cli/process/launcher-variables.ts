/** The environment variables that the launcher sets, because they must be set before Node starts. Imports only Node's own modules. */
import { availableParallelism } from "node:os";

const maxPoolThreads = 64;
const defaultPoolThreads = 4;

export function launcherVariables(): Readonly<Record<string, string>> {
  return {
    // Image decoding uses one thread of Node's thread pool per core. Four more threads, Node's default, remain for file access.
    UV_THREADPOOL_SIZE: String(Math.min(maxPoolThreads, availableParallelism() + defaultPoolThreads)),
    // By default, glibc gives each thread its own memory arena, which wastes memory. Measured after 200,000 rows in LanceDB: 490 MB instead
    // of 959 MB.
    MALLOC_ARENA_MAX: "2",
    // glibc keeps freed buffers up to 32 MB for later use. With this limit, larger buffers go back to the system. Measured after 300,000 rows
    // in LanceDB, with the merging of files and the vector index: 516 MB instead of 749 MB.
    MALLOC_MMAP_THRESHOLD_: String(4 * 1024 * 1024),
    // glibc keeps small freed pieces in lists, and joins all of them whenever a large piece is freed. The main thread does so for each batch,
    // with the pieces of all threads of its arena. Measured with Triton and Milvus: 15 % less time of the main thread without these lists.
    GLIBC_TUNABLES: "glibc.malloc.mxfast=0",
    // The AWS client prints advice for developers about later versions of Node.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
  };
}
