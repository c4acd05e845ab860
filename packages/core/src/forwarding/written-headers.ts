import type { OriginForm } from "../policy/origin-header.ts";
import type { Policy } from "../policy/policy.ts";
import type { Rule } from "../policy/rule.ts";
import type { Origin } from "../resolution/origin.ts";
import type { Resolution } from "../resolution/resolution.ts";
import { UNTOUCHED_NAMES } from "./published-names.ts";

/** What is written of a request: names and values in turn. */
export type Lines = readonly string[];

/** The names that are always written, as applications and logs know them. */
const FOR = "X-Forwarded-For";
const REAL_IP = "X-Real-IP";

/** The headers that say what a policy proves: the client, or else the farthest machine that could be verified, in one element; protocol, host and port where a believed machine names them. */
export class WrittenHeaders {
  /** All that may be written, in lower case. */
  readonly names: readonly string[];
  readonly #addresses: readonly string[];
  readonly #endpoints: readonly string[];
  readonly #isForwarded: boolean;
  readonly #origins: readonly { readonly header: string; readonly form: OriginForm }[];

  constructor(policy: Policy, write: readonly string[], keep: readonly string[]) {
    const rules = policy.rules.filter((rule) => rule !== undefined);
    const carriers = rules.flatMap(({ carrier, agreeing, appends }) => [carrier, ...agreeing, ...appends]);
    const endpoints = new Set(
      carriers.flatMap((carrier) => (carrier?.form === "address:port" ? [carrier.header] : [])),
    );
    const isWritable = (name: string): boolean => !keep.includes(name) && !UNTOUCHED_NAMES.includes(name);
    const names = new Set([...policy.headers, ...write].filter(isWritable));
    this.#isForwarded = names.delete("forwarded");
    this.#endpoints = [...names].filter((name) => endpoints.has(name));
    this.#addresses = [
      ...[FOR, REAL_IP].filter((name) => isWritable(name.toLowerCase())),
      ...[...names].filter((name) => !endpoints.has(name) && name !== "x-forwarded-for" && name !== "x-real-ip"),
    ];
    this.#origins = originsOf(rules).filter(({ header }) => isWritable(header));
    this.names = [
      ...this.#addresses,
      ...this.#endpoints,
      ...(this.#isForwarded ? ["forwarded"] : []),
      ...this.#origins.map(({ header }) => header),
    ].map((name) => name.toLowerCase());
  }

  /** `origin` is left out where nothing that the policy reads can have told one. */
  linesOf({ client, nearest }: Resolution, origin: Origin | undefined): Lines {
    const lines: string[] = [];
    const end = client ?? nearest;
    if (end !== undefined) {
      const { address, port } = end;
      for (const name of this.#addresses) lines.push(name, address);
      if (port !== undefined) for (const name of this.#endpoints) lines.push(name, `${address}:${port}`);
      if (this.#isForwarded) lines.push("Forwarded", forwardedText(address, origin));
    }
    if (origin === undefined) return lines;
    for (const { header, form } of this.#origins) {
      const value = originText(origin, form);
      if (value !== undefined) lines.push(header, value);
    }
    return lines;
  }
}

/** The usual three, and what the rules read themselves. */
function originsOf(rules: readonly Rule[]): readonly { readonly header: string; readonly form: OriginForm }[] {
  const usual = [
    { header: "X-Forwarded-Proto", form: "scheme" },
    { header: "X-Forwarded-Host", form: "host" },
    { header: "X-Forwarded-Port", form: "port" },
  ] as const;
  const own = rules.flatMap(({ origin }) => origin);
  return [
    ...usual,
    ...own.filter(
      ({ header }, index) =>
        usual.every((known) => known.header.toLowerCase() !== header) &&
        own.findIndex((other) => other.header === header) === index,
    ),
  ];
}

/** The host is the client's own word unless a believed machine names it. */
function originText({ protocol, host, hostFrom, port }: Origin, form: OriginForm): string | undefined {
  switch (form) {
    case "scheme":
      return protocol;
    case "switch":
      return protocol === undefined ? undefined : protocol === "https" ? "on" : "off";
    case "host":
      return hostFrom === "hop" ? host : undefined;
    case "port":
      return port === undefined ? undefined : String(port);
  }
}

/** One element of RFC 7239. What is no token stands in quotes: an IPv6 address, and a host with its port. */
function forwardedText(address: string, origin: Origin | undefined): string {
  const node = address.includes(":") ? `"[${address}]"` : address;
  const host = origin?.hostFrom === "hop" && origin.host !== undefined ? `;host="${origin.host}"` : "";
  const protocol = origin?.protocol === undefined ? "" : `;proto=${origin.protocol}`;
  return `for=${node}${host}${protocol}`;
}
