/** Who is who: on loopback every machine has an address of its own, so that they can be told apart. Linux answers for all of 127.0.0.0/8. */
export const MACHINES = {
  visitor: "127.0.0.2",
  otherVisitor: "127.0.0.3",
  nginx: "127.0.1.1",
  haproxy: "127.0.2.1",
  service: "127.0.3.1",
} as const;

/** The only other machine that IPv6's loopback has. */
export const LOCALHOST6 = "::1";

/** Who claims to be this one lies: nobody has it (RFC 5737). */
export const FORGED = "203.0.113.66";

/** What the visitor asks for. */
export const HOST = "shop.example";

/** The two proxies under test. */
export type Proxy = "nginx" | "haproxy";

/** What both proxies set on every request, so that a policy may vouch for it. */
export const ORIGIN = ["x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"] as const;

/** How proxies tell who asked. */
export type CarrierName = "x-forwarded-for" | "x-real-ip";

/** The field of its response in which each proxy tells whom it takes for the client. */
export const PEER_FIELDS = { nginx: "x-nginx-remote-addr", haproxy: "x-haproxy-src" } as const;
