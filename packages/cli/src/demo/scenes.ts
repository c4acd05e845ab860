import type { ExpectedHop, Scene } from "./scene.ts";
import type { Stage } from "./stage.ts";

/** A documentation address (RFC 5737), which no machine here has: a request that names it is spoofed. */
const FORGED = "203.0.113.66";
const GARBAGE = "<garbage>";

/** What the demo shows on this machine, in order, and how many scenes it leaves out for want of addresses. */
export function scenesOf(stage: Stage): { readonly scenes: readonly Scene[]; readonly leftOut: number } {
  const { visitor, edge, inner, visitor6, kind } = stage.loopback;
  // Where all machines have one address, the rule that names the proxies names the visitor as well.
  const isVisitorNamed = kind === "single";
  const stop = isVisitorNamed ? "path-exhausted" : "untrusted-hop";
  const atVisitor: ExpectedHop = { who: visitor, verdict: isVisitorNamed ? "believed" : "no-rule" };
  const atEdge: ExpectedHop = { who: edge, verdict: "believed" };
  const atInner: ExpectedHop = { who: inner, verdict: "believed" };
  const throughTwo = { client: visitor, stop, hops: [atInner, atEdge, atVisitor], warnings: [] } as const;

  const always: readonly Scene[] = [
    {
      title: "One proxy, no spoofing",
      path: "visitor ─▶ edge ─▶ Express",
      url: stage.oneProxy.urlFor(visitor),
      from: visitor,
      headers: {},
      expected: { client: visitor, stop, hops: [atEdge, atVisitor], warnings: [] },
      moral: "The service's peer is the proxy. The proxy is trusted, so what it appended to X-Forwarded-For counts.",
    },
    {
      title: "Two proxies, no spoofing",
      path: "visitor ─▶ edge ─▶ inner ─▶ node:http",
      url: stage.twoProxies.urlFor(visitor),
      from: visitor,
      headers: {},
      expected: throughTwo,
      moral: "Each trusted proxy names the one behind it, starting with the nearest.",
    },
    {
      title: "A trusted proxy sends an invalid address",
      path: "edge ─▶ inner ─▶ node:http",
      url: stage.inner.urlFor(edge),
      from: edge,
      headers: { "X-Forwarded-For": GARBAGE },
      expected: {
        client: undefined,
        stop: "malformed-hop",
        hops: [atInner, atEdge, { who: GARBAGE, verdict: "not-an-address" }],
        warnings: [],
      },
      moral: "No answer is better than a wrong one: an invalid entry is never skipped to reach the entries behind it.",
    },
    {
      title: "X-Real-IP, spoofed by the visitor",
      path: "visitor ─▶ edge ─▶ Express",
      url: stage.realIp.urlFor(visitor),
      from: visitor,
      headers: { "X-Real-IP": FORGED, "X-Forwarded-For": FORGED },
      expected: { client: visitor, stop, hops: [atEdge, atVisitor], warnings: ["carrier-disagrees"] },
      moral:
        "This edge overwrites the visitor's X-Real-IP. No rule reads X-Forwarded-For here, so it only causes a warning.",
    },
  ];
  const apart: readonly Scene[] = [
    {
      title: "X-Forwarded-For spoofed, through both proxies",
      path: "visitor ─▶ edge ─▶ inner ─▶ node:http",
      url: stage.twoProxies.urlFor(visitor),
      from: visitor,
      headers: { "X-Forwarded-For": FORGED },
      expected: throughTwo,
      moral: `The visitor is not trusted, so reading stops there: ${FORGED} is never read.`,
    },
    {
      title: "X-Forwarded-For spoofed, sent directly to the service",
      path: "visitor ─▶ node:http",
      url: stage.plain.urlFor(visitor),
      from: visitor,
      headers: { "X-Forwarded-For": `${FORGED}, ${edge}` },
      expected: {
        client: visitor,
        stop: "untrusted-hop",
        hops: [{ who: visitor, verdict: "no-rule" }],
        warnings: ["header-from-untrusted-peer"],
      },
      moral: "The peer is checked first. It is not a trusted proxy, so its header is ignored.",
    },
    {
      title: "An invalid header from a visitor",
      path: "visitor ─▶ edge ─▶ Express",
      url: stage.oneProxy.urlFor(visitor),
      from: visitor,
      headers: { "X-Forwarded-For": `127.1, 0x7f.1, ::ffff:${FORGED}:80, "unknown, ,` },
      expected: { client: visitor, stop, hops: [atEdge, atVisitor], warnings: [] },
      moral: "All text from a visitor stands left of the address that the edge appends, so it is never read.",
    },
  ];
  const overIpv6: readonly Scene[] =
    visitor6 === undefined
      ? []
      : [
          {
            title: "A visitor over IPv6",
            path: "visitor ─▶ edge ─▶ inner ─▶ node:http",
            url: stage.twoProxies.urlFor(visitor6),
            from: visitor6,
            headers: {},
            expected: {
              ...throughTwo,
              client: visitor6,
              hops: [atInner, atEdge, { who: visitor6, verdict: "no-rule" }],
            },
            moral: "IPv4 and IPv6 hops can be mixed.",
          },
        ];
  const shown = [...(isVisitorNamed ? [] : apart), ...overIpv6];
  return {
    scenes: [...always.slice(0, 2), ...shown, ...always.slice(2)],
    leftOut: apart.length + 1 - shown.length,
  };
}
