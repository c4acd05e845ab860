import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { dnsList, vendorList } from "@wherefrom/sources";
import { expect, onTestFinished, test } from "vitest";
import { describeSuite } from "../requirement.ts";
import { believed, followed, trouble } from "./followed.ts";
import { startNameServer } from "./name-server.ts";
import { A, AAAA, type Reply, startResponder } from "./responder.ts";

const NAME = "lb.test";
const GOOD: Reply = { records: [["0a000001", 1]] };
const OTHER: Reply = { records: [["0a000002", 1]] };
const SIX: Reply = { records: [["fd000000000000000000000000000001", 1]] };

describeSuite("sources", () => {
  test("all addresses of both families, and those of after the TTL", async () => {
    const server = await startNameServer(`host-record=${NAME},10.0.0.1,fd00::1,1`, `host-record=${NAME},10.0.0.2,1`);
    const source = followed(dnsList(NAME, { servers: [server.address] }));
    await source.ready;
    expect(believed(source)).toEqual(["10.0.0.1/32", "10.0.0.2/32", "fd00::1/128"]);
    await server.records(`host-record=${NAME},10.0.0.3,1`);
    await expect.poll(() => believed(source)).toEqual(["10.0.0.3/32"]);
  });

  test.each<[string, readonly string[], RegExp]>([
    ["NXDOMAIN", [], /does not exist \(NXDOMAIN\)/],
    ["no address", [`txt-record=${NAME},hello`], /no address/],
    ["an address of the internet", [`host-record=${NAME},8.8.8.8,1`], /lies outside of/],
    ["one that is no machine's", [`host-record=${NAME},0.0.0.0,1`], /not the address of a machine/],
    ["a loop of names", [`cname=${NAME},b.test,1`, `cname=b.test,${NAME},1`], /./],
  ])("%s keeps the last addresses", async (_title, records, reason) => {
    const server = await startNameServer(`host-record=${NAME},10.0.0.1,1`);
    const source = followed(dnsList(NAME, { servers: [server.address] }));
    await source.ready;
    await server.records(...records).catch(() => {});
    await expect.poll(() => trouble(source)).toMatch(reason);
    expect(believed(source)).toEqual(["10.0.0.1/32"]);
  });

  test("a name server that is gone: the addresses are kept for the stated while, and withdrawn then", async () => {
    const server = await startNameServer(`host-record=${NAME},10.0.0.1,1`);
    const source = followed(dnsList(NAME, { servers: [server.address], staleMs: 4000 }));
    await source.ready;
    await server.stop();
    await expect.poll(() => trouble(source)).toMatch(/no name server/);
    expect(believed(source)).toEqual(["10.0.0.1/32"]);
    await expect.poll(() => believed(source)).toEqual([]);
    expect(source.status.state).toBe("stale");
  });

  test("hundreds of addresses are refused, and all of as many as may be are believed", async () => {
    const records = (count: number): string[] =>
      Array.from({ length: count }, (_, index) => `host-record=${NAME},10.0.${index >> 8}.${index & 255},1`);
    const server = await startNameServer(...records(200));
    const source = followed(dnsList(NAME, { servers: [server.address] }));
    await source.ready;
    expect(believed(source)).toHaveLength(200);
    await server.records(...records(300));
    await expect.poll(() => trouble(source)).toMatch(/300 prefixes, and 256 are the most/);
    expect(believed(source)).toHaveLength(200);
  });

  test("of ten thousand addresses, which no answer of DNS has room for, none is believed", async () => {
    const server = await startNameServer(`host-record=${NAME},10.0.0.1,1`);
    const source = followed(dnsList(NAME, { servers: [server.address], most: 20_000 }));
    await source.ready;
    await server.records(
      ...Array.from({ length: 10_000 }, (_, index) => `host-record=${NAME},10.1.${index >> 8}.${index & 255},1`),
    );
    await expect.poll(() => trouble(source)).toMatch(/./);
    expect(believed(source)).toEqual(["10.0.0.1/32"]);
  });

  test("thousands of addresses come by TCP, and are believed where `most` says so", async () => {
    const records = Array.from(
      { length: 2000 },
      (_, index) => `host-record=${NAME},10.1.${index >> 8}.${index & 255},1`,
    );
    const server = await startNameServer(...records);
    const source = followed(dnsList(NAME, { servers: [server.address], most: 2000 }), 20_000);
    await source.ready;
    expect(believed(source)).toHaveLength(2000);
  });

  test("a name behind others is followed to its addresses", async () => {
    const server = await startNameServer(
      `cname=${NAME},b.test,1`,
      `cname=b.test,c.test,1`,
      "host-record=c.test,10.0.0.9,1",
    );
    const source = followed(dnsList(NAME, { servers: [server.address] }));
    await source.ready;
    expect(believed(source)).toEqual(["10.0.0.9/32"]);
  });

  test.each<[string, (type: number) => Reply | undefined, RegExp]>([
    ["a failure", () => ({ code: 2 }), /has failed \(SERVFAIL\)/],
    ["a refusal", () => ({ code: 5 }), /refuses the question/],
    ["no addresses", () => ({}), /no address \(neither A nor AAAA\)/],
    ["a failure for A beside an address for AAAA", (type) => (type === A ? { code: 2 } : SIX), /SERVFAIL/],
    ["a failure for AAAA beside an address for A", (type) => (type === AAAA ? { code: 2 } : OTHER), /SERVFAIL/],
    ["an answer that was cut, and none by TCP", () => ({ isCut: true }), /no name server can be reached/],
  ])("%s keeps the last addresses", async (_title, reply, reason) => {
    let now: (type: number) => Reply | undefined = (type) => (type === A ? GOOD : {});
    const source = followed(dnsList(NAME, { servers: [await startResponder((type) => now(type))] }));
    await source.ready;
    now = reply;
    await expect.poll(() => trouble(source)).toMatch(reason);
    expect(believed(source)).toEqual(["10.0.0.1/32"]);
  });

  test("a server that says nothing keeps the last addresses", async () => {
    let isSilent = false;
    const server = await startResponder((type) => (isSilent ? undefined : type === A ? GOOD : {}));
    const source = followed(dnsList(NAME, { servers: [server] }));
    await source.ready;
    isSilent = true;
    await expect.poll(() => trouble(source)).toMatch(/no name server has answered in time/);
    expect(believed(source)).toEqual(["10.0.0.1/32"]);
  });

  test.each([
    ["0", 0, 1000],
    ["a week", 604_800, 300_000],
    ["2 seconds", 2, 2000],
  ])("a TTL of %s", async (_title, ttl, againMs) => {
    const server = await startResponder((type) => (type === A ? { records: [["0a000001", ttl]] } : {}));
    const reading = await dnsList(NAME, { servers: [server] }).read(new AbortController().signal);
    expect(reading).toEqual({ prefixes: ["10.0.0.1"], againMs });
  });

  test("Google's front ends are those of its page, and of its TXT record", async () => {
    const record = '_cloud-eoips.googleusercontent.com,"v=spf1 ip4:34.96.0.0/20 ip6:2600:1900::/35 ?all"';
    const server = await startNameServer(`txt-record=${record}`);
    const source = followed(vendorList("google-front-ends", { servers: [server.address] }));
    await source.ready;
    expect(believed(source)).toEqual(expect.arrayContaining(["34.96.0.0/20", "2600:1900::/35", "35.191.0.0/16"]));
    expect(believed(source)).toHaveLength(6);
  });

  test("a server that answers garbage is no answer", async () => {
    const garbage = createSocket("udp4");
    garbage.on("message", (question, { port, address }) => {
      // The question's number, and what no parser of DNS takes.
      garbage.send(Buffer.concat([question.subarray(0, 2), Buffer.alloc(40, 0xff)]), port, address);
    });
    garbage.bind(0, "127.0.0.1");
    await once(garbage, "listening");
    onTestFinished(() => void garbage.close());
    const source = followed(dnsList(NAME, { servers: [`127.0.0.1:${(garbage.address() as AddressInfo).port}`] }), 500);
    await expect(source.ready).rejects.toThrow(/lists are missing: DNS name lb\.test/);
  });
});
