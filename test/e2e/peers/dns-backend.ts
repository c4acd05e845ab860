import { createSocket as createPlainSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { Policy, Resolution } from "@wherefrom/core";
import { createSocket, getClient as getSender } from "@wherefrom/dgram";
import { getClient, wherefrom } from "@wherefrom/net";
import { freePort } from "../free-port.ts";
import { answerTo, framed, nameIn, unframed } from "./dns-message.ts";

/** A DNS server over datagrams and connections on one port of 127.0.0.1. */
export interface DnsBackend {
  readonly port: number;
  /** What is known of each question's sender, by the name that was asked for. */
  readonly senders: ReadonlyMap<string, Resolution>;
  readonly stop: () => void;
}

/** A DNS server that wherefrom serves: PROXY version 2 is read from datagrams and demanded of connections. */
export async function startDnsBackend(policy: Policy): Promise<DnsBackend> {
  const senders = new Map<string, Resolution>();
  const port = await freePort("127.0.0.1");
  const datagrams = createSocket({ type: "udp4", udp: "proxy-v2" }, policy);
  datagrams.on("message", (question, info) => {
    senders.set(nameIn(question), getSender(info));
    datagrams.send(answerTo(question), info.port, info.address);
  });
  datagrams.bind(port, "127.0.0.1");
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    let bytes = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      const { messages, rest } = unframed(Buffer.concat([bytes, chunk]));
      bytes = Buffer.from(rest);
      for (const question of messages) {
        senders.set(nameIn(question), getClient(socket));
        socket.write(framed(answerTo(question)));
      }
    });
  });
  wherefrom(server, policy, { proxyProtocol: "required" }).listen(port, "127.0.0.1");
  await Promise.all([once(datagrams, "listening"), once(server, "listening")]);
  return {
    port: (server.address() as AddressInfo).port,
    senders,
    stop: () => {
      datagrams.close();
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** A DNS server that reads nothing but keeps the PROXY header before each question, by the name that was asked for. */
export async function startRawBackend(): Promise<{
  readonly port: number;
  readonly headers: ReadonlyMap<string, Buffer>;
  readonly stop: () => void;
}> {
  const headers = new Map<string, Buffer>();
  const port = await freePort("127.0.0.1");
  /** The header's length stands in its bytes 15 and 16 (PROXY protocol, 2.2). */
  const lengthIn = (bytes: Buffer): number => 16 + bytes.readUInt16BE(14);
  const datagrams = createPlainSocket("udp4");
  datagrams.on("message", (bytes, info) => {
    const question = bytes.subarray(lengthIn(bytes));
    headers.set(nameIn(question), bytes.subarray(0, lengthIn(bytes)));
    datagrams.send(answerTo(question), info.port, info.address);
  });
  datagrams.bind(port, "127.0.0.1");
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    let header: Buffer | undefined;
    let bytes = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (header === undefined) {
        if (bytes.length < 16 || bytes.length < lengthIn(bytes)) return;
        header = bytes.subarray(0, lengthIn(bytes));
        bytes = bytes.subarray(header.length);
      }
      const { messages, rest } = unframed(bytes);
      bytes = Buffer.from(rest);
      for (const question of messages) {
        headers.set(nameIn(question), header);
        socket.write(framed(answerTo(question)));
      }
    });
  }).listen(port, "127.0.0.1");
  await Promise.all([once(datagrams, "listening"), once(server, "listening")]);
  return {
    port,
    headers,
    stop: () => {
      datagrams.close();
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
