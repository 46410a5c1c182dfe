/** Why answers have a status of a problem, for the OpenAPI document. */

/** Each operation lists those that it can give. */
export const reasons = {
  400: "The request is not valid HTTP, JSON or multipart.",
  401: "The request has no valid API key.",
  403: "The API key does not allow this operation, or the request comes from a web page of another origin.",
  404: "There is no such collection, object or model.",
  408: "The request did not arrive in time.",
  409: "The state of the collection, the job or the upload does not allow this operation.",
  412: "The server does not have this version of a protocol.",
  413: "The body, an image or the number of images is too large.",
  415: "The operation does not take a body of this media type.",
  422: "The request is well-formed, but its content is not valid.",
  423: "Another request uses the object.",
  424: "A server behind Headrace failed: the embedder, the store, or the web server of an image.",
  429: "The client sends too many requests.",
  431: "The address or the headers of the request are too large.",
  500: "The server failed.",
  503: "The server is overloaded or stopping.",
  507: "The disk is full.",
} as const;
export type ProblemStatus = keyof typeof reasons;
