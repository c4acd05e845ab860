import { createServer, type IncomingMessage } from "node:http";
import { Duplex } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { clientAddress, compilePolicy, type Policy, type PolicyOptions } from "@wherefrom/core";
import { ADDRESS_NAMES, createPeerMemory, ORIGIN_NAMES } from "@wherefrom/core/internal";
import fc from "fast-check";
import { expect, test } from "vitest";
import { wherefrom } from "../wherefrom.ts";
import { getClient } from "./get-client.ts";

/** Requests: each is a connection of this process, and costs what a request costs. */
const RUNS = Number(process.env["WHEREFROM_FUZZ_RUNS"] || (process.env["CI"] === undefined ? 10_000 : 50_000));

const PROXY = "10.0.0.1";
const STRANGER = "198.51.100.9";
const POLICIES: readonly PolicyOptions[] = [
  { trust: [] },
  { trust: [PROXY], from: "x-forwarded-for", origin: ["x-forwarded-proto", "x-forwarded-host"] },
  { trust: [PROXY], from: "x-real-ip" },
  { trust: [PROXY], from: "forwarded" },
  { trust: [PROXY, "10.0.0.2"], from: { header: "x-edge.client", form: "list" } },
  { rules: [{ peers: [PROXY], says: { all: ["x-forwarded-for", "cf-connecting-ip"] } }] },
];
const compiled: readonly Policy[] = POLICIES.map((options) => compilePolicy(options));

/** A name of the lists as an attacker spells it: any case, any separator, in front of it what CGI writes. */
const name = fc
  .tuple(
    fc.constantFrom(...ADDRESS_NAMES, ...ORIGIN_NAMES, "x-edge.client", "x-forwarded-for", "x-real-ip", "forwarded"),
    fc.array(fc.constantFrom("-", "-", "-", "_", ".", "~", "!"), { minLength: 8, maxLength: 8 }),
    fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
    fc.constantFrom("", "", "", "HTTP_", "http-"),
  )
  .map(([plain, separators, upper, prefix]) => {
    let at = 0;
    const spelt = plain.replaceAll("-", () => separators[at++ % separators.length] as string);
    return (
      prefix +
      spelt
        .split("")
        .map((letter, index) => (upper[index % 6] === true ? letter.toUpperCase() : letter))
        .join("")
    );
  });
const harmless = fc.constantFrom("X-Request-Id", "Accept", "x-forwarded-prefix", "Via", "Cookie", "x-forwarder");
const address = fc.constantFrom("6.6.6.6", "66.6.6.6", "[2001:db8::6]", "10.0.0.2", "203.0.113.7", "203.0.113.8:80");
const value = fc.oneof(
  address,
  fc.array(address, { minLength: 2, maxLength: 4 }).map((all) => all.join(", ")),
  address.map((text) => `for="${text}";proto=https;host=evil.example`),
  fc.constantFrom("https", "evil.example", "", ",", "unknown", "6.6.6.6\t,", "on"),
);
const lines = fc.array(fc.tuple(fc.oneof({ weight: 4, arbitrary: name }, harmless), value), { maxLength: 12 });

class Connection extends Duplex {
  readonly remotePort = 1;
  readonly remoteAddress: string;

  constructor(remoteAddress: string) {
    super();
    this.remoteAddress = remoteAddress;
  }

  override _read(): void {}

  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }
}

const servers = compiled.map((policy) => {
  const seen: IncomingMessage[] = [];
  const server = wherefrom(
    createServer((request) => void seen.push(request.resume())),
    policy,
    { normalize: true, notices: false },
  );
  return { server, seen, policy };
});

/** The list's names as every reader that folds separators takes them. Written again here: the product's own table is what is tested. */
const PUBLISHED = new Set([...ADDRESS_NAMES, ...ORIGIN_NAMES]);
function reads(written: string, policy: Policy): boolean {
  const plain = written.toLowerCase().replaceAll(/[^a-z0-9]/g, "-");
  if (plain === "x-edge-client" || plain === "http-x-edge-client") return policy.headers.includes("x-edge.client");
  return PUBLISHED.has(plain) || (plain.startsWith("http-") && PUBLISHED.has(plain.slice(5)));
}

/** All that an application can read, names and values in turn. */
function everything({
  headers,
  rawHeaders,
  headersDistinct,
  trailers,
  rawTrailers,
}: IncomingMessage): [string, string][] {
  const pairs = (raw: readonly string[]): [string, string][] =>
    raw.flatMap((text, index): [string, string][] => (index % 2 === 0 ? [[text, raw[index + 1] as string]] : []));
  const fields = [headers, headersDistinct, trailers].flatMap((each) => Object.entries(each));
  return [
    ...fields.map(([each, text]): [string, string] => [each, String(text)]),
    ...pairs(rawHeaders),
    ...pairs(rawTrailers),
  ];
}

test("no address that is neither the client's nor the nearest machine's stands under a published name or what reads like it", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(compiled.length - 1),
      fc.constantFrom(PROXY, STRANGER),
      lines,
      fc.array(fc.tuple(name, address), { maxLength: 2 }),
      async (which, peer, headers, trailers) => {
        const { server, seen, policy } = servers[which] as (typeof servers)[number];
        const written = headers.map(([each, text]) => `${each}: ${text}\r\n`).join("");
        const trailing = trailers.map(([each, text]) => `${each}: ${text}\r\n`).join("");
        const connection = new Connection(peer);
        server.emit("connection", connection);
        connection.emit(
          "data",
          Buffer.from(
            `POST / HTTP/1.1\r\nHost: app.example\r\n${written}Transfer-Encoding: chunked\r\n\r\n0\r\n${trailing}\r\n`,
            "latin1",
          ),
        );
        connection.destroy();
        // What ends a connection waits for the next turn.
        await turn();
        const request = seen.pop();
        const faults: string[] = [];
        const { client, nearest, origin } = getClient(request as IncomingMessage);
        const ip = (client ?? nearest)?.address as string;
        const allowed = [ip, `[${ip}]`, origin.protocol, origin.hostFrom === "hop" ? origin.host : undefined];
        for (const [each, text] of everything(request as IncomingMessage)) {
          if (!reads(each, policy)) continue;
          const parts = text.startsWith("for=")
            ? [...text.matchAll(/=(?:"([^"]*)"|([^;]*))/g)].map(([, a, b]) => a ?? b)
            : [text];
          if (!parts.every((part) => allowed.includes(part))) faults.push(`${each}: ${text}`);
        }
        // What node:http itself would have handed to a service without `normalize`.
        const plain = headers.reduce<Record<string, string>>((all, [each, text]) => {
          const key = each.toLowerCase();
          const clean = text.replace(/^[ \t]+|[ \t]+$/g, "");
          all[key] = all[key] === undefined ? clean : `${all[key]}, ${clean}`;
          return all;
        }, {});
        const raw = headers.flatMap(([each, text]) => [each, text.replace(/^[ \t]+|[ \t]+$/g, "")]);
        const expected = clientAddress(
          { transport: "tcp", peer, peerPort: 1, claims: [], memory: createPeerMemory() },
          plain,
          policy,
          raw,
        );
        expect([faults, request?.headers.host, client?.address]).toEqual([[], "app.example", expected]);
      },
    ),
    { numRuns: RUNS },
  );
});
