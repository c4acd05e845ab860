import fc from "fast-check";
import { LIST_LIMIT } from "../../walk/header-reader.ts";
import { describe, expect, test } from "vitest";
import type { Stop } from "../../evidence/claim.ts";
import type { Connection } from "../../evidence/evidence.ts";
import { compilePolicy } from "../../policy/policy.ts";
import { clientAddress, resolve, type Resolution } from "../../resolution/resolution.ts";
import { forwardedParameter } from "./forwarded-parameter.ts";

const CLIENT = "203.0.113.7";
const policy = compilePolicy({ trust: ["10.0.0.0/8"], from: "forwarded" });
const connection: Connection = { transport: "tcp", peer: "10.0.0.1", peerPort: 1, claims: [] };

/** One text, or lines as node:http has them: joined, and apart in `rawHeaders`. */
function ask(field: string | string[]): Resolution {
  const headers = { forwarded: typeof field === "string" ? field : field.join(", ") };
  const rawHeaders = typeof field === "string" ? ["Forwarded", field] : field.flatMap((line) => ["Forwarded", line]);
  const resolution = resolve({ connection, headers, rawHeaders }, policy);
  expect(clientAddress(connection, headers, policy, rawHeaders)).toBe(resolution.client?.address);
  return resolution;
}

describe("a node", () => {
  test.each([
    ["an address", `for=${CLIENT}`, CLIENT, undefined],
    ["another parameter name's case (RFC 7239, 4)", `FoR=${CLIENT}`, CLIENT, undefined],
    ["a quoted address", `for="${CLIENT}"`, CLIENT, undefined],
    ["a quoted address with a port", `for="${CLIENT}:47011"`, CLIENT, 47_011],
    ["a bracketed IPv6 address", 'for="[2001:DB8::17]"', "2001:db8::17", undefined],
    ["a bracketed IPv6 address with a port", 'for="[2001:db8:cafe::17]:4711"', "2001:db8:cafe::17", 4711],
    ["a mapped address in brackets", `for="[::ffff:${CLIENT}]:80"`, CLIENT, 80],
    ["an obfuscated port, which is nobody's port", `for="${CLIENT}:_p-1"`, CLIENT, undefined],
    ["an obfuscated port behind brackets", 'for="[2001:db8::1]:_p"', "2001:db8::1", undefined],
    ["port 0", `for="${CLIENT}:0"`, CLIENT, undefined],
    ["quoted pairs", 'for="203\\.0.113\\.7"', CLIENT, undefined],
    ["quoted pairs around a port", 'for="\\[2001:db8::1\\]:\\80"', "2001:db8::1", 80],
    ["other parameters around", `by=10.0.0.1;for=${CLIENT};host=app.example;proto=https`, CLIENT, undefined],
    ["an extension that begins like for", `fab=1;fox=2;for=${CLIENT}`, CLIENT, undefined],
    ["extensions", `secret=egah2CGj;for=${CLIENT};n="x;y"`, CLIENT, undefined],
    ["empty pairs, which the grammar allows", `;;for=${CLIENT};;proto=http;`, CLIENT, undefined],
    ["a quoted comma", `for=${CLIENT};host="a, for=9.9.9.9"`, CLIENT, undefined],
    ["a quoted comma in front", `host="a, for=9.9.9.9";for=${CLIENT}`, CLIENT, undefined],
    ["an escaped quote in a quoted comma", `for=${CLIENT};x="a\\", for=9.9.9.9"`, CLIENT, undefined],
    ["two backslashes before the closing quote", `for=9.9.9.9;x="a\\\\", for=${CLIENT}`, CLIENT, undefined],
    ["empty elements (RFC 9110, 5.6.1.2)", `for=9.9.9.9,, ,for=${CLIENT}, \t,`, CLIENT, undefined],
    ["white space around", ` \tfor=${CLIENT}\t `, CLIENT, undefined],
    ["no white space", `for=9.9.9.9,for=${CLIENT}`, CLIENT, undefined],
    ["the nearest of three", `for=8.8.8.8, for=9.9.9.9, for=${CLIENT}`, CLIENT, undefined],
    ["behind a believed one", `for=9.9.9.9, for=${CLIENT}, for="10.0.0.2:80"`, CLIENT, undefined],
    ["behind two believed ones", `for=${CLIENT}, for="10.0.0.3";proto=https, for="\\10.0.0.2"`, CLIENT, undefined],
  ])("%s: %s", (_, field, address, port) => {
    expect(ask(field)).toMatchObject({ client: { address, port }, method: "forwarded", stop: "untrusted-hop" });
  });
});

describe("nobody's name", () => {
  test.each<[title: string, field: string, Stop]>([
    ["unknown (RFC 7239, 6.2)", "for=unknown", "anonymous-hop"],
    ["unknown in capitals", "for=UNKNOWN", "anonymous-hop"],
    ["unknown with a port", 'for="unknown:80"', "anonymous-hop"],
    ["an obfuscated node (RFC 7239, 6.3)", "for=_hidden", "anonymous-hop"],
    ["an obfuscated node with every character", "for=_SEVKISEK.a-b_1", "anonymous-hop"],
    ["an obfuscated node with an obfuscated port", 'for="_gazonk:_p"', "anonymous-hop"],
    ["no for", "proto=https;by=10.0.0.1", "anonymous-hop"],
    ["an extension alone", "secret=x", "anonymous-hop"],
    ["an underscore alone", "for=_", "malformed-hop"],
    ["an obfuscated node with another character", 'for="_a b"', "malformed-hop"],
    ["a word that begins like unknown", "for=unknowns", "malformed-hop"],
    ["another word", "for=localhost", "malformed-hop"],
    ["a port without quotes", `for=${CLIENT}:80`, "malformed-hop"],
    ["brackets and a port without quotes", "for=[2001:db8::1]:80", "malformed-hop"],
    ["an IPv6 address without brackets and an obfuscated port", 'for="2001:db8::1:_p"', "malformed-hop"],
    ["a bracket that is not closed", "for=[2001:db8::1", "malformed-hop"],
    ["IPv4 in brackets without quotes", `for=[${CLIENT}]`, "malformed-hop"],
    ["a path", 'for="/tmp/x.sock"', "malformed-hop"],
    ["white space alone", "for= ", "malformed-hop"],
    ["white space before the value", `for= ${CLIENT}`, "malformed-hop"],
    ["white space within the value", `for=${CLIENT} 80`, "malformed-hop"],
    ["a quote in another parameter", `for=${CLIENT};host=a"b`, "malformed-hop"],
    ["two quotes in another parameter", `for=${CLIENT};host=a"b"`, "malformed-hop"],
    ["a backslash in another parameter", `for=${CLIENT};host=a\\b`, "malformed-hop"],
    ["text behind another parameter's closing quote", `for=${CLIENT};host="a"b`, "malformed-hop"],
    ["another parameter without a value", `for=${CLIENT};secure`, "malformed-hop"],
    ["white space in another parameter's name", `for=${CLIENT};ho st=a`, "malformed-hop"],
    ["IPv4 in brackets", `for="[${CLIENT}]"`, "malformed-hop"],
    ["an octal octet", "for=010.0.0.5", "malformed-hop"],
    ["a port with a leading zero", `for="${CLIENT}:080"`, "malformed-hop"],
    ["an empty obfuscated port", `for="${CLIENT}:_"`, "malformed-hop"],
    ["an obfuscated port with another character", `for="${CLIENT}:_a b"`, "malformed-hop"],
    ["0.0.0.0", "for=0.0.0.0", "anonymous-hop"],
    ["nginx on a Unix socket", "for=unix:;proto=http", "anonymous-hop"],
    ["nginx on a Unix socket, quoted", 'for="unix:"', "anonymous-hop"],
    ["an empty value", "for=", "malformed-hop"],
    ["an empty quoted value", 'for=""', "malformed-hop"],
    ["no value", "for", "malformed-hop"],
    ["no name", `=${CLIENT}`, "malformed-hop"],
    ["semicolons alone", ";;", "malformed-hop"],
    ["white space in the value", `for="${CLIENT} "`, "malformed-hop"],
    ["white space before the equals sign", `for =${CLIENT}`, "malformed-hop"],
    ["text behind the closing quote", `for="${CLIENT}"x`, "malformed-hop"],
    ["a quote in a token", `for=${CLIENT}"`, "malformed-hop"],
    ["two nodes in one element", `for=${CLIENT};for=9.9.9.9`, "malformed-hop"],
    ["two nodes in other case", `for=${CLIENT};For=9.9.9.9`, "malformed-hop"],
    ["a letter that is none in a name", `f\u00f6r=${CLIENT}`, "malformed-hop"],
    ["an element that ends in a backslash", `for=${CLIENT};x="a\\`, "malformed-hop"],
    ["a quote that is escaped and not closed", `for="${CLIENT}\\"`, "malformed-hop"],
    ["a bare address", CLIENT, "malformed-hop"],
    ["markup", "<script>", "malformed-hop"],
    ["more than 512 characters", `x="${"y".repeat(600)}";for=${CLIENT}`, "malformed-hop"],
    ["600 spaces", " ".repeat(600), "malformed-hop"],
  ])("%s ends the walk, and nothing left of it is reached: %j", (_, field, stop) => {
    for (const text of [field, `for=9.9.9.9,${field}`, `for=9.9.9.9, ${field}`]) {
      const { client, nearest, stop: stopped, hops } = ask(text);
      expect([client, nearest?.address, stopped]).toEqual([undefined, "10.0.0.1", stop]);
      expect(hops[1]).toMatchObject({ method: "forwarded", endpoint: undefined });
    }
  });
});

describe("what real senders write although the grammar has it otherwise", () => {
  const http2Proxy = `by="127.0.0.1:9303";for="${CLIENT}:38423";proto=http;host=app.test:8080`;
  test.each<[sender: string, field: string, address: string, port: number | undefined, oddities: readonly string[]]>([
    ["http2-proxy", http2Proxy, CLIENT, 38_423, ["bad-parameter"]],
    ["http2-proxy without a host", `for="${CLIENT}:1";proto=http;host=`, CLIENT, 1, ["bad-parameter"]],
    ["Traffic Server", `for=${CLIENT};connection=http/1.1`, CLIENT, undefined, ["bad-parameter"]],
    [
      "Traffic Server, full",
      `for=${CLIENT};by=10.0.0.1;by=_x;by="[::1]";connection=http/1.1-h2-tls/1.3-tcp-ipv4`,
      CLIENT,
      undefined,
      ["bad-parameter", "repeated-parameter"],
    ],
    ["a recipe for nginx", `for=${CLIENT};host=x:1;proto=https`, CLIENT, undefined, ["bad-parameter"]],
    ["AWS HTTP API", "by=10.0.0.1;for=2001:DB8::1;host=a.example", "2001:db8::1", undefined, ["bare-ipv6"]],
    ["OpenShift", "for=[2001:db8::1];host=a;proto=http", "2001:db8::1", undefined, ["bare-ipv6"]],
    ["OpenShift without brackets", "for=2001:db8::1;host=a", "2001:db8::1", undefined, ["bare-ipv6"]],
    ["IPv6 without brackets in quotes", 'for="2001:db8::1:443"', "2001:db8::1:443", undefined, ["bare-ipv6"]],
    ["a mapped address without brackets", `for=::ffff:${CLIENT}`, CLIENT, undefined, ["bare-ipv6"]],
    ["fabio", `for=${CLIENT}; proto=http; by=10.0.0.1; httpproto=http/1.1`, CLIENT, undefined, ["bad-parameter"]],
    ["white space around semicolons", `proto=http \t; for="${CLIENT}" ;\thost="a" ;`, CLIENT, undefined, []],
    ["an extension twice", `a=1;for=${CLIENT};A=2`, CLIENT, undefined, ["repeated-parameter"]],
    ["a registered parameter twice", `proto=a;for=${CLIENT};PROTO=b`, CLIENT, undefined, ["repeated-parameter"]],
    ["a value with white space", `for=${CLIENT};host=a b`, CLIENT, undefined, ["bad-parameter"]],
  ])("%s: %s", (_, field, address, port, oddities) => {
    for (const text of [field, `for=9.9.9.9, ${field}`, `for="9.9.9.9,${field}`]) {
      const { client, stop, hops, warnings } = ask(text);
      expect([client, stop]).toEqual([{ address, port }, "untrusted-hop"]);
      expect(hops[1]?.oddities ?? []).toEqual(oddities);
      expect(warnings.map(({ code, detail }) => `${code}${detail.slice(detail.lastIndexOf(":"))}`)).toEqual(
        oddities.map((oddity) => `claim-odd: ${oddity}`),
      );
    }
  });

  test("a Host that the sender does not quote adds a claim, and one that stands before its `for` spoils the element", () => {
    expect(ask(`for=${CLIENT};host=x,for=6.6.6.6;proto=https`).client?.address).toBe("6.6.6.6");
    for (const host of ["x;for=6.6.6.6", 'x";y="', "x\\", 'x;for="6.6.6.6"', "x,for=6.6.6.6"]) {
      expect(ask(`host=${host};for=${CLIENT}`)).toMatchObject({ client: undefined, stop: "malformed-hop" });
    }
  });
});

describe("a client's open quote does not swallow what the proxy appended", () => {
  test.each<[title: string, field: string | string[], client: string | undefined, stop: Stop]>([
    ["in one line", `for="9.9.9.9, for=${CLIENT}`, CLIENT, "untrusted-hop"],
    [
      "in one line, before a quoted node",
      'for="9.9.9.9, for="[2001:db8::7]:47011";proto=https',
      "2001:db8::7",
      "untrusted-hop",
    ],
    ["in a line of its own", ['for="9.9.9.9', `for=${CLIENT}`], CLIENT, "untrusted-hop"],
    ["in a line of its own, and the proxy quotes", ['for=9.9.9.9;x="', `for="${CLIENT}"`], CLIENT, "untrusted-hop"],
    [
      "a quote that the client opens is not closed in the proxy's line",
      ['for=9.9.9.9;x="', `for=${CLIENT};x="`],
      undefined,
      "malformed-hop",
    ],
    ["an escape at the end of the client's line", ['for=9.9.9.9;x="\\', `for="${CLIENT}"`], CLIENT, "untrusted-hop"],
    [
      "behind a believed element nothing is read left of the open quote",
      'for=9.9.9.9, for="8.8.8.8, for=10.0.0.2',
      undefined,
      "malformed-hop",
    ],
  ])("%s", (_, field, client, stop) => {
    const resolution = ask(field);
    expect(resolution.stop).toBe(stop);
    expect(resolution.client?.address).toBe(client);
  });

  test("whatever the client writes in its own line, the proxy's line names the client", () => {
    const written = fc.string({ unit: fc.constantFrom(...'for="9.,;\\ []:_ab'.split("")), maxLength: 60 });
    const node = fc.constantFrom(
      `for=${CLIENT}`,
      `for="${CLIENT}"`,
      `for="${CLIENT}:80";proto=https`,
      `proto="https";for=${CLIENT};by="_x"`,
    );
    fc.assert(
      fc.property(written, node, (forged, appended) => {
        expect(ask([forged, appended]).client?.address).toBe(CLIENT);
        const headers = { forwarded: [forged, appended] };
        expect(clientAddress(connection, headers, policy)).toBe(CLIENT);
        expect(resolve({ connection, headers }, policy).client?.address).toBe(CLIENT);
      }),
      { numRuns: 3000 },
    );
  });

  test("lines of other headers between them do not count", () => {
    const headers = { forwarded: `for="9.9.9.9, for=${CLIENT}` };
    const rawHeaders = ["Host", "a", "forwarded", 'for="9.9.9.9', "X", '"', "FORWARDED", `for=${CLIENT}`, "Odd"];
    expect(clientAddress(connection, headers, policy, rawHeaders)).toBe(CLIENT);
  });
});

describe("bounds", () => {
  test("8 KiB of anything is not walked through", () => {
    for (const piece of [",", '"', "\\", ";", "for=10.0.0.1,", 'for="10.0.0.1",', 'x="', "a=1;"]) {
      const { client, stop } = ask(piece.repeat(Math.ceil(8192 / piece.length)));
      expect(client).toBeUndefined();
      expect(["hop-limit", "malformed-hop"]).toContain(stop);
    }
  });

  test("a field is read up to LIST_LIMIT characters, of believed machines as well", () => {
    const hop = ', for="10.0.0.2:65535";by=10.0.0.3;host="application.example.org:8443";proto=https';
    const elements = (count: number): string => `for=${CLIENT}${hop.repeat(count)}`;
    const within = Math.floor(LIST_LIMIT / hop.length);
    expect(ask(elements(within)).client?.address).toBe(CLIENT);
    expect(ask(elements(within + 2))).toMatchObject({ client: undefined, stop: "hop-limit" });
  });

  test("the short way of reading and the long one agree", () => {
    const value = fc.constantFrom(
      "192.0.2.7",
      "10.0.0.2",
      '"192.0.2.7:80"',
      '"[2001:db8::7]"',
      '"[2001:db8::7]:443"',
      "_hidden",
      "unknown",
      '"',
      "https",
      '"a, b"',
      '"a;b"',
      "",
    );
    const name = fc.constantFrom("for", "For", "by", "host", "proto", "fort", "x", "");
    const pair = fc.tuple(name, value).map(([key, text]) => `${key}=${text}`);
    const field = fc.array(fc.tuple(fc.array(pair, { maxLength: 3 }), fc.constantFrom(",", ", ", " , ", ",,", "\n")), {
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(field, (elements) => {
        const text = elements
          .map(([pairs, separator]) => pairs.join(";") + separator)
          .join("")
          .replace(/[, \n]+$/, "");
        // An extension parameter is what the short way leaves to the long one; it changes neither the address nor the order of reading.
        const long = text.replaceAll(/(^|[,\n]) ?(?=[a-zA-Z]+=)/g, (start) => `${start}zz=1;`);
        const [short, other] = [text, long].map((forwarded) => ask(forwarded));
        expect([short?.client, short?.stop, short?.hops.length]).toEqual([
          other?.client,
          other?.stop,
          other?.hops.length,
        ]);
      }),
      { numRuns: 3000 },
    );
  });

  test("well-formed elements of any nodes are walked as they were written", () => {
    const address = fc.oneof(
      fc.ipV4().filter((v4) => v4 !== "0.0.0.0"),
      fc
        .ipV6()
        .filter((v6) => !/^[0:.]*$/.test(v6))
        .map((v6) => `[${v6}]`),
    );
    fc.assert(
      fc.property(fc.array(address, { minLength: 1, maxLength: 4 }), (nodes) => {
        const field = nodes.map((node) => `for="${node}"`).join(", ");
        const list = nodes.join(", ");
        const sameOverList = compilePolicy({ trust: ["10.0.0.0/8"], from: "x-forwarded-for" });
        expect(ask(field).client).toEqual(
          resolve({ connection, headers: { "x-forwarded-for": list } }, sameOverList).client,
        );
      }),
      { numRuns: 1000 },
    );
  });
});

test("a parameter is found by its name, without its quotes and pairs", () => {
  const element = 'for=_x;Host="a\\"b;c=d";proto=https;proto2=http';
  const parameter = (name: string): string | undefined => forwardedParameter(element, 0, element.length, name);
  expect(["for", "host", "proto", "c", "by"].map(parameter)).toEqual(["_x", 'a"b;c=d', "https", undefined, undefined]);
});

test("a parameter that stands there twice, or whose value was skipped, says nothing; white space is not part of one", () => {
  const element = "by=_x;By=_y;host=app:8080;x=;proto=https ; z=1\t";
  const parameter = (name: string): string | undefined => forwardedParameter(element, 0, element.length, name);
  expect(["by", "host", "x", "proto", "z"].map(parameter)).toEqual([undefined, undefined, undefined, "https", "1"]);
});

test.each([
  [
    "a quoted string that has no beginning within what is looked at",
    `for=203.0.113.7;host="${"a".repeat(200)}"`,
    "203.0.113.7",
    "untrusted-hop",
  ],
  [
    "an element that begins beyond the short window",
    `for=203.0.113.7;host=${"a".repeat(140)}`,
    "203.0.113.7",
    "untrusted-hop",
  ],
  ["a lone pair without a value", "=", undefined, "malformed-hop"],
  ["a semicolon at the very beginning", ";for=203.0.113.7", "203.0.113.7", "untrusted-hop"],
  [
    "an element that begins exactly where the short window does",
    `${"x".repeat(60)};for=203.0.113.7`,
    undefined,
    "malformed-hop",
  ],
  ["an extension as long as proto", "for=203.0.113.7;abcde=1", "203.0.113.7", "untrusted-hop"],
  ["two parameters of one unregistered length", "for=203.0.113.7;abcdefg=1", "203.0.113.7", "untrusted-hop"],
  ["a quoted string after a line's end", 'x"\n"', undefined, "malformed-hop"],
])("%s is read the long way", (_title, forwarded, client, stop) => {
  const policy = compilePolicy({ trust: ["10.0.0.0/8"], from: "forwarded" });
  const peer = { transport: "tcp", peer: "10.0.0.1", peerPort: undefined, claims: [] } as const;
  const resolution = resolve({ connection: peer, headers: { forwarded } }, policy);
  expect([resolution.client?.address, resolution.stop]).toEqual([client, stop]);
});

test("an element whose name begins exactly where the usual length ends is read like any other", () => {
  const head = "for=203.0.113.7;host=";
  const element = head + "a".repeat(128 - head.length);
  expect(ask(`for=9.9.9.9,${element}`).client?.address).toBe(CLIENT);
});
