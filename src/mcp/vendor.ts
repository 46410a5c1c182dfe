/** The packages of the Model Context Protocol, which a program that does not serve it does not need. */
import { HeadraceError } from "../contracts/index.js";

/** Throws `part_missing` with the command that installs it. */
export async function loadMcp() {
  try {
    const [{ McpServer }, { StdioServerTransport, serveStdio }] = await Promise.all([
      import("@modelcontextprotocol/server"),
      import("@modelcontextprotocol/server/stdio"),
    ]);
    return { McpServer, StdioServerTransport, serveStdio };
  } catch (cause) {
    throw new HeadraceError("part_missing", "mcp: expected the package @modelcontextprotocol/server, found none", {
      cause,
      hint: "Run: npm install @modelcontextprotocol/server",
    });
  }
}
