import { describe, expect, test } from "vitest";
import { createPeerMemory } from "../evidence/peer-memory.ts";
import type { Connection } from "../evidence/evidence.ts";
import { compilePolicy } from "../policy/policy.ts";
import type { PolicyOptions } from "../policy/policy-options.ts";
import { resolve } from "../resolution/resolution.ts";
import { checkNormalizeOptions, type NormalizeOptions } from "./normalize-options.ts";
import { headersOfLines, Normalizer } from "./normalizer.ts";
import { ADDRESS_NAMES, ORIGIN_NAMES } from "./published-names.ts";

const PROXY = "10.1.2.3";

function connectionFrom(peer: string | undefined): Connection {
  return { transport: "tcp", peer, peerPort: 4711, claims: [], memory: createPeerMemory() };
}

/** The lines that an application sees of a request with these, and what the policy answers. */
function seen(
  policyOptions: PolicyOptions,
  lines: readonly string[],
  options: NormalizeOptions = {},
  peer: string | undefined = PROXY,
): string[] {
  const policy = compilePolicy(policyOptions);
  const normalizer = new Normalizer(policy, options);
  const { evidence, kept } = normalizer.sift(lines, lines.length);
  const resolution = resolve({ connection: connectionFrom(peer), headers: evidence, rawHeaders: lines }, policy);
  return [...kept, ...normalizer.linesOf(resolution, evidence, false)];
}

const NGINX: PolicyOptions = { trust: [PROXY], from: "x-forwarded-for" };

test("one element of X-Forwarded-For and X-Real-IP name the client that the policy proves", () => {
  expect(seen(NGINX, ["Host", "a", "X-Forwarded-For", "6.6.6.6, 192.0.2.7", "X-Real-IP", "6.6.6.6"])).toEqual([
    "Host",
    "a",
    "X-Forwarded-For",
    "192.0.2.7",
    "X-Real-IP",
    "192.0.2.7",
  ]);
});

test("of a client that connects by itself they name the peer, whatever it says", () => {
  expect(seen(NGINX, ["x-forwarded-for", "6.6.6.6"], {}, "198.51.100.9")).toEqual([
    "X-Forwarded-For",
    "198.51.100.9",
    "X-Real-IP",
    "198.51.100.9",
  ]);
});

test("where the client is unknown they name the farthest machine that could be verified", () => {
  expect(seen(NGINX, ["x-forwarded-for", "192.0.2.7, garbage"])).toEqual([
    "X-Forwarded-For",
    PROXY,
    "X-Real-IP",
    PROXY,
  ]);
});

test("without any address nothing is written, and the headers are removed still", () => {
  const policy = compilePolicy(NGINX);
  const normalizer = new Normalizer(policy);
  const gone: Connection = { ...connectionFrom(undefined), peer: undefined, peerPort: undefined };
  const resolution = resolve({ connection: gone, headers: {} }, policy);
  expect(normalizer.linesOf(resolution, {}, false)).toEqual([]);
  expect(normalizer.strip(["x-forwarded-for", "6.6.6.6", "accept", "*/*"], 4)).toEqual(["accept", "*/*"]);
});

describe("look-alikes", () => {
  test.each([
    "X_Forwarded.For",
    "x-forwarded_for",
    "HTTP_X_FORWARDED_FOR",
    "x~forwarded-for",
    "CLIENT_IP",
    "http-client-ip",
  ])("%s is removed", (name) => {
    expect(seen(NGINX, [name, "6.6.6.6"], {}, "198.51.100.9")).not.toContain("6.6.6.6");
  });

  test("every name of the lists is removed in every spelling of its hyphens and letters", () => {
    const normalizer = new Normalizer(undefined);
    const through = [...ADDRESS_NAMES, ...ORIGIN_NAMES].flatMap((name) =>
      [
        name,
        name.toUpperCase(),
        name.replaceAll("-", "_"),
        name.replace("-", "."),
        `HTTP_${name.replaceAll("-", "_")}`,
      ].filter((spelling) => !normalizer.removes(spelling)),
    );
    expect(through).toEqual([]);
  });

  test.each([
    "Host",
    "x-request-id",
    "accept",
    "user-agent",
    "x-forwarded-prefix",
    "via",
    "__proto__",
    "",
    "x".repeat(300),
  ])("%j stays", (name) => {
    expect(new Normalizer(compilePolicy(NGINX)).removes(name)).toBe(false);
  });

  test("more spellings than are remembered change nothing", () => {
    const normalizer = new Normalizer(undefined);
    const letters = "xforwardedfor".split("");
    const spell = (bits: number): string => {
      const spelt = letters
        .map((letter, index) => (((bits >> index) & 1) === 1 ? letter.toUpperCase() : letter))
        .join("");
      return `${spelt[0]}-${spelt.slice(1, 10)}-${spelt.slice(10)}`;
    };
    const through = Array.from({ length: 2000 }, (_, bits) => spell(bits)).filter((name) => !normalizer.removes(name));
    expect(through).toEqual([]);
  });
});

describe("what the policy believes is written again", () => {
  test("a single header, with the client", () => {
    const policy: PolicyOptions = { trust: [PROXY], from: "cf-connecting-ip" };
    expect(seen(policy, ["CF-Connecting-IP", "192.0.2.7"])).toEqual([
      "X-Forwarded-For",
      "192.0.2.7",
      "X-Real-IP",
      "192.0.2.7",
      "cf-connecting-ip",
      "192.0.2.7",
    ]);
  });

  test("Forwarded, as RFC 7239 has it", () => {
    const policy: PolicyOptions = { trust: [PROXY], from: "forwarded" };
    expect(seen(policy, ["Forwarded", `for="[2001:db8::1]";proto=https;host="a.example:81"`])).toEqual([
      "X-Forwarded-For",
      "2001:db8::1",
      "X-Real-IP",
      "2001:db8::1",
      "Forwarded",
      `for="[2001:db8::1]";host="a.example:81";proto=https`,
      "X-Forwarded-Proto",
      "https",
      "X-Forwarded-Host",
      "a.example:81",
    ]);
  });

  test("a header with a port, where the port is known", () => {
    const policy: PolicyOptions = { trust: [PROXY], from: "cloudfront-viewer-address" };
    expect(seen(policy, ["CloudFront-Viewer-Address", "2001:db8::1:4711"])).toContain("2001:db8::1:4711");
    expect(seen(policy, ["CloudFront-Viewer-Address", "192.0.2.7"])).not.toContain("192.0.2.7:4711");
  });

  test("a header of one's own, and not its look-alike", () => {
    const policy: PolicyOptions = { trust: [PROXY], from: { header: "x-edge-client", form: "address" } };
    const lines = seen(policy, ["X-Edge-Client", "192.0.2.7", "x_edge_client", "6.6.6.6"]);
    expect(lines).toEqual(["X-Forwarded-For", "192.0.2.7", "X-Real-IP", "192.0.2.7", "x-edge-client", "192.0.2.7"]);
  });

  test("a rule's own header of protocol, host or port, in its own form", () => {
    const policy: PolicyOptions = {
      ...NGINX,
      origin: [
        "x-forwarded-ssl",
        "x-forwarded-port",
        { header: "x-edge-host", tells: "host" },
        { header: "x-edge-host-2", tells: "host" },
      ],
    };
    const lines = [
      "X-Forwarded-For",
      "192.0.2.7",
      "X-Forwarded-SSL",
      "on",
      "X-Forwarded-Port",
      "8443",
      "X-Edge-Host",
      "a.example",
    ];
    expect(seen(policy, lines).slice(4)).toEqual([
      "X-Forwarded-Proto",
      "https",
      "X-Forwarded-Host",
      "a.example",
      "X-Forwarded-Port",
      "8443",
      "x-forwarded-ssl",
      "on",
      "x-edge-host",
      "a.example",
      "x-edge-host-2",
      "a.example",
    ]);
    expect(seen(policy, ["X-Forwarded-For", "192.0.2.7", "X-Forwarded-SSL", "off"])).toContain("off");
    expect(seen(policy, ["X-Forwarded-For", "192.0.2.7", "X-Forwarded-SSL", "maybe"])).toHaveLength(4);
    expect(seen(policy, ["X-Forwarded-For", "192.0.2.7", "X-Edge-Host", "b.example"])).toContain("b.example");
  });
});

test("what no rule vouches for says nothing of protocol, host and port", () => {
  const lines = ["X-Forwarded-For", "192.0.2.7", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "evil", "Host", "a"];
  expect(seen(NGINX, lines)).toEqual(["Host", "a", "X-Forwarded-For", "192.0.2.7", "X-Real-IP", "192.0.2.7"]);
});

test("remove, keep and write add to the lists", () => {
  const options: NormalizeOptions = { remove: ["x-who"], keep: ["x-client-ip"], write: ["forwarded", "x-caller"] };
  const lines = ["X-Forwarded-For", "192.0.2.7", "X-Who", "6.6.6.6", "X_Who", "6.6.6.6", "X-Client-IP", "kept"];
  expect(seen(NGINX, [...lines, "x_client_ip", "6.6.6.6", "x-caller", "6.6.6.6"], options)).toEqual([
    "X-Client-IP",
    "kept",
    "X-Forwarded-For",
    "192.0.2.7",
    "X-Real-IP",
    "192.0.2.7",
    "x-caller",
    "192.0.2.7",
    "Forwarded",
    "for=192.0.2.7",
  ]);
  expect(seen(NGINX, ["X-Real-IP", "kept"], { keep: ["x-real-ip"] })).toEqual([
    "X-Real-IP",
    "kept",
    "X-Forwarded-For",
    PROXY,
  ]);
});

test("the written names can be listed, and a normaliser without a policy writes none", () => {
  const { written, removed } = new Normalizer(compilePolicy({ ...NGINX, from: "cloudfront-viewer-address" }), {
    write: ["forwarded"],
  });
  expect(written).toEqual([
    "x-forwarded-for",
    "x-real-ip",
    "cloudfront-viewer-address",
    "forwarded",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-forwarded-port",
  ]);
  expect(removed).toContain("cf-connecting-ip");
  const bare = new Normalizer(undefined);
  expect(bare.written).toEqual([]);
  const policy = compilePolicy(NGINX);
  expect(bare.linesOf(resolve({ connection: connectionFrom(PROXY) }, policy), {}, true)).toEqual([]);
});

test("a policy that reads the Host of a request leaves it as it is", () => {
  const policy: PolicyOptions = { trust: [PROXY], from: { header: "host", form: "address" } };
  expect(seen(policy, ["Host", "192.0.2.7"]).slice(0, 2)).toEqual(["Host", "192.0.2.7"]);
});

test.each([
  [{ remove: ["Host"] }, /remove element 0 is a header name in lower case/],
  [{ remove: ["host"] }, /"host" belongs to the request or its connection/],
  [{ write: ["connection"] }, /"connection" belongs to/],
  [{ keep: ["x-a"], remove: ["x-a"] }, /keep has "x-a", and remove has it too/],
  [{ keep: ["x-a"], write: ["x-a"] }, /keep has "x-a", and write has it too/],
  [{ kepe: [] }, /did you mean "keep"\?/],
])("%j is refused", (options, refusal) => {
  expect(() => checkNormalizeOptions("normalize", options)).toThrow(refusal);
});

test("right options pass", () => {
  expect(() => checkNormalizeOptions("normalize", {})).not.toThrow();
});

test("lines become headers as node:http makes them", () => {
  const lines = ["Cookie", "a=1", "COOKIE", "b=2", "User-Agent", "x", "user-agent", "y", "X-A", "1", "x-a", "2", "odd"];
  expect(headersOfLines(lines)).toEqual({ cookie: "a=1; b=2", "user-agent": "x", "x-a": "1, 2" });
});
