import type { ExpectedHop, Scene } from "./scene.ts";
import type { Stage } from "./stage.ts";

/** An address that nobody here has (RFC 5737): who claims it, lies. */
const FORGED = "203.0.113.66";
const GARBAGE = "<nobody>";

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
      title: "One proxy, an honest visitor",
      path: "visitor ─▶ edge ─▶ Express",
      url: stage.oneProxy.urlFor(visitor),
      from: visitor,
      headers: {},
      expected: { client: visitor, stop, hops: [atEdge, atVisitor], warnings: [] },
      moral: "The service's peer is the proxy. The proxy is trusted, so what it appended to X-Forwarded-For counts.",
    },
    {
      title: "Two proxies, an honest visitor",
      path: "visitor ─▶ edge ─▶ inner ─▶ node:http",
      url: stage.twoProxies.urlFor(visitor),
      from: visitor,
      headers: {},
      expected: throughTwo,
      moral: "Each machine vouches for the one behind it, from the nearest outwards.",
    },
    {
      title: "A trusted proxy passes on garbage of its own",
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
      moral: "No answer is better than a wrong one: garbage is never skipped to reach what stands behind it.",
    },
    {
      title: "X-Real-IP, and a visitor who forges it",
      path: "visitor ─▶ edge ─▶ Express",
      url: stage.realIp.urlFor(visitor),
      from: visitor,
      headers: { "X-Real-IP": FORGED, "X-Forwarded-For": FORGED },
      expected: { client: visitor, stop, hops: [atEdge, atVisitor], warnings: ["carrier-disagrees"] },
      moral:
        "This edge puts X-Real-IP in the place of what the visitor wrote. X-Forwarded-For is read by no rule here: a warning, no more.",
    },
  ];
  const apart: readonly Scene[] = [
    {
      title: "X-Forwarded-For forged, through both proxies",
      path: "visitor ─▶ edge ─▶ inner ─▶ node:http",
      url: stage.twoProxies.urlFor(visitor),
      from: visitor,
      headers: { "X-Forwarded-For": FORGED },
      expected: throughTwo,
      moral: `The walk ends at the visitor, because nothing that the visitor says counts: ${FORGED} is never looked at.`,
    },
    {
      title: "X-Forwarded-For forged, straight at the service",
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
      moral: "The peer is checked first. It is no proxy of ours, so its header changes nothing.",
    },
    {
      title: "Garbage from a visitor",
      path: "visitor ─▶ edge ─▶ Express",
      url: stage.oneProxy.urlFor(visitor),
      from: visitor,
      headers: { "X-Forwarded-For": `127.1, 0x7f.1, ::ffff:${FORGED}:80, "unknown, ,` },
      expected: { client: visitor, stop, hops: [atEdge, atVisitor], warnings: [] },
      moral: "Text is data: whatever a visitor writes stands left of what the edge appended.",
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
            moral: "The same walk: families may change from hop to hop.",
          },
        ];
  const shown = [...(isVisitorNamed ? [] : apart), ...overIpv6];
  return {
    scenes: [...always.slice(0, 2), ...shown, ...always.slice(2)],
    leftOut: apart.length + 1 - shown.length,
  };
}
