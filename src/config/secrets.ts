/** Removes secrets from values before they are shown to a user. */

const secretNames = /(^|[._])(token|password|secret|secret_?key|api_?key|access_?key)$|(^|\.)headers(\.|$)/i;
const maxShownLength = 80;

function isSecret(path: string): boolean {
  return secretNames.test(path);
}

/** Replaces secrets by `***`. Nested sections and addresses such as `https://user:password@host` are included. */
export function withoutSecrets(value: unknown, path: string): unknown {
  if (isSecret(path) && !isEmpty(value)) return "***";
  if (typeof value === "string") return textWithoutSecrets(value);
  if (Array.isArray(value)) return value.map((part) => withoutSecrets(part, path));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutSecrets(inner, `${path}.${key}`)]));
}

/** A password in an address is before its host, or a parameter. */
function textWithoutSecrets(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^/\s@]*:[^/\s@]*@/i, "$1***@").replace(/([?&](?:ssl)?password=)[^&\s]+/gi, "$1***");
}

function isEmpty(value: unknown): boolean {
  return value === null || value === "" || (typeof value === "object" && Object.keys(value).length === 0);
}

/** Formats a value for a message. The text is shortened and contains no secrets. */
export function shown(value: unknown, path: string): string {
  if (value === undefined || value === null) return "nothing";
  if (isSecret(path)) return "a secret that is not shown";
  const text = JSON.stringify(withoutSecrets(value, path)) ?? String(value);
  return text.length <= maxShownLength ? text : `${text.slice(0, maxShownLength)}…`;
}
