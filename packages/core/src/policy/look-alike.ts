/** Most hyphens that are varied. Real address headers have up to three; each more triples the number of names. */
const HYPHEN_LIMIT = 4;
const SEPARATORS = ["-", "_", "."] as const;

/**
 * The names that gateways to CGI, PHP or WSGI take for `header`, because they write "-", "_" and "." alike (RFC 3875, 4.1.18): a client gets its own
 * text past a proxy that removes `header` only. Here they are other headers, and never read.
 */
export function lookAlikesOf(header: string): readonly string[] {
  const parts = header.split("-");
  if (parts.length - 1 > HYPHEN_LIMIT) return [parts.join("_"), parts.join(".")];
  const [first = "", ...rest] = parts;
  let names = [first];
  for (const part of rest) names = names.flatMap((name) => SEPARATORS.map((separator) => name + separator + part));
  return names.filter((name) => name !== header);
}
