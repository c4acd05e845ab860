import { readFileSync } from "node:fs";
import { invalidPolicy } from "@wherefrom/core/internal";

/** Where a secret stands: in a variable, or in a file, of which a line end at the end does not count. */
export type SecretReference = { readonly env: string } | { readonly file: string };

/** The secret that a reference names. Throws `ERR_WHEREFROM_INVALID_POLICY`, in whose text no secret stands. */
export function readSecret(reference: unknown, place: string, env: NodeJS.ProcessEnv): string {
  const { env: name, file } = (typeof reference === "object" && reference !== null ? reference : {}) as {
    readonly env?: unknown;
    readonly file?: unknown;
  };
  // The rest is no reference; what it holds may be the secret, and is not told.
  const isAlone = Object.keys(Object(reference)).length === 1;
  if (isAlone && typeof name === "string") {
    const secret = env[name];
    if (secret !== undefined && secret !== "") return secret;
    throw invalidPolicy(
      `${place}: the variable ${JSON.stringify(name)} is ${secret === undefined ? "not set" : "empty"}`,
    );
  }
  if (isAlone && typeof file === "string") {
    try {
      return readFileSync(file, "utf8").replace(/\r?\n$/, "");
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      throw invalidPolicy(`${place}: the file ${JSON.stringify(file)} cannot be read (${code})`, { cause });
    }
  }
  throw invalidPolicy(
    `${place}: a secret is not written into settings: write { "env": "ORIGIN_SECRET" } or { "file": "/run/secrets/origin" }`,
  );
}
