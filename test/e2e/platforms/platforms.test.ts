import { readFileSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { compilePolicy } from "@wherefrom/core";
import { getClient } from "@wherefrom/net";
import { expect, test } from "vitest";
import { describeSuite } from "../requirement.ts";
import { PACKAGES } from "./packages.ts";
import { presets } from "./presets.ts";
import { PROGRAMS } from "./programs.ts";
import { CLIENTS, record, type Recording } from "./recording.ts";

const FILE = join(import.meta.dirname, "recorded.json");
const recorded = JSON.parse(readFileSync(FILE, "utf8")) as Record<string, Recording>;
/** `WHEREFROM_RECORD=1 npm run e2e -- platforms` keeps what it has seen. */
const isKept = process.env["WHEREFROM_RECORD"] === "1";

describeSuite("platforms", () => {
  test.each([...PROGRAMS, ...PACKAGES])(
    "$preset: the honest, the forging and the IPv6 client are themselves, and arrive as recorded",
    async (product) => {
      const believed = compilePolicy({ rules: [presets[product.preset]({ peers: ["127.0.0.1"] })] });
      const other = compilePolicy({ rules: [presets[product.preset]({ peers: ["192.0.2.1"] })] });
      const clients: unknown[] = [];
      const strangers: unknown[] = [];
      const recording = await record(product, (message: IncomingMessage) => {
        const { client, origin } = getClient(message, believed);
        clients.push([client?.address, origin.protocol, origin.host]);
        strangers.push(getClient(message, other).client?.address);
      });
      if (isKept) {
        recorded[product.preset] = recording;
        writeFileSync(FILE, `${JSON.stringify(recorded, undefined, 2)}\n`);
      }
      expect(clients.map((row) => (row as unknown[])[0])).toEqual([CLIENTS.ipv4, CLIENTS.ipv4, CLIENTS.ipv6]);
      // The forged https never is the protocol, nor evil.example the host.
      expect(clients.flat()).not.toContain("https");
      expect(clients.flat()).not.toContain("evil.example");
      // The same header from a machine that the rule does not name.
      expect(strangers).toEqual(["127.0.0.1", "127.0.0.1", "127.0.0.1"]);
      expect(recording).toEqual(recorded[product.preset]);
    },
  );
});
