import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { compilePolicy } from "@wherefrom/core";
import { encodeProxyV1, encodeProxyV2 } from "@wherefrom/core/wire";
import { expect, onTestFinished, test } from "vitest";
import { operatorNotices } from "../connection/notice.ts";
import { getClient } from "../request/get-client.ts";
import { wherefrom } from "../wherefrom.ts";

const policy = compilePolicy({ trust: [] });
const destination = { address: "198.51.100.10", port: 443 };

type Header = (port: number) => Uint8Array | string;

/** What is known of a connection from 127.0.0.1 that begins with this header, and what is told of it. */
async function seen(header: Header) {
  const server = wherefrom(createServer(), policy, { proxyProtocol: { namesPeer: true } }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const before = operatorNotices().length;
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  onTestFinished(() => void client.destroy());
  await once(client, "connect");
  const accepted = once(server, "connection");
  client.write(header(client.localPort as number));
  client.end("hello");
  const [socket] = (await accepted) as [Socket];
  const { client: found, hops } = getClient(socket);
  let text = "";
  for await (const part of socket) text += String(part);
  const told = operatorNotices().slice(before);
  return { text, client: found?.address, port: found?.port === client.localPort, hops: hops.length, told };
}

const own = (port: number) => ({ source: { address: "127.0.0.1", port }, destination });

test.each<[title: string, Header]>([
  ["version 2", (port) => encodeProxyV2({ ...own(port), tlvs: [{ type: 2, value: Buffer.from("a") }] })],
  ["version 1", (port) => encodeProxyV1(own(port))],
])("a header of %s that names the peer is taken off, and is no claim", async (_title, header) => {
  expect(await seen(header)).toEqual({ text: "hello", client: "127.0.0.1", port: true, hops: 1, told: [] });
});

test.each<[title: string, Header, code: string]>([
  ["names another address", (port) => encodeProxyV2({ source: { address: "127.0.0.2", port }, destination }), "broken"],
  ["names another port", (port) => encodeProxyV2(own(port ^ 1)), "broken"],
  ["names no machine", () => encodeProxyV1({}), "broken"],
  ["is not there", () => "", "missing"],
])("a header that %s leaves the client absent, and is told", async (_title, header, code) => {
  const { text, client, told } = await seen(header);
  expect([text, client]).toEqual(["hello", undefined]);
  expect(told).toMatchObject([
    { code: `proxy-header-${code}`, detail: expect.stringContaining("Its client is absent") },
  ]);
});

test("LOCAL is the balancer's own connection: it has no client, and nothing is told", async () => {
  expect(await seen(() => encodeProxyV2({}))).toMatchObject({ text: "hello", client: undefined, told: [] });
});

test("it reads one header of every peer", () => {
  for (const more of [{ headers: 2 }, { optionalFrom: ["10.0.0.1"] }]) {
    const wrap = () => wherefrom(createServer(), policy, { proxyProtocol: { namesPeer: true, ...more } });
    expect(wrap).toThrow(/namesPeer reads one header of every peer/);
  }
});
