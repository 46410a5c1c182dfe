/** The collections as tools of a language model: a server of the Model Context Protocol, which only reads. */
export { type McpStreams, serveMcp } from "./server.js";
