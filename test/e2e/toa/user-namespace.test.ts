import { chmodSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type CompiledProgram } from "../bed/compiled-program.ts";
import { startScript } from "../bed/conversation.ts";
import { type Namespace, openNamespace, whyNotNobodys } from "../bed/namespace.ts";
import { compileStamper, startStamper } from "../bed/stamper.ts";
import type { Visit } from "../bed/toa-site.ts";
import { describeSuite, describeUnless } from "../requirement.ts";

const BED = join(import.meta.dirname, "..", "bed");
const HOST = "127.0.0.1";
const PORT = 8080;
const COUNT = 50;
/** iptables has a lock that is root's. */
const LOCK = join(tmpdir(), `wherefrom-iptables-${process.pid}.lock`);

/** One machine, over loopback: each connection has an address of its own, its option says the same, and the method tells who said it. */
describeSuite("toa", () => {
  describeUnless(whyNotNobodys(), "for somebody without any rights, in a user namespace of his own", () => {
    let namespace: Namespace;
    let stamper: CompiledProgram;
    beforeAll(async () => {
      [namespace, stamper] = [await openNamespace("nobody"), compileStamper()];
      chmodSync(dirname(stamper.path), 0o755);
      const rule = `OUTPUT -p tcp --dport ${PORT} -j NFQUEUE --queue-num 0 --queue-bypass`;
      namespace.run(`XTABLES_LOCKFILE=${LOCK} iptables -w -t mangle -A ${rule}`);
    });
    afterAll(async () => {
      await namespace?.close();
      stamper?.remove();
      rmSync(LOCK, { force: true });
    });

    test.each([
      { product: "dpvs", reader: "tap", packets: "ad" },
      { product: "lvs", reader: "saved-syn", packets: "s" },
    ] as const)("$reader reads the options of $product on every connection", async ({ product, reader, packets }) => {
      const toa = reader === "tap" ? product : { product, reader };
      const policy = { trust: ["127.0.0.0/8"], from: "toa" };
      const options = { kind: "net", host: HOST, port: PORT, toa, policy, tls: {} };
      const server = startScript(namespace, join(BED, "served.mjs"), options);
      onTestFinished(server.stop);
      expect(await server.next()).toMatchObject({ reader });
      onTestFinished(await startStamper(namespace, stamper.path, packets, "254"));
      const addresses = Array.from({ length: COUNT }, (_, index) => `127.0.1.${1 + index}`);
      const visits = { kind: "net", host: HOST, port: PORT, addresses };
      const visitor = startScript(namespace, join(BED, "visits.mjs"), visits);
      const told = (await visitor.next()) as readonly Visit[];
      await visitor.stop();
      expect(told.map(({ said }) => [said.client, said.method])).toEqual(told.map(({ own }) => [own, "toa"]));
      expect(told).toHaveLength(COUNT);
    });
  });
});
