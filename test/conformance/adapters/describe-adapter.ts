import { describe } from "vitest";
import type { Adapter } from "./adapter.ts";
import { testClients } from "./clients.ts";
import { testConnections } from "./connections.ts";
import { testHeaderLines } from "./header-lines.ts";
import { testOrigins } from "./origins.ts";
import { testPeers } from "./peers.ts";

/** The one suite that every adapter runs, over real sockets. */
export function describeAdapter(name: string, adapter: Adapter): void {
  describe(name, () => {
    describe("client", () => {
      testClients(adapter);
    });
    describe("peer", () => {
      testPeers(adapter);
    });
    describe("protocol and host", () => {
      testOrigins(adapter);
    });
    describe("header lines", () => {
      testHeaderLines(adapter);
    });
    describe("connection", () => {
      testConnections(adapter);
    });
  });
}
