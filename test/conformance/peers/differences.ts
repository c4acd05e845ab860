import type { PolicyOptions } from "@wherefrom/core";

/**
 * Where a request behind an adapter answers something else than the framework would under its own trust setting, by decision. Each stands in docs/reference/request-properties.md under
 * its name.
 */
export const DIFFERENCES = [
  "names-are-no-addresses",
  "farthest-believed-machine",
  "http-or-https",
  "userinfo-is-no-host",
] as const;

export type Difference = (typeof DIFFERENCES)[number];

/** What a framework's own test expects of one property of one request. */
export interface Value {
  /** File and title of the test that the value is from. */
  readonly from: string;
  /** The framework's trust setting; absent where the test leaves it at its default. */
  readonly trust?: true | number | string;
  readonly lines: readonly (readonly [name: string, value: string])[];
  readonly property: string;
  readonly expected: unknown;
  readonly ours?: { readonly value: unknown; readonly because: Difference };
}

/** A `trust proxy` (or `app.proxy`) as a policy: an address says where to look, and everything that the framework would read is vouched for. */
export function trustOptions(trust: true | number | string | undefined): PolicyOptions {
  if (trust === undefined) return { trust: [] };
  const more = { origin: ["x-forwarded-proto", "x-forwarded-host"], originIsPrivate: true } as const;
  if (typeof trust === "number") return { hops: trust, peers: ["127.0.0.0/8"], from: "x-forwarded-for", ...more };
  return { trust: trust === true ? ["0.0.0.0/0", "::/0"] : [trust], from: "x-forwarded-for", ...more };
}
