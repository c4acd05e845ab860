import { Resolver } from "node:dns/promises";
import { WherefromError } from "@wherefrom/core";

/** How long one question waits, in milliseconds, and how often it is asked. */
const TIMEOUT_MS = 2000;
const TRIES = 2;

/** Asks these name servers, or the system's. Throws `ERR_WHEREFROM_INVALID_OPTION` for what `node:dns` does not take. */
export function resolverOf(servers: readonly string[] | undefined): Resolver {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  if (servers === undefined) return resolver;
  try {
    resolver.setServers(servers);
  } catch (cause) {
    throw new WherefromError(
      "ERR_WHEREFROM_INVALID_OPTION",
      `servers are IP addresses of name servers, as ["10.0.0.2", "10.0.0.2:5353"], and not ${JSON.stringify(servers)}`,
      { cause },
    );
  }
  return resolver;
}

/** What is answered; rejects with what is wrong, in words, whose cause is the error of `node:dns`. The question ends with `signal`. */
export async function answerOf<Answer>(
  resolver: Resolver,
  signal: AbortSignal,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  const cancel = (): void => resolver.cancel();
  signal.addEventListener("abort", cancel, { once: true });
  try {
    return await ask();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(FAILURES[code ?? ""] ?? `the question has failed (${code ?? String(error)})`, { cause: error });
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}

/** Codes of `node:dns`, in words. */
const FAILURES: Readonly<Record<string, string>> = {
  ENODATA: "the name has no record of this kind",
  ENOTFOUND: "the name does not exist (NXDOMAIN)",
  ESERVFAIL: "the name server has failed (SERVFAIL)",
  EREFUSED: "the name server refuses the question",
  ETIMEOUT: "no name server has answered in time",
  ECONNREFUSED: "no name server can be reached",
  EBADRESP: "the name server's answer is broken",
  EFORMERR: "the name server does not understand the question",
};
